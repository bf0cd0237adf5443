"""A peer: Starlette with PyTorch and safetensors, in binary. Tensors are named as in the service's requests."""
import json
import os

from autograd import gradients
from safetensors.torch import load, save
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

MEDIA_TYPE = "application/vnd.safetensors"


def described(body: bytes):
    """The part of the request that is not tensors, from the metadata; the safetensors library reads metadata only from files."""
    end = 8 + int.from_bytes(body[:8], "little")
    return json.loads(json.loads(body[8:end])["__metadata__"]["request"])


async def answer(request: Request) -> Response:
    body = await request.body()
    document = described(body)
    tensors = load(body)
    layers = [
        (
            tensors[f"network.layers.{k}.weights"],
            tensors.get(f"network.layers.{k}.biases"),
            layer.get("activation", "identity"),
        )
        for k, layer in enumerate(document["network"]["layers"])
    ]
    loss, pairs, divisor = gradients(layers, tensors["batch.inputs"], tensors["batch.targets"], document.get("loss", "mse"))
    result = {"loss": loss, "divisor": loss.new_tensor(divisor)}
    for k, (dW, db) in enumerate(pairs):
        result[f"gradients.{k}.weights"] = dW.contiguous()
        if db is not None:
            result[f"gradients.{k}.biases"] = db.contiguous()
    return Response(save(result), media_type=MEDIA_TYPE)


async def ready(_: Request) -> PlainTextResponse:
    return PlainTextResponse(str(os.getpid()))


app = Starlette(routes=[Route("/gradients", answer, methods=["POST"]), Route("/readyz", ready)])
