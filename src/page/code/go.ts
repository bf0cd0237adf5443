// The request in Go, with the standard library alone.
import { escaped, literal, quoted } from './literal.ts';
import { REQUEST_FILE, type Snippet, type Source } from './snippet.ts';

export function goClient({ request, url, large }: Source): Snippet {
  // A raw string has no escapes, and ends at the next backtick, which may stand in a string of the request.
  const raw = `\`${escaped(literal(request), /`/g)}\``;
  const body = large ? `request, err := os.ReadFile("${REQUEST_FILE}")\n\tcheck(err)` : `request := []byte(${raw})`;
  const text = String.raw`// The gradients from the service, with the standard library alone: go run gradients.go
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
)

type Answer struct {
	Loss      float64
	Gradients []struct {
		Weights [][]float64
		Biases  []float64
	}
}

type Problem struct {
	Title, Detail string
	Errors        []struct{ Pointer, Detail string }
}

func main() {
	${body}

	response, err := http.Post(${quoted(url)}, "application/json", bytes.NewReader(request))
	check(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	check(err)
	if response.StatusCode != http.StatusOK {
		explain(response.StatusCode, body)
	}

	var answer Answer
	check(json.Unmarshal(body, &answer))
	fmt.Println("loss", answer.Loss)
	for k, layer := range answer.Gradients {
		show(k, "weights", layer.Weights)
		if layer.Biases != nil {
			show(k, "biases", layer.Biases)
		}
	}
}

func show(k int, name string, gradient any) {
	text, err := json.Marshal(gradient)
	check(err)
	fmt.Printf("layer %d %s %s\n", k, name, text)
}

// explain says why there is no answer.
func explain(status int, body []byte) {
	problem := Problem{Title: string(body)}
	json.Unmarshal(body, &problem)
	fmt.Fprintln(os.Stderr, status, problem.Title)
	fmt.Fprintln(os.Stderr, problem.Detail)
	for _, each := range problem.Errors {
		fmt.Fprintf(os.Stderr, "%s: %s\n", each.Pointer, each.Detail)
	}
	os.Exit(1)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
`;
  return { language: 'go', label: 'Go', file: 'gradients.go', text };
}
