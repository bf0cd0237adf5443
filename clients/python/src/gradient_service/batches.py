"""Splits requests by the samples of their batch, and merges the answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from .answer import GradientNorms, LayerGradients, LayerNorms
from .operations import Request
from .problem import Problem
from .request import Batch, Layer, numbers_of

A = TypeVar("A")

_PER_SAMPLE = {
    "gradients": ("batch.inputs", "batch.targets", "batch.classes", "batch.sample_weights"),
    "vjp": ("batch.inputs", "cotangents"),
    "jvp": ("batch.inputs", "tangents.inputs"),
    "jacobian": ("batch.inputs",),
    "hvp": ("batch.inputs", "batch.targets", "batch.classes", "batch.sample_weights"),
    "hessian": ("batch.inputs", "batch.targets", "batch.classes", "batch.sample_weights"),
}
"""The arrays of a request that have one entry per sample, by operation. Requests to others are not split."""

_ROWS = ("outputs", "output_tangents", "jacobian", "inputs", "pre_activations", "slopes")
"""Fields of answers with one entry per sample, which do not depend on the divisor."""

_SHARES = (
    *("input_gradients", "per_sample_losses", "per_sample_gradients", "per_sample_gradient_norms"),
    *("output_gradients", "pre_activation_gradients"),
)
"""Fields with one entry per sample, which the divisor divides."""

_NOT_PER_SAMPLE = {"gradient_norms", "squared_gradients"}
"""Extra values with no entry per sample."""


@dataclass(frozen=True, eq=False)
class Part(Generic[A]):
    """A request for some of the samples of a batch."""

    request: Request[A]
    first: int
    """The index of its first sample in the whole batch."""
    axis: int
    """The axis of the samples in matrices: 1 if they are columns."""
    counts: bool
    """Whether some sample has a weight and a target that is not ignored."""

    def problem_of_whole(self, problem: Problem) -> Problem:
        """The problem of this part, with pointers into the whole request."""
        arrays = {name: _get(self.request.document, name) for name in _PER_SAMPLE[self.request.operation]}
        axes = {f"/{name.replace('.', '/')}/": self.axis * (array.ndim - 1) for name, array in arrays.items() if array is not None}
        document = problem.document
        errors = [{**error, "pointer": self._pointer(error["pointer"], axes)} for error in document.get("errors", ())]
        return Problem({**document, "errors": errors} if errors else document)

    def _pointer(self, pointer: str, axes: Mapping[str, int]) -> str:
        for start, axis in axes.items():
            indices = pointer.removeprefix(start).split("/")
            if pointer.startswith(start) and len(indices) > axis and indices[axis].isdecimal():
                indices[axis] = str(int(indices[axis]) + self.first)
                return start + "/".join(indices)
        return pointer


def split(request: Request[A], max_batch: int) -> list[Part[A]] | None:
    """The parts of a request, of at most `max_batch` samples each; None if it is to be sent whole.

    It is sent whole if the batch is small enough, is a dataset, or has arrays that do not fit together, which the service reports; and
    if its answer cannot be merged: that of `check`, and steps of `hessian`.
    """
    names = _PER_SAMPLE.get(request.operation)
    document = {**request.document, "batch": _mapping(request.document["batch"])}
    given = [name for name in names or () if _get(document, name) is not None]
    if "batch.inputs" not in given or document.get("damping") is not None:
        return None
    axis = 1 if document["batch"].get("samples") == "columns" else 0
    arrays = {name: numbers_of(_get(document, name), name) for name in given}
    sizes = {array.shape[axis * (array.ndim - 1)] if array is not None and array.ndim < 3 else None for array in arrays.values()}
    size = sizes.pop()
    inputs = arrays["batch.inputs"]
    if sizes or size is None or size <= max_batch or inputs is None or inputs.ndim < 2:
        return None
    counts = _counts(document, arrays, size)
    parts: list[Part[A]] = []
    for first in range(0, size, max_batch):
        rows = slice(first, first + max_batch)
        part = document
        for name, array in arrays.items():
            assert array is not None
            part = _with(part, name, array[:, rows] if axis == 1 and array.ndim == 2 else array[rows])
        parts.append(Part(replace(request, document=part), first, axis, bool(counts[rows].any())))
    return _asked(parts)


def _asked(parts: list[Part[A]]) -> list[Part[A]]:
    """The parts to send. One that counts for nothing is left out, unless values per sample are wanted."""
    if not any(part.counts for part in parts):
        return parts[:1]  # The service says why it refuses this.
    document = parts[0].request.document
    if not set(document.get("include") or ()) - _NOT_PER_SAMPLE:
        parts = [part for part in parts if part.counts]
    elif not all(part.counts for part in parts):
        parts = [part if part.counts else _with_any_targets(part) for part in parts]
    if document.get("penalty") is None or _reduction(document) != "sum":
        return parts
    # Otherwise the penalty would be added up, too.
    first = next(part for part in parts if part.counts)
    return [part if part is first else _changed(part, "penalty", None) for part in parts]


def _with_any_targets(part: Part[A]) -> Part[A]:
    """A part that counts for nothing would be refused: it gets targets that count. Its shares are multiplied by 0."""
    batch = part.request.document["batch"]
    last = _layers(part.request.document)[-1]
    shape = (np.shape(_mapping(last)["weights"])[0], np.shape(batch["inputs"])[part.axis])
    kept = {key: value for key, value in batch.items() if key in ("inputs", "samples")}
    return _changed(_changed(part, "loss", "mse"), "batch", {**kept, "targets": np.zeros(shape if part.axis else shape[::-1])})


def merge(parts: Sequence[Part[A]], answers: Sequence[A]) -> A:
    """The answer to the whole request: rows are joined, and sums are added up by the divisors."""
    # A part that counts for nothing may have another loss.
    document = next(part.request.document for part in parts if part.counts)
    factors = np.ones(len(parts))
    divisor = 1.0
    if "loss" in document:
        counted = np.array([part.counts for part in parts], float)
        if _reduction(document) == "sum":
            factors = counted
        else:
            divisors = counted * [getattr(answer, "divisor") for answer in answers]
            divisor = float(divisors.sum())
            factors = divisors / divisor
    merged: A = _merged("", answers, factors, parts[0].axis)
    changes: dict[str, Any] = {}
    if hasattr(merged, "divisor"):
        changes["divisor"] = divisor
    if getattr(merged, "gradient_norms", None) is not None:
        changes["gradient_norms"] = _norms(getattr(merged, "gradients"))
    return replace(merged, **changes)  # type: ignore[type-var, unused-ignore]


def _merged(name: str, values: Sequence[Any], factors: npt.NDArray[np.float64], axis: int) -> Any:
    """Merges the values of a field `name`, or of its members."""
    # A penalty may be in one part only.
    present = [(value, factor) for value, factor in zip(values, factors, strict=True) if value is not None]
    if not present:
        return None
    values, factors = [value for value, _ in present], np.array([factor for _, factor in present])
    one = values[0]
    if is_dataclass(one) and not isinstance(one, type):
        # The members of a layer's gradients are merged as its gradients are. Those of other classes have rules of their own.
        inner = {field.name: name if isinstance(one, LayerGradients) else field.name for field in fields(one)}
        merged = {key: _merged(rule, [getattr(value, key) for value in values], factors, axis) for key, rule in inner.items()}
        return replace(one, **merged)
    if isinstance(one, tuple):
        return tuple(_merged(name, items, factors, axis) for items in zip(*values, strict=True))
    if name in _ROWS or name in _SHARES:
        arrays = values if name in _ROWS else [_times(value, factor) for value, factor in zip(values, factors, strict=True)]
        return np.concatenate(arrays, axis=axis if one.ndim == 2 and not name.startswith(("per_sample", "jacobian")) else 0)
    return _sum(values, factors**2 if name == "squared_gradients" else factors)


def _times(array: npt.NDArray[Any], factor: float) -> npt.NDArray[Any]:
    return (array * factor).astype(array.dtype)


def _sum(values: Sequence[Any], factors: npt.NDArray[np.float64]) -> Any:
    """The sum of factors times numbers or arrays, in float64. What a factor of 0 leaves out may be infinite."""
    total = sum(np.asarray(value, float) * factor for value, factor in zip(values, factors, strict=True) if factor != 0)
    return np.asarray(total).astype(values[0].dtype) if isinstance(values[0], np.ndarray) else float(total)


def _norms(gradients: Sequence[LayerGradients]) -> GradientNorms:
    norm: Callable[[Any], float | None] = lambda array: None if array is None else float(np.linalg.norm(array))  # noqa: E731
    layers = tuple(LayerNorms(norm(layer.weights) or 0.0, norm(layer.biases)) for layer in gradients)
    total = np.linalg.norm([value for layer in layers for value in (layer.weights, layer.biases) if value is not None])
    return GradientNorms(layers, float(total))


def _counts(document: Mapping[str, Any], arrays: Mapping[str, Any], size: int) -> npt.NDArray[np.bool_]:
    """For each sample whether it counts in the divisor: its weight is not 0; and, for a mean over classes, neither is that of its class,
    which is not ignored. A request without such a sample is refused."""
    weights = arrays.get("batch.sample_weights")
    counts: npt.NDArray[np.bool_] = np.ones(size, bool) if weights is None else weights != 0
    loss = document.get("loss")
    classes = arrays["batch.classes"] if "batch.classes" in arrays else arrays.get("batch.targets")
    if classes is None or classes.ndim != 1 or _reduction(document) != "mean":
        return counts
    options = loss if isinstance(loss, Mapping) else {}
    counts &= classes != options.get("ignore_index", -100)
    class_weights = numbers_of(options.get("weight"), "loss.weight")
    if class_weights is not None and class_weights.ndim == 1:
        without = np.flatnonzero(class_weights == 0)
        counts &= ~np.isin(classes, without)
    return counts


def _reduction(document: Mapping[str, Any]) -> str:
    loss = document.get("loss")
    return (loss.get("reduction") if isinstance(loss, Mapping) else None) or "mean"


def _mapping(value: Batch | Layer | Mapping[str, Any]) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {key: item for key, item in vars(value).items() if item is not None}


def _layers(document: Mapping[str, Any]) -> Sequence[Any]:
    layers: Sequence[Any] = document["network"]["layers"]
    return layers


def _get(document: Mapping[str, Any], name: str) -> Any:
    value: Any = document
    for key in name.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _with(document: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    """The document with another value at a path."""
    key, _, rest = name.partition(".")
    return {**document, key: _with(document[key], rest, value) if rest else value}


def _changed(part: Part[A], name: str, value: Any) -> Part[A]:
    return replace(part, request=replace(part.request, document=_with(part.request.document, name, value)))
