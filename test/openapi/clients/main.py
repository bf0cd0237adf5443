"""A program by someone who has generated a client with openapi-python-client, and writes by the types that it offers."""

import json
import sys

from gradient_service_client import Client
from gradient_service_client.api.gradients import gradients
from gradient_service_client.models import (
    ActivationName,
    Batch,
    Extra,
    GradientsRequest,
    HuberLoss,
    Layer,
    LeakyReluActivation,
    Network,
    Reduction,
    SampleLayout,
)

client = Client(base_url=sys.argv[1])


def answer(request):
    print(json.dumps(gradients.sync(client=client, body=request).to_dict()))


article = GradientsRequest(
    network=Network(
        layers=[
            Layer(weights=[[0.1] * 2] * 3, biases=[0.1] * 3, activation=ActivationName.TANH),
            Layer(weights=[[0.1] * 3] * 3, biases=[0.1] * 3, activation=ActivationName.TANH),
            Layer(weights=[[0.1] * 3] * 2, biases=[0.1] * 2),
        ]
    ),
    batch=Batch(inputs=[[3, 2], [4, 5]], targets=[[2, 1], [2, 2]], samples=SampleLayout.COLUMNS),
)
answer(article)
leaky = LeakyReluActivation(type_="leaky_relu", negative_slope=0.2)
answer(
    GradientsRequest(
        network=Network(layers=[Layer(weights=[[0.5, -1.5]], biases=[0.25], activation=leaky)]),
        batch=Batch(inputs=[[1, 2]], targets=[[0.5]]),
        loss=HuberLoss(type_="huber", delta=0.5, reduction=Reduction.SUM),
        include=[Extra.TRACE],
    )
)
article.batch.inputs.pop()
answer(article)
