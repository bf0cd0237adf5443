# python examples/lbfgs_dataset.py [SAMPLES]: scipy's L-BFGS trains a logistic regression and a multilayer perceptron on a dataset that
# lies in the service, by default 1,000,000 samples. Here they are never whole in memory.
import resource
import sys

import numpy as np
from scipy.optimize import minimize

from gradient_service import Chunks, Client, Layer

SAMPLES = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
FEATURES = 20
CHUNK = 10_000
LOSS = "binary_cross_entropy_with_logits"
NAME = "lbfgs-example"


def chunk(number):
    """CHUNK samples, always the same ones for a number, so that the dataset can be sent again."""
    inputs = np.random.default_rng([1, number]).normal(size=(CHUNK, FEATURES)).astype("float32")
    targets = inputs[:, :1] * inputs[:, 1:2] + inputs[:, 2:3] > 0
    return inputs, targets


def chunks(which):
    """What makes the rows of an array: 0 the inputs, 1 the targets."""
    return lambda: (chunk(first // CHUNK)[which][: SAMPLES - first] for first in range(0, SAMPLES, CHUNK))


def layers_of(parameters, sizes):
    """Takes a vector of all parameters apart."""
    layers = []
    for features, units in zip(sizes, sizes[1:]):
        weights, biases, parameters = np.split(parameters, [units * features, units * (features + 1)])
        layers.append(Layer(weights.reshape(units, features), biases, "tanh"))
    layers[-1] = Layer(layers[-1].weights, layers[-1].biases)
    return layers


def train(client, sizes):
    """Trains a network, and returns its parameters and what scipy says of them."""

    def loss_and_gradient(parameters):
        answer = client.gradients(layers_of(parameters, sizes), loss=LOSS, dataset=NAME)
        return answer.loss, np.concatenate([part.ravel() for layer in answer.gradients for part in (layer.weights, layer.biases)])

    count = sum(units * (features + 1) for features, units in zip(sizes, sizes[1:]))
    start = np.random.default_rng(2).normal(scale=0.3, size=count)
    result = minimize(loss_and_gradient, start, jac=True, method="L-BFGS-B", options={"maxiter": 100})
    return layers_of(result.x, sizes), result


def accuracy(layers):
    """The share of new samples that are classified right."""
    inputs, targets = chunk(SAMPLES)
    outputs = inputs
    for layer in layers:
        outputs = outputs @ layer.weights.T + layer.biases
        outputs = np.tanh(outputs) if layer.activation else outputs
    return np.mean((outputs > 0) == targets)


with Client() as client:
    arrays = Chunks((SAMPLES, FEATURES), "float32", chunks(0)), Chunks((SAMPLES, 1), "uint8", chunks(1))
    dataset = client.datasets.put(NAME, *arrays)
    print(f"{dataset.samples} samples, {dataset.bytes / 1e6:.1f} MB in the service")
    for name, sizes in (("logistic regression", [FEATURES, 1]), ("multilayer perceptron", [FEATURES, 16, 1])):
        layers, result = train(client, sizes)
        print(f"{name}: loss {result.fun:.4f} after {result.nfev} requests, {accuracy(layers):.1%} right")
    client.datasets.delete(NAME)
# Linux counts in KiB, macOS in bytes.
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(f"memory of this program: at most {peak / 1e6:.0f} MB")
