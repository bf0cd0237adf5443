"""A network as a model of UM-Bridge, differentiated by the gradient service.

UM-Bridge's clients, in Python, R, C++, Julia and MATLAB, sample, optimize and
propagate uncertainty through any model that has its HTTP interface.

    python3 server.py [NETWORK.json]

There are two models. `network` takes a sample and returns the outputs;
`network-with-parameters` also takes the parameters of the network, in the
order of `parameters_to_vector`. HOST and PORT are where it listens (default
127.0.0.1 and 4242), GRADIENTS_URL is the URL of the service, GRADIENTS_API_KEY
its API key.
"""

import functools
import json
import os
import sys

import numpy as np
import umbridge
from aiohttp import web
from gradient_service import (
    Batch,
    Client,
    Layer,
    parameters_to_vector,
    vector_to_parameters,
)

EXAMPLE = [
    Layer([[0.5, -0.25], [0.75, 1.0], [-1.0, 0.5]], [0.1, -0.2, 0.3], "tanh"),
    Layer([[1.0, -0.5, 0.25], [0.2, 0.8, -0.6]], [0.25, -0.1]),
]


class Network(umbridge.Model):
    """A network: one vector of outputs, and one or two vectors of inputs."""

    def __init__(self, name, network, client, has_parameters):
        super().__init__(name)
        self.network = network
        self.client = client
        self.parameters = parameters_to_vector(network)
        self.features = np.shape(network[0].weights)[1]
        self.outputs = np.shape(network[-1].weights)[0]
        self.has_parameters = has_parameters

    def get_input_sizes(self, config={}):
        sizes = [self.features, self.parameters.size]
        return sizes if self.has_parameters else sizes[:1]

    def get_output_sizes(self, config={}):
        return [self.outputs]

    def supports_evaluate(self):
        return True

    def supports_gradient(self):
        return True

    def supports_apply_jacobian(self):
        return True

    def supports_apply_hessian(self):
        return True

    def __call__(self, parameters, config={}):
        network, batch = self._at(parameters)
        answer = self.client.jvp(network, batch, tangents={})
        return [answer.outputs[0].tolist()]

    def gradient(self, out_wrt, in_wrt, parameters, sens, config={}):
        network, batch = self._at(parameters)
        answer = self.client.vjp(network, batch, cotangents=[sens])
        if in_wrt == 0:
            return answer.input_gradients[0].tolist()
        return parameters_to_vector(answer.gradients).tolist()

    def apply_jacobian(self, out_wrt, in_wrt, parameters, vec, config={}):
        network, batch = self._at(parameters)
        tangents = {"inputs": [vec]} if in_wrt == 0 else {"parameters": np.array(vec)}
        return self.client.jvp(network, batch, tangents=tangents).output_tangents[0].tolist()

    def apply_hessian(self, out_wrt, in_wrt1, in_wrt2, parameters, sens, vec, config={}):
        """The derivative by input `in_wrt1` of sens . outputs, along `vec` in input `in_wrt2`.

        /hvp is about a loss and the parameters. So the sample becomes the
        weights of a first layer, whose only input is 1. A last layer makes
        -(sens . outputs) of the outputs, and `nll` of a single class is the
        negative of that.
        """
        network, batch = self._at(parameters)
        first = Layer(np.transpose(batch.inputs))
        last = Layer([-np.array(sens)])
        vectors = [np.zeros(self.features), np.zeros(self.parameters.size)]
        vectors[in_wrt2] = np.array(vec)
        answer = self.client.hvp(
            [first, *network, last],
            Batch([[1]], classes=[0]),
            {"type": "nll", "reduction": "sum"},
            vector=np.concatenate([*vectors, np.zeros(self.outputs)]),
        )
        products = answer.products[:1] if in_wrt1 == 0 else answer.products[1:-1]
        return parameters_to_vector(products).tolist()

    def _at(self, inputs):
        """The network, and its batch of one sample."""
        parameters = inputs[1] if self.has_parameters else self.parameters
        return vector_to_parameters(parameters, self.network), Batch([inputs[0]])


def main():
    network = EXAMPLE
    if len(sys.argv) > 1:
        with open(sys.argv[1], encoding="utf-8") as file:
            network = [Layer(**layer) for layer in json.load(file)["layers"]]
    client = Client()
    models = [
        Network("network", network, client, has_parameters=False),
        Network("network-with-parameters", network, client, has_parameters=True),
    ]
    # serve_models itself would listen on all addresses.
    host = os.environ.get("HOST", "127.0.0.1")
    web.run_app = functools.partial(web.run_app, host=host)
    umbridge.serve_models(models, int(os.environ.get("PORT", "4242")))


if __name__ == "__main__":
    main()
