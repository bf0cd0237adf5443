# python examples/minimize_xor.py: scipy's L-BFGS trains a network on XOR, with gradients from the service.
import numpy as np
from scipy.optimize import minimize

from gradient_service import Batch, Client, Layer

SHAPES = [(3, 2), (3,), (1, 3), (1,)]  # weights and biases of two layers
BATCH = Batch(inputs=np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), targets=np.array([[0], [1], [1], [0]]))
LOSS = "binary_cross_entropy_with_logits"


def unpack(parameters):
    """Splits a vector of all parameters into arrays."""
    ends = np.cumsum([np.prod(shape) for shape in SHAPES])
    return [part.reshape(shape) for part, shape in zip(np.split(parameters, ends[:-1]), SHAPES)]


def loss_and_gradient(parameters, client):
    W0, b0, W1, b1 = unpack(parameters)
    answer = client.gradients([Layer(W0, b0, "tanh"), Layer(W1, b1)], BATCH, LOSS)
    parts = [part.ravel() for layer in answer.gradients for part in (layer.weights, layer.biases)]
    return answer.loss, np.concatenate(parts)


start = np.random.default_rng(1).normal(size=sum(int(np.prod(shape)) for shape in SHAPES))
with Client() as client:
    result = minimize(loss_and_gradient, start, args=(client,), jac=True, method="L-BFGS-B")
W0, b0, W1, b1 = unpack(result.x)
logits = np.tanh(BATCH.inputs @ W0.T + b0) @ W1.T + b1
print(f"loss: {result.fun:.1e} after {result.nfev} requests")
print("classes:", (logits > 0).astype(int).ravel().tolist())
