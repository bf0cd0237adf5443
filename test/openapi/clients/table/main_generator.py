"""Sends the requests of test/openapi/generated.ts, written by the types of the client, and prints the answers and the problem.

(from_json() would set all options that may be null.)
"""

import sys

import openapi_client
from openapi_client.models import Activation, ActivationWithOptions, Batch, GradientsRequest, Layer, Loss, LossWithOptions, Network

api = openapi_client.GradientsApi(openapi_client.ApiClient(openapi_client.Configuration(host=sys.argv[1])))
network = Network(
    layers=[
        Layer(weights=[[0.1] * 2] * 3, biases=[0.1] * 3, activation=Activation("tanh")),
        Layer(weights=[[0.1] * 3] * 3, biases=[0.1] * 3, activation=Activation("tanh")),
        Layer(weights=[[0.1] * 3] * 2, biases=[0.1] * 2),
    ]
)
leaky = Activation(ActivationWithOptions(type="leaky_relu", negative_slope=0.2))
trace = GradientsRequest(
    network=Network(layers=[Layer(weights=[[0.5, -1.5]], biases=[0.25], activation=leaky)]),
    batch=Batch(inputs=[[1, 2]], targets=[[0.5]]),
    loss=Loss(LossWithOptions(type="huber", delta=0.5, reduction="sum")),
    include=["input_gradients", "per_sample_gradients", "trace"],
)


def article(inputs):
    return GradientsRequest(network=network, batch=Batch(inputs=inputs, targets=[[2, 1], [2, 2]], samples="columns"))


for request in (article([[3, 2], [4, 5]]), trace, article([[3, 2]])):
    try:
        print(api.gradients(request).to_json())
    except openapi_client.ApiException as error:
        print(error.body)
