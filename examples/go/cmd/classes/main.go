// Command classes prints the gradients of a classifier: class indices, sample weights, and an activation and a loss
// with options.
//
//	go run ./cmd/classes
package main

import (
	"context"
	"fmt"
	"os"

	"example.com/gradients"
)

var request = gradients.Request{
	Network: gradients.Network{Layers: []gradients.Layer{
		{
			Weights:    [][]float64{{0.2, -0.4}, {0.6, 0.1}, {-0.3, 0.5}},
			Biases:     []float64{0.1, 0, -0.1},
			Activation: gradients.Function{"type": "leaky_relu", "negative_slope": 0.2},
		},
		{Weights: [][]float64{{0.7, -0.2, 0.3}, {-0.5, 0.4, 0.1}, {0.2, 0.6, -0.8}}, Biases: []float64{0, 0.1, 0.2}},
	}},
	Batch: gradients.Batch{
		Inputs:        [][]float64{{1, 2}, {-1, 0.5}, {0, -2}, {3, 1}},
		Classes:       []int{0, 2, 1, 2},
		SampleWeights: []float64{1, 0.5, 2, 1},
	},
	Loss: gradients.Function{"type": "cross_entropy", "label_smoothing": 0.1},
}

func main() {
	answer, err := gradients.FromEnvironment().Gradients(context.Background(), request)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("loss:", answer.Loss)
	fmt.Println("divisor:", answer.Divisor)
	fmt.Println("biases of the last layer:", answer.Gradients[len(answer.Gradients)-1].Biases)
}
