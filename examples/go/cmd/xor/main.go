// Command xor trains a 2-2-1 network on XOR by gradient descent with momentum; the gradients come from the service.
//
//	go run ./cmd/xor
package main

import (
	"context"
	"fmt"
	"os"

	"example.com/gradients"
)

const (
	rate     = 0.5
	momentum = 0.9
	steps    = 200
)

var layers = []gradients.Layer{
	{Weights: [][]float64{{0.8, -0.5}, {-0.3, 0.6}}, Biases: []float64{0.1, -0.1}, Activation: "tanh"},
	{Weights: [][]float64{{0.7, 0.4}}, Biases: []float64{0}, Activation: "sigmoid"},
}

// One sample per row.
var batch = gradients.Batch{
	Inputs:  [][]float64{{0, 0}, {0, 1}, {1, 0}, {1, 1}},
	Targets: [][]float64{{0}, {1}, {1}, {0}},
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	ctx := context.Background()
	client := gradients.FromEnvironment()
	request := gradients.Request{Network: gradients.Network{Layers: layers}, Batch: batch, Loss: "binary_cross_entropy"}
	velocities := zerosLike(layers)
	for step := 0; step < steps; step++ {
		answer, err := client.Gradients(ctx, request)
		if err != nil {
			return err
		}
		if step%50 == 0 {
			fmt.Printf("step %d: loss %v\n", step, answer.Loss)
		}
		for k, gradient := range answer.Gradients {
			for i, row := range gradient.Weights {
				descend(layers[k].Weights[i], velocities[k].Weights[i], row)
			}
			descend(layers[k].Biases, velocities[k].Biases, gradient.Biases)
		}
	}
	request.Include = []string{"outputs"}
	answer, err := client.Gradients(ctx, request)
	if err != nil {
		return err
	}
	fmt.Printf("loss after %d steps: %v\n", steps, answer.Loss)
	for i, in := range batch.Inputs {
		fmt.Printf("%v xor %v: %.4f\n", in[0], in[1], answer.Outputs[i][0])
	}
	return nil
}

// descend takes one step: velocity ← momentum · velocity − rate · gradient, values ← values + velocity.
func descend(values, velocity, gradient []float64) {
	for i, slope := range gradient {
		velocity[i] = momentum*velocity[i] - rate*slope
		values[i] += velocity[i]
	}
}

// zerosLike returns layers of the same shapes with nothing but zeros.
func zerosLike(layers []gradients.Layer) []gradients.Layer {
	zeros := make([]gradients.Layer, len(layers))
	for k, layer := range layers {
		zeros[k].Biases = make([]float64, len(layer.Biases))
		for _, row := range layer.Weights {
			zeros[k].Weights = append(zeros[k].Weights, make([]float64, len(row)))
		}
	}
	return zeros
}
