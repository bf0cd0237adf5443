// Command article prints the gradients of the network of the article, or of the requests in JSON files.
//
//	go run ./cmd/article
//	go run ./cmd/article FILE...
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"example.com/gradients"
)

var article = gradients.Request{
	Network: gradients.Network{Layers: []gradients.Layer{
		{Weights: [][]float64{{0.1, 0.1}, {0.1, 0.1}, {0.1, 0.1}}, Biases: []float64{0.1, 0.1, 0.1}, Activation: "tanh"},
		{Weights: [][]float64{{0.1, 0.1, 0.1}, {0.1, 0.1, 0.1}, {0.1, 0.1, 0.1}}, Biases: []float64{0.1, 0.1, 0.1}, Activation: "tanh"},
		{Weights: [][]float64{{0.1, 0.1, 0.1}, {0.1, 0.1, 0.1}}, Biases: []float64{0.1, 0.1}},
	}},
	Batch: gradients.Batch{
		Inputs:  [][]float64{{3, 2}, {4, 5}},
		Targets: [][]float64{{2, 1}, {2, 2}},
		Samples: "columns",
	},
	Loss: "mse",
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(files []string) error {
	client := gradients.FromEnvironment()
	requests := []any{article}
	if len(files) > 0 {
		requests = nil
	}
	for _, name := range files {
		file, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		requests = append(requests, json.RawMessage(file))
	}
	for _, request := range requests {
		answer, err := client.Gradients(context.Background(), request)
		if err != nil {
			return err
		}
		fmt.Println("loss:", answer.Loss)
		for number, layer := range answer.Gradients {
			fmt.Printf("layer %d weights: %v\n", number, layer.Weights)
			if layer.Biases != nil {
				fmt.Printf("layer %d biases: %v\n", number, layer.Biases)
			}
		}
		fmt.Println("divisor:", answer.Divisor)
	}
	return nil
}
