"""Trains a torch model through the service: the loss is a torch tensor, and backward() returns the service's gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.utils.parametrize import cached

from .answer import Answer
from .client import Client, shared_client
from .modules import layers_of, loss_of
from .request import Batch, Extra, Loss, Penalty


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
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    loss: Loss | nn.Module = "mse",
    *,
    penalty: Penalty | None = None,
    sample_weights: Tensor | None = None,
    client: Client | None = None,
) -> Tensor:
    """The loss of a model on a batch, computed by the service.

    model: `nn.Linear` modules in `nn.Sequential`, which may be nested, each followed by at most one activation. `nn.Identity`,
        `nn.Flatten()` and, in evaluation, dropout may stand anywhere.
    inputs: samples x features; if they require a gradient, they get one too. Before `nn.Flatten()`, a sample may have any shape.
    targets: samples x outputs, or a class index per sample.
    loss: a module such as `nn.CrossEntropyLoss(weight=...)`, or as in `Client.gradients`.
    penalty, sample_weights: as in `Client.gradients`.
    client: by default, a client configured by the environment.

    Raises the exceptions of `Client.gradients`, and ValueError for a model or a loss that the service does not have.
    """
    # A parametrized weight may be another one whenever it is read.
    with cached():
        linears, layers, flat = layers_of(model, inputs)
        parameters = [parameter for linear in linears for parameter in (linear.weight, linear.bias) if parameter is not None]
    wanted = loss_of(loss) if isinstance(loss, nn.Module) else loss
    extras: tuple[Extra, ...] = ("input_gradients",) if inputs.requires_grad else ()

    def ask() -> Answer:
        batch = Batch(flat, targets, sample_weights)  # type: ignore[arg-type, unused-ignore]
        return (client or shared_client()).gradients(layers, batch, wanted, penalty=penalty, include=extras)

    result: Tensor = ServiceLoss.apply(ask, flat, *parameters)  # type: ignore[no-untyped-call, unused-ignore]
    return result
