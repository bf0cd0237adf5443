# pytest examples/test_my_backprop.py: tests of a backward pass written by hand, with gradients from the service.
import numpy as np
import pytest

from gradient_service import Batch, Candidate, Client, Layer

ACTIVATIONS = ["tanh", "tanh", "identity"]


@pytest.fixture
def network():
    """A random network: weights, biases, inputs and targets. The sizes differ, so that a transposed matrix shows."""
    rng = np.random.default_rng(7)
    sizes = [3, 4, 5, 2]
    W = [rng.normal(size=(outputs, inputs)) for inputs, outputs in zip(sizes, sizes[1:])]
    b = [rng.normal(size=outputs) for outputs in sizes[1:]]
    return W, b, rng.normal(size=(6, 3)), rng.normal(size=(6, 2))


def tanh_slope(z, a):
    return 1 - a**2


def backward(W, b, X, T, slope=tanh_slope):
    """The code to be tested: the mean squared error, and its gradients."""
    A, Z = [X], []
    for k, activation in enumerate(ACTIVATIONS):
        Z.append(A[k] @ W[k].T + b[k])
        A.append(np.tanh(Z[k]) if activation == "tanh" else Z[k])
    gradients = []
    dZ = 2 * (A[-1] - T) / T.size
    for k in reversed(range(len(W))):
        gradients.insert(0, {"weights": dZ.T @ A[k], "biases": dZ.sum(axis=0)})
        if k > 0:
            dZ = (dZ @ W[k]) * slope(Z[k - 1], A[k])
    return np.mean((A[-1] - T) ** 2), gradients


def check(W, b, X, T, loss, gradients):
    """Raises an AssertionError that names the mistake, if there is one."""
    layers = [Layer(*arrays) for arrays in zip(W, b, ACTIVATIONS)]
    with Client() as client:
        client.check(layers, Batch(X, T), "mse", candidate=Candidate(gradients, loss))


def test_my_backward_pass(network):
    check(*network, *backward(*network))


def test_a_mistake_is_named(network):
    loss, gradients = backward(*network, slope=lambda z, a: 1 - z**2)
    with pytest.raises(AssertionError, match="derivative-at-pre-activation, at /network/layers") as error:
        check(*network, loss, gradients)
    print(error.value)
