"""What is asked: a network and a batch, and how they are written as safetensors."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Union

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save

Extra = Literal[
    "outputs", "input_gradients", "per_sample_losses", "per_sample_gradients", "gradient_norms", "trace"
]


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer: ``activation(inputs @ weights.T + biases)``."""

    weights: npt.ArrayLike
    """outputs x inputs, a row per unit; float32 in the first layer has the answer in float32."""
    biases: npt.ArrayLike | None = None
    """One per output; None: the layer has no bias."""
    activation: str | Mapping[str, Any] | None = None
    """A name, or ``{"type": name, ...options}``; None: identity."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Samples and what the network should give for them."""

    inputs: npt.ArrayLike
    """samples x features."""
    targets: npt.ArrayLike
    """samples x outputs, or for ``cross_entropy`` and ``nll`` also a class index per sample."""
    sample_weights: npt.ArrayLike | None = None
    """One per sample; None: every sample weighs 1."""
    samples: Literal["rows", "columns"] | None = None
    """Whether a sample is a row (the default) or a column of inputs and targets."""


Network = Union[Sequence[Union[Layer, Mapping[str, Any]]], Mapping[str, Any]]
"""The layers, or the document of the API: ``{"layers": [...]}``."""

Loss = Union[str, Mapping[str, Any]]
"""A name, or ``{"type": name, "reduction": ..., ...options}``."""


def encode(network: Network, batch: Batch | Mapping[str, Any], loss: Loss, include: Sequence[Extra] | Extra) -> bytes:
    """The request as safetensors: its arrays of numbers are tensors by the names of their paths, the rest is JSON in the metadata."""
    document = {
        "network": network if isinstance(network, Mapping) else {"layers": network},
        "batch": batch,
        "loss": loss,
        "include": [include] if isinstance(include, str) else list(include),
    }
    tensors: dict[str, npt.NDArray[Any]] = {}
    rest = _take_tensors(document, "", tensors)
    return save(tensors, metadata={"request": json.dumps(rest, default=_as_list)})


def _take_tensors(value: Any, name: str, tensors: dict[str, npt.NDArray[Any]]) -> Any:
    """The document without its arrays of numbers, which go to `tensors`."""
    if isinstance(value, (Layer, Batch)):
        value = {key: item for key, item in vars(value).items() if item is not None}
    if isinstance(value, Mapping):
        rest = {str(key): _take_tensors(item, _join(name, key), tensors) for key, item in value.items()}
        return {key: item for key, item in rest.items() if item is not _TAKEN}
    array = _numbers(value)
    if array is not None:
        tensors[name] = _as_sent(array, name)
        return _TAKEN
    if isinstance(value, (list, tuple)):
        return [
            _take_tensors(item, _join(name, i), tensors) if isinstance(item, (Layer, Mapping)) else item
            for i, item in enumerate(value)
        ]
    return value


def _as_list(value: Any) -> Any:
    """What JSON has in place of an array, or of a number of NumPy's."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"a request cannot hold {value!r}, {type(value).__name__}")


_TAKEN = object()
"""Stands for what has become a tensor."""


def _join(name: str, key: object) -> str:
    return f"{name}.{key}" if name else str(key)


def _numbers(value: Any) -> npt.NDArray[Any] | None:
    """The array that a value is, if it is one of numbers. What is ragged stays a list: the service says where it is wrong."""
    if isinstance(value, np.generic) or not (isinstance(value, (list, tuple)) or hasattr(value, "__array__")):
        return None
    try:
        array = np.asarray(value)
    except ValueError:
        return None
    if isinstance(value, (list, tuple)):
        return array if array.size > 0 and array.dtype.kind in "iuf" else None
    return array if array.dtype.kind in "iufb" else None


def _as_sent(array: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
    """In the types that the service reads, and in one piece of memory."""
    is_classes = name == "batch.targets" and array.ndim == 1 and array.dtype.kind in "iu"
    dtype = "int64" if is_classes else "float32" if array.dtype.kind == "f" and array.itemsize <= 4 else "float64"
    return np.ascontiguousarray(array, dtype)
