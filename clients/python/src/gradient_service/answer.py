"""The answer of the service, read from safetensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy.typing as npt
from safetensors.numpy import load

Array = npt.NDArray[Any]
"""float64; float32 if the first layer's weights are float32."""


@dataclass(frozen=True, eq=False)
class LayerGradients:
    """The gradients with respect to one layer's parameters. Per-sample gradients have an additional first axis, the samples."""

    weights: Array
    biases: Array | None
    """None if the layer has no bias."""


@dataclass(frozen=True)
class LayerNorms:
    weights: float
    biases: float | None


@dataclass(frozen=True)
class GradientNorms:
    """L2 norms per layer, and of all gradients together."""

    layers: tuple[LayerNorms, ...]
    total: float


@dataclass(frozen=True, eq=False)
class LayerTrace:
    """All values of one layer, from the forward and the backward pass."""

    inputs: Array
    pre_activations: Array
    outputs: Array
    output_gradients: Array
    pre_activation_gradients: Array
    input_gradients: Array
    slopes: Array | None = None
    """The derivative of the activation; None for softmax and log_softmax, which mix the units of a sample."""


@dataclass(frozen=True, eq=False)
class Answer:
    """The loss and its gradients. Extra values are None unless requested in `include`."""

    loss: float
    gradients: tuple[LayerGradients, ...]
    """Per layer, with the same shapes as its weights and biases."""
    divisor: float
    """The divisor of the reduction: answers for parts of a batch merge to sum(divisor * gradient) / sum(divisor)."""
    penalty: float | None = None
    """The share of the penalty in the loss, if the request has one."""
    outputs: Array | None = None
    input_gradients: Array | None = None
    per_sample_losses: Array | None = None
    per_sample_gradients: tuple[LayerGradients, ...] | None = None
    gradient_norms: GradientNorms | None = None
    per_sample_gradient_norms: Array | None = None
    squared_gradients: tuple[LayerGradients, ...] | None = None
    trace: tuple[LayerTrace, ...] | None = None


def decode(body: bytes) -> Answer:
    """Reads an answer in safetensors."""
    document = _nested(load(body))
    norms = document.get("gradient_norms")
    return Answer(
        loss=float(document["loss"]),
        gradients=_layers(document["gradients"], LayerGradients, {"biases": None}),
        divisor=float(document["divisor"]),
        penalty=float(document["penalty"]) if "penalty" in document else None,
        outputs=document.get("outputs"),
        input_gradients=document.get("input_gradients"),
        per_sample_losses=document.get("per_sample_losses"),
        per_sample_gradients=_optional_layers(document.get("per_sample_gradients"), LayerGradients, {"biases": None}),
        gradient_norms=norms and GradientNorms(_norms(norms["layers"]), float(norms["total"])),
        per_sample_gradient_norms=document.get("per_sample_gradient_norms"),
        squared_gradients=_optional_layers(document.get("squared_gradients"), LayerGradients, {"biases": None}),
        trace=_optional_layers(document.get("trace"), LayerTrace, {}),
    )


def _nested(tensors: Mapping[str, Array]) -> dict[str, Any]:
    """Nests tensors by their names, which are paths; lists become dictionaries by index."""
    document: dict[str, Any] = {}
    for name, array in tensors.items():
        *path, last = name.split(".")
        place = document
        for key in path:
            place = place.setdefault(key, {})
        place[last] = array
    return document


T = TypeVar("T")


def _layers(by_index: Mapping[str, Mapping[str, Any]], kind: type[T], defaults: Mapping[str, Any]) -> tuple[T, ...]:
    return tuple(kind(**{**defaults, **by_index[str(k)]}) for k in range(len(by_index)))


def _optional_layers(
    by_index: Mapping[str, Mapping[str, Any]] | None, kind: type[T], defaults: Mapping[str, Any]
) -> tuple[T, ...] | None:
    return None if by_index is None else _layers(by_index, kind, defaults)


def _norms(by_index: Mapping[str, Mapping[str, Any]]) -> tuple[LayerNorms, ...]:
    layers = [by_index[str(k)] for k in range(len(by_index))]
    return tuple(
        LayerNorms(float(layer["weights"]), float(layer["biases"]) if "biases" in layer else None) for layer in layers
    )
