"""The answers of the operations, read from safetensors."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from typing import Any, TypeVar, Union

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load

Array = npt.NDArray[Any]
"""float64; float32 if the first layer's weights are float32."""


@dataclass(frozen=True, eq=False)
class LayerGradients:
    """One number per parameter of a layer: a gradient, a product or a step. Per-sample gradients have an additional first axis, the
    samples; Jacobians two, samples and outputs of the network."""

    weights: Array
    biases: Array | None = None
    """None if the layer has no bias."""


@dataclass(frozen=True)
class LayerNorms:
    weights: float
    biases: float | None = None


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


@dataclass(frozen=True, eq=False)
class VjpAnswer:
    """The gradients of sum(cotangents * outputs)."""

    outputs: Array
    """samples x outputs."""
    gradients: tuple[LayerGradients, ...]
    """Per layer, with the same shapes as its weights and biases, summed over the samples."""
    input_gradients: Array
    """samples x features."""


@dataclass(frozen=True, eq=False)
class JvpAnswer:
    """The derivatives of the outputs along the tangents."""

    outputs: Array
    """samples x outputs."""
    output_tangents: Array
    """samples x outputs."""


@dataclass(frozen=True, eq=False)
class JacobianAnswer:
    """The derivatives of each output of each sample."""

    outputs: Array
    """samples x outputs."""
    jacobian: Array | tuple[LayerGradients, ...]
    """Of inputs: samples x outputs x features. Of parameters: per layer weights samples x outputs of the network x outputs x inputs,
    and biases samples x outputs of the network x outputs."""

    @property
    def matrix(self) -> Array:
        """samples x outputs x features, or samples x outputs x parameters in the order of `parameters_to_vector`."""
        if not isinstance(self.jacobian, tuple):
            return self.jacobian
        arrays = [array for layer in self.jacobian for array in (layer.weights, layer.biases) if array is not None]
        return np.concatenate([array.reshape(*array.shape[:2], -1) for array in arrays], axis=2)


@dataclass(frozen=True, eq=False)
class HvpAnswer:
    """The product of the Hessian, or of its Gauss-Newton part, and a vector."""

    loss: float
    gradients: tuple[LayerGradients, ...]
    """Per layer, with the same shapes as its weights and biases. So are the products."""
    divisor: float
    products: tuple[LayerGradients, ...]
    curvature: float
    """The vector times the products: the second derivative of the loss along the vector."""
    penalty: float | None = None
    """The share of the penalty in the loss, if the request has one."""


@dataclass(frozen=True, eq=False)
class Step:
    """A damped step, to be added to the parameters."""

    damping: float
    step: tuple[LayerGradients, ...]
    """-(matrix + damping I)^-1 gradients: per layer, with the same shapes as its weights and biases."""
    loss: float | None = None
    """The loss after the step; None where it is not finite."""


@dataclass(frozen=True, eq=False)
class HessianAnswer:
    """The Hessian of the loss, or its Gauss-Newton part, and the steps by it."""

    loss: float
    gradients: tuple[LayerGradients, ...]
    """Per layer, with the same shapes as its weights and biases."""
    divisor: float
    hessian: Array
    """parameters x parameters, symmetric, in the order of `parameters_to_vector`."""
    steps: tuple[Step, ...] | None = None
    """One per number in `damping`, if the request has one."""
    penalty: float | None = None
    """The share of the penalty in the loss, if the request has one."""


AnyAnswer = Union[Answer, VjpAnswer, JvpAnswer, JacobianAnswer, HvpAnswer, HessianAnswer]

A = TypeVar("A")


def decode(kind: type[A], body: bytes) -> A:
    """Reads an answer in safetensors, which is one of the classes above. Tensors that they do not know are ignored."""
    answer: A = _read(kind, _nested(load(body)))
    return answer


def decode_json(kind: type[A], body: bytes) -> A:
    """Reads an answer in JSON. Keys that the class does not know are ignored."""
    answer: A = _read(kind, json.loads(body))
    return answer


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


_types = lru_cache(maxsize=None)(typing.get_type_hints)


def _read(kind: Any, value: Any) -> Any:
    """Converts a part of a document to the type of a field."""
    if value is None:
        return None
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _types(kind)
        return kind(**{field.name: _read(hints[field.name], value[field.name]) for field in fields(kind) if field.name in value})
    if kind is float:
        return float(value)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, types.UnionType):
        # Without None one alternative is left, or an array and a list: a list arrives as a dictionary.
        alternatives = [alternative for alternative in arguments if alternative is not type(None)]
        return _read(alternatives[-1 if isinstance(value, dict) else 0], value)
    if origin is tuple:
        items = [value[str(k)] for k in range(len(value))] if isinstance(value, dict) else value
        return tuple(_read(arguments[0], item) for item in items)
    return value
