"""A peer: FastAPI with pydantic models and orjson, in JSON.

/gradients declares its body as a model, as in FastAPI's documentation. /gradients-tuned bypasses FastAPI's parsing, and lets
pydantic parse the bytes directly, which is faster for large bodies.
"""
import os
from typing import Literal

import orjson
import torch
from autograd import gradients
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Layer(Strict):
    weights: list[list[float]]
    biases: list[float] | None = None
    activation: Literal["identity", "tanh", "relu"] = "identity"


class Network(Strict):
    layers: list[Layer]


class Batch(Strict):
    inputs: list[list[float]]
    targets: list[int] | list[list[float]]
    samples: Literal["rows", "columns"] = "rows"


class GradientsRequest(Strict):
    network: Network
    batch: Batch
    loss: Literal["mse", "cross_entropy"] = "mse"


app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def answer(request: GradientsRequest) -> Response:
    layers = [
        (tensor(layer.weights), None if layer.biases is None else tensor(layer.biases), layer.activation)
        for layer in request.network.layers
    ]
    batch = request.batch
    inputs = tensor(batch.inputs)
    indices = isinstance(batch.targets[0], int)
    targets = torch.tensor(batch.targets) if indices else tensor(batch.targets)
    if batch.samples == "columns":
        inputs = inputs.T
        targets = targets if indices else targets.T
    loss, pairs, divisor = gradients(layers, inputs, targets, request.loss)
    content = {
        "loss": loss.item(),
        "gradients": [
            {"weights": dW.numpy()} if db is None else {"weights": dW.numpy(), "biases": db.numpy()} for dW, db in pairs
        ],
        "divisor": divisor,
    }
    return Response(orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")


@app.post("/gradients")
async def declared(request: GradientsRequest) -> Response:
    return answer(request)


@app.post("/gradients-tuned")
async def tuned(request: Request) -> Response:
    return answer(GradientsRequest.model_validate_json(await request.body()))


@app.get("/readyz")
async def ready() -> int:
    return os.getpid()
