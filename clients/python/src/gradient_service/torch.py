"""Trains a torch model through the service: the loss is a torch tensor, and backward() returns the service's gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from .answer import Answer
from .client import Client, shared_client
from .request import Batch, Extra, Layer, Loss, Penalty


class ServiceLoss(torch.autograd.Function):  # type: ignore[misc, unused-ignore]
    """Requests the loss and all gradients in forward(); backward() returns the gradients."""

    @staticmethod
    def forward(ctx: Any, ask: Callable[[], Answer], inputs: Tensor, *parameters: Tensor) -> Tensor:
        """parameters: for each layer its weights and, if present, its biases."""
        answer = ask()
        arrays = [answer.input_gradients]
        for layer in answer.gradients:
            arrays += [layer.weights] if layer.biases is None else [layer.weights, layer.biases]
        ctx.save_for_backward(
            *(
                None if array is None else torch.as_tensor(array).to(tensor)
                for array, tensor in zip(arrays, (inputs, *parameters), strict=True)
            )
        )
        return torch.tensor(answer.loss, dtype=parameters[0].dtype, device=parameters[0].device)

    @staticmethod
    @once_differentiable  # type: ignore[misc, untyped-decorator, unused-ignore]
    def backward(ctx: Any, factor: Tensor) -> tuple[Tensor | None, ...]:
        return (None, *(None if gradient is None else factor * gradient for gradient in ctx.saved_tensors))


def service_loss(
    model: nn.Sequential,
    inputs: Tensor,
    targets: Tensor,
    loss: Loss = "mse",
    *,
    penalty: Penalty | None = None,
    client: Client | None = None,
) -> Tensor:
    """The loss of a model on a batch, computed by the service.

    model: a sequence of `nn.Linear` modules, each optionally followed by an activation.
    inputs: samples x features; if they require a gradient, they get one too.
    targets: samples x outputs, or a class index per sample.
    loss, penalty: as in `Client.gradients`.
    client: by default, a client configured by the environment.

    Raises the exceptions of `Client.gradients`, and ValueError for an unsupported model.
    """
    linears, layers = _layers(model)
    parameters = [parameter for linear in linears for parameter in (linear.weight, linear.bias) if parameter is not None]

    def ask() -> Answer:
        batch = Batch(_array(inputs), _array(targets))
        extras: tuple[Extra, ...] = ("input_gradients",) if inputs.requires_grad else ()
        return (client or shared_client()).gradients(layers, batch, loss, penalty=penalty, include=extras)

    result: Tensor = ServiceLoss.apply(ask, inputs, *parameters)  # type: ignore[no-untyped-call, unused-ignore]
    return result


def _layers(model: nn.Sequential) -> tuple[list[nn.Linear], list[Layer]]:
    linears: list[nn.Linear] = []
    activations: list[dict[str, Any] | None] = []
    for module in model:
        if isinstance(module, nn.Linear):
            linears.append(module)
            activations.append(None)
        elif not linears or activations[-1] is not None:
            raise ValueError(f"expected nn.Linear before {module}: an activation is one of a layer, and a layer has one")
        elif not isinstance(module, nn.Identity):
            activations[-1] = _activation(module)
    if not linears:
        raise ValueError("expected a model with at least one nn.Linear")
    layers = [
        Layer(_array(linear.weight), None if linear.bias is None else _array(linear.bias), activation)
        for linear, activation in zip(linears, activations, strict=True)
    ]
    return linears, layers


_functional_names = {name.replace("_", ""): name for name in dir(functional) if not name.endswith("_")}


def _activation(module: nn.Module) -> dict[str, Any]:
    """The service's names are those of torch.nn.functional; its options those of the module."""
    name = _functional_names.get(type(module).__name__.lower())
    if name is None or list(module.parameters()):
        raise ValueError(f"the service has no activation {module}")
    if getattr(module, "dim", None) not in (None, 1, -1):
        raise ValueError(f"expected {module} over a sample's units, dim 1 or -1")
    constants: list[str] = getattr(module, "__constants__", [])
    return {"type": name} | {key: getattr(module, key) for key in constants if key not in ("inplace", "dim")}


def _array(tensor: Tensor) -> npt.NDArray[Any]:
    """The numbers of a tensor; integers as they are, others as float64 or float32."""
    tensor = tensor.detach().cpu()
    if tensor.is_floating_point() and tensor.dtype is not torch.float64:
        tensor = tensor.float()
    return np.asarray(tensor.numpy())
