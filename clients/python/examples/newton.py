# python examples/newton.py: scipy's Newton-CG and trust-ncg train a classifier on a dataset that lies in the service, with gradients by
# /gradients and products with the Hessian by /hvp.
import numpy as np
from scipy.optimize import minimize

from gradient_service import Client, Layer, parameters_to_vector, vector_to_parameters

NAME = "newton-example"
LOSS = "binary_cross_entropy_with_logits"
# Without a penalty on the weights, the loss of a classifier may have no minimum.
PENALTY = {"l2": 1e-2, "biases": True}

rng = np.random.default_rng(1)
inputs = rng.normal(size=(1000, 4))
targets = inputs[:, :1] * inputs[:, 1:2] + inputs[:, 2:3] > 0
start = [Layer(rng.normal(size=(3, 4)), np.zeros(3), "tanh"), Layer(rng.normal(size=(1, 3)), np.zeros(1))]


def train(client, method):
    """Trains by a method of scipy, which takes products with the Hessian; counts the requests."""
    requests = {"gradients": 0, "hvp": 0}

    def loss_and_gradient(parameters):
        requests["gradients"] += 1
        answer = client.gradients(vector_to_parameters(parameters, start), loss=LOSS, penalty=PENALTY, dataset=NAME)
        return answer.loss, parameters_to_vector(answer.gradients)

    def product(parameters, vector):
        requests["hvp"] += 1
        layers = vector_to_parameters(parameters, start)
        answer = client.hvp(layers, loss=LOSS, penalty=PENALTY, dataset=NAME, vector=vector)
        return parameters_to_vector(answer.products)

    hessp = {} if method == "BFGS" else {"hessp": product}
    result = minimize(loss_and_gradient, parameters_to_vector(start), jac=True, method=method, options=OPTIONS[method], **hessp)
    return result, requests


OPTIONS = {"Newton-CG": {"xtol": 1e-10}, "trust-ncg": {"gtol": 1e-9}, "BFGS": {"gtol": 1e-9, "maxiter": 2000}}
with Client() as client:
    client.datasets.put(NAME, inputs, targets)
    for method in OPTIONS:
        result, requests = train(client, method)
        slope = np.linalg.norm(result.jac)
        print(f"{method}: loss {result.fun:.12f}, |gradient| {slope:.0e} after {requests['gradients']} gradients, {requests['hvp']} products")
    client.datasets.delete(NAME)
