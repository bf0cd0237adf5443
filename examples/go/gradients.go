// Package gradients gets the gradients of a network from a gradient service, with the standard library only.
package gradients

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// Layer computes activation(inputs · weightsᵀ + biases).
type Layer struct {
	Weights [][]float64 `json:"weights"` // outputs × inputs
	Biases  []float64   `json:"biases,omitempty"`
	// Activation is a name, or what encodes to {"type": name, …options}.
	Activation any `json:"activation,omitempty"`
}

// Network is the layers, from input to output.
type Network struct {
	Layers []Layer `json:"layers"`
}

// Batch is the inputs and the targets.
type Batch struct {
	Inputs [][]float64 `json:"inputs"`
	// Targets is a [][]float64, or for some losses an []int of classes.
	Targets any `json:"targets"`
	// Samples says whether a sample is one of the "rows", the default, or of the "columns".
	Samples string `json:"samples,omitempty"`
}

// Request is a request to the service.
type Request struct {
	Network Network `json:"network"`
	Batch   Batch   `json:"batch"`
	// Loss is a name, or what encodes to {"type": name, …options}; nil is "mse".
	Loss    any      `json:"loss,omitempty"`
	Include []string `json:"include,omitempty"`
}

// Answer is the answer of the service.
type Answer struct {
	Loss float64 `json:"loss"`
	// Gradients has the shape of the network's layers.
	Gradients []struct {
		Weights [][]float64 `json:"weights"`
		Biases  []float64   `json:"biases"`
	} `json:"gradients"`
	// Outputs is empty unless the request includes "outputs".
	Outputs [][]float64 `json:"outputs"`
}

// Problem is an error that the service answers: a problem document (RFC 9457).
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Errors []struct {
		Pointer string `json:"pointer"`
		Detail  string `json:"detail"`
	} `json:"errors"`
}

func (p *Problem) Error() string {
	lines := []string{p.Title + ": " + p.Detail}
	for _, e := range p.Errors {
		lines = append(lines, "  "+e.Pointer+": "+e.Detail)
	}
	return strings.Join(lines, "\n")
}

const tries = 5

// Gradients returns the answer to a request: a Request, or anything that encodes to one, such as a json.RawMessage.
// The error is a *Problem if the service refuses the request.
//
// GRADIENTS_URL is the URL of the service, GRADIENTS_API_KEY its API key.
// If the service is busy (429, 503), Gradients waits as long as Retry-After says and tries again.
func Gradients(request any) (*Answer, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		response, err := post(body)
		if err != nil {
			return nil, err
		}
		answer, err := read(response)
		busy := response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusServiceUnavailable
		if !busy || try == tries {
			return answer, err
		}
		time.Sleep(toWait(response))
	}
}

func post(body []byte) (*http.Response, error) {
	url := os.Getenv("GRADIENTS_URL")
	if url == "" {
		url = "http://127.0.0.1:3000"
	}
	request, err := http.NewRequest(http.MethodPost, url+"/gradients", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if key := os.Getenv("GRADIENTS_API_KEY"); key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	return http.DefaultClient.Do(request)
}

// read decodes a response: an answer or a problem.
func read(response *http.Response) (*Answer, error) {
	defer response.Body.Close()
	// Read to the end, so that the connection can be reused.
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusOK {
		answer := new(Answer)
		return answer, json.Unmarshal(body, answer)
	}
	// A proxy may have sent something other than a problem document.
	if media, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type")); media != "application/problem+json" {
		return nil, fmt.Errorf("the service answered %s", response.Status)
	}
	problem := new(Problem)
	if err := json.Unmarshal(body, problem); err != nil {
		return nil, err
	}
	return nil, problem
}

// toWait returns how long Retry-After says to wait; without it, a second.
func toWait(response *http.Response) time.Duration {
	seconds, err := strconv.Atoi(response.Header.Get("Retry-After"))
	if err != nil {
		seconds = 1
	}
	return time.Duration(seconds) * time.Second
}
