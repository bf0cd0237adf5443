// Command article prints the gradients of the network of the article, or of the request in a JSON file.
//
//	go run ./cmd/article
//	go run ./cmd/article FILE
package main

import (
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

func run(args []string) error {
	var request any = article
	if len(args) > 0 {
		file, err := os.ReadFile(args[0])
		if err != nil {
			return err
		}
		request = json.RawMessage(file)
	}
	answer, err := gradients.Gradients(request)
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
	return nil
}
