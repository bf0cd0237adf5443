"""The steps of a full-batch training on a dataset of the service: bench/steps.ts runs it. Each line of the standard input is a number
of steps; the answer is the seconds that they took."""

import os
import sys
import time

import numpy as np
from gradient_service import Client, Layer

SAMPLES, WIDTHS, RATE = 1797, (64, 32, 10), 0.1

rng = np.random.default_rng(0)
# As in scikit-learn's digits: 8 x 8 pictures with 17 shades.
inputs = rng.integers(0, 17, (SAMPLES, WIDTHS[0])) / 16.0
classes = rng.integers(0, WIDTHS[-1], SAMPLES)
layers = [
    Layer(rng.normal(size=(units, before)) / np.sqrt(before), np.zeros(units), activation)
    for before, units, activation in zip(WIDTHS[:-1], WIDTHS[1:], ("tanh", "identity"), strict=True)
]

with Client(os.environ["GRADIENTS_URL"]) as client:
    client.datasets.put("digits", inputs, classes=classes)
    for line in sys.stdin:
        start = time.perf_counter()
        for _ in range(int(line)):
            answer = client.gradients(layers, dataset="digits", loss="cross_entropy")
            layers = [
                Layer(layer.weights - RATE * slope.weights, layer.biases - RATE * slope.biases, layer.activation)
                for layer, slope in zip(layers, answer.gradients, strict=True)
            ]
        print(time.perf_counter() - start, flush=True)
