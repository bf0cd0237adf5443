"""A request: network and batch, and their encoding as safetensors."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Union

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save

from .arrays import array_of, is_array

Extra = Literal[
    "outputs",
    "input_gradients",
    "per_sample_losses",
    "per_sample_gradients",
    "gradient_norms",
    "per_sample_gradient_norms",
    "squared_gradients",
    "trace",
]


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer: ``activation(inputs @ weights.T + biases)``."""

    weights: npt.ArrayLike
    """outputs x inputs, one row per unit. If the first layer's weights are float32, so is the answer."""
    biases: npt.ArrayLike | None = None
    """One per output; None: the layer has no bias."""
    activation: str | Mapping[str, Any] | None = None
    """A name, or ``{"type": name, ...options}``; None: identity."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Samples and their targets."""

    inputs: npt.ArrayLike
    """samples x features."""
    targets: npt.ArrayLike | None = None
    """samples x outputs; for ``cross_entropy`` and ``nll`` alternatively one class index per sample."""
    sample_weights: npt.ArrayLike | None = None
    """One per sample; None: all samples have weight 1."""
    samples: Literal["rows", "columns"] | None = None
    """Whether samples are the rows (default) or the columns of inputs and targets."""
    classes: npt.ArrayLike | None = None
    """One class index per sample, in place of targets."""


Network = Union[Sequence[Union[Layer, Mapping[str, Any]]], Mapping[str, Any]]
"""The layers, or the API's document ``{"layers": [...]}``."""

Loss = Union[str, Mapping[str, Any]]
"""A name, or ``{"type": name, "reduction": ..., ...options}``."""

Penalty = Mapping[str, Any]
"""``{"l1": ..., "l2": ..., "biases": ...}``, any of them: adds ``l1 * sum |w| + l2 / 2 * sum w^2`` to the loss, over all weights."""


def batch_of(
    batch: Batch | Mapping[str, Any] | None,
    dataset: str | None,
    rows: tuple[int, int] | None,
    indices: npt.ArrayLike | None,
    sample_weights: npt.ArrayLike | None,
) -> Batch | Mapping[str, Any]:
    """The batch of a request: given as such, or as what it takes of a dataset. Raises TypeError if it is neither, or both."""
    of_dataset = {"dataset": dataset, "rows": rows, "indices": indices, "sample_weights": sample_weights}
    given = {key: value for key, value in of_dataset.items() if value is not None}
    if dataset is not None and batch is None:
        return given
    if batch is None or given:
        got = f"{', '.join(given) or 'neither'}{'' if batch is None else ' beside a batch'}"
        raise TypeError(f"expected a batch, or a dataset and what to take of it, got {got}")
    return batch


def encode(document: Mapping[str, Any]) -> bytes:
    """Encodes a request as safetensors: arrays become tensors named by their paths, the rest is JSON in the metadata."""
    tensors: dict[str, npt.NDArray[Any]] = {}
    rest = _take_tensors(document, "", tensors)
    return save(tensors, metadata={"request": json.dumps(rest, default=_as_list)})


def _take_tensors(value: Any, name: str, tensors: dict[str, npt.NDArray[Any]]) -> Any:
    """Moves the arrays of numbers of a document to `tensors`; returns the rest."""
    if isinstance(value, (Layer, Batch)):
        value = {key: item for key, item in vars(value).items() if item is not None}
    if isinstance(value, Mapping):
        rest = {str(key): _take_tensors(item, _join(name, key), tensors) for key, item in value.items()}
        return {key: item for key, item in rest.items() if item is not _TAKEN}
    array = None if name == "batch.rows" else numbers_of(value, name)
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
    """Converts NumPy arrays and numbers for JSON."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"a request cannot hold {value!r}, {type(value).__name__}")


_TAKEN = object()
"""Marks values that have been moved to `tensors`."""


def _join(name: str, key: object) -> str:
    return f"{name}.{key}" if name else str(key)


def numbers_of(value: Any, name: str) -> npt.NDArray[Any] | None:
    """An array or list of numbers as an array; None for anything else. Ragged lists are left to the service, which reports them.

    Raises TypeError as `array_of` does.
    """
    if is_array(value):
        array = array_of(value, name)
        return array if array.ndim > 0 else None
    if not isinstance(value, (list, tuple)):
        return None
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError):
        return None
    return array if array.size > 0 and array.dtype.kind in "iuf" else None


def _as_sent(array: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
    """Converts an array to a supported dtype, contiguous in memory."""
    is_integers = name in ("batch.classes", "batch.targets", "batch.indices") and array.ndim == 1 and array.dtype.kind in "iu"
    dtype = "int64" if is_integers else "float32" if array.dtype.kind == "f" and array.itemsize <= 4 else "float64"
    return np.ascontiguousarray(array, dtype)
