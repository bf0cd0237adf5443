"""What comes back, read from safetensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy.typing as npt
from safetensors.numpy import load

Array = npt.NDArray[Any]
"""float64, or float32 if the first layer's weights were."""


@dataclass(frozen=True, eq=False)
class LayerGradients:
    """The gradient by the parameters of one layer. Per sample, both have a first axis of samples."""

    weights: Array
    biases: Array | None
    """None if the layer has no bias."""


@dataclass(frozen=True)
class LayerNorms:
    weights: float
    biases: float | None


@dataclass(frozen=True)
class GradientNorms:
    """L2 norms, per layer and of all gradients together."""

    layers: tuple[LayerNorms, ...]
    total: float


@dataclass(frozen=True, eq=False)
class LayerTrace:
    """Every value of one layer, on the way forward and back."""

    inputs: Array
    pre_activations: Array
    outputs: Array
    output_gradients: Array
    pre_activation_gradients: Array
    input_gradients: Array


@dataclass(frozen=True, eq=False)
class Answer:
    """The loss and its gradients; what `include` did not name is None."""

    loss: float
    gradients: tuple[LayerGradients, ...]
    """Per layer, with the shapes of its weights and biases."""
    divisor: float
    """What the reduction divided by: answers for parts of a batch merge to sum(divisor * gradient) / sum(divisor)."""
    outputs: Array | None = None
    input_gradients: Array | None = None
    per_sample_losses: Array | None = None
    per_sample_gradients: tuple[LayerGradients, ...] | None = None
    gradient_norms: GradientNorms | None = None
    trace: tuple[LayerTrace, ...] | None = None


def decode(body: bytes) -> Answer:
    """Reads an answer in safetensors."""
    document = _nested(load(body))
    norms = document.get("gradient_norms")
    return Answer(
        loss=float(document["loss"]),
        gradients=_layers(document["gradients"], LayerGradients, {"biases": None}),
        divisor=float(document["divisor"]),
        outputs=document.get("outputs"),
        input_gradients=document.get("input_gradients"),
        per_sample_losses=document.get("per_sample_losses"),
        per_sample_gradients=_optional_layers(document.get("per_sample_gradients"), LayerGradients, {"biases": None}),
        gradient_norms=norms and GradientNorms(_norms(norms["layers"]), float(norms["total"])),
        trace=_optional_layers(document.get("trace"), LayerTrace, {}),
    )


def _nested(tensors: Mapping[str, Array]) -> dict[str, Any]:
    """The document whose paths are the names of the tensors; a list is a dictionary by its indices."""
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
