"""The answer to a check of somebody's own backpropagation, in words, and as an exception for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Union

import numpy.typing as npt

from .answer import LayerTrace
from .request import Network
from .vectors import Parameters, direction_of


@dataclass(frozen=True, eq=False)
class Candidate:
    """What somebody's own code computed, any part of it, in the shapes of an answer to `gradients`."""

    gradients: Parameters | None = None
    """Per layer weights and biases, such as ``[{"weights": dW1, "biases": db1}, ...]``; or all in one flat array, in the order of
    `parameters_to_vector`. Layers, weights and biases that are left out are not compared."""
    loss: float | npt.NDArray[Any] | None = None
    outputs: npt.ArrayLike | None = None
    """samples x outputs."""
    trace: Sequence[Union[LayerTrace, Mapping[str, Any]]] | None = None
    """Per layer any of the arrays of `LayerTrace`: with them, the first wrong line is found where gradients alone do not tell."""


def candidate_of(candidate: Candidate | Mapping[str, Any], network: Network) -> dict[str, Any]:
    """A candidate as a request has it. Raises ValueError if its gradients are a flat array of another length."""
    given = vars(candidate) if isinstance(candidate, Candidate) else candidate
    document = {key: value for key, value in given.items() if value is not None}
    if "loss" in document:
        document["loss"] = float(document["loss"])
    if "gradients" in document:
        document["gradients"] = direction_of(document["gradients"], network)
    if "trace" in document:
        document["trace"] = [_without_none(layer) for layer in document["trace"]]
    return document


def _without_none(layer: LayerTrace | Mapping[str, Any]) -> dict[str, Any]:
    arrays = vars(layer) if isinstance(layer, LayerTrace) else layer
    return {name: array for name, array in arrays.items() if array is not None}


@dataclass(frozen=True)
class WorstNumber:
    """The number of an array that differs most."""

    index: tuple[int, ...]
    candidate: float
    right: float


@dataclass(frozen=True)
class ArrayCheck:
    """The comparison of one array of the candidate. Of an array with a wrong shape, only the shapes are there."""

    pointer: str
    """JSON pointer to the array, such as ``/candidate/gradients/0/weights``."""
    agrees: bool
    relative_error: float | None = None
    """The largest difference, relative to the largest right number; None if all right numbers are 0 and the candidate's are not."""
    ratio: float | None = None
    """candidate / right, if it is the same for all numbers of an array that disagrees."""
    worst: WorstNumber | None = None
    shape: tuple[int, ...] | None = None
    row_lengths: tuple[int, ...] | None = None
    """Of a ragged matrix."""
    expected_shape: tuple[int, ...] | None = None

    def __str__(self) -> str:
        name = _name_of(self.pointer)
        if self.expected_shape is not None:
            got = f"got rows of {sorted(set(self.row_lengths))} numbers" if self.row_lengths else f"got {self.shape}"
            return f"{name} has a wrong shape: expected {self.expected_shape}, {got}"
        if self.worst is None:
            return f"{name} is right"
        at = f" at {list(self.worst.index)}" if self.worst.index else ""
        error = "" if self.relative_error is None else f", relative error {self.relative_error:.2g}"
        ratio = "" if self.ratio is None else f", all numbers are {self.ratio:.6g} times the right ones"
        return f"{name}{at}: expected {self.worst.right:.9g}, got {self.worst.candidate:.9g}{error}{ratio}"


@dataclass(frozen=True)
class Diagnosis:
    """A mistake that gives the candidate's numbers."""

    mistake: str
    """Its name; the service describes it at ``/mistakes/{name}``."""
    pointer: str
    """Where it is made: a JSON pointer into the request; ``/network/layers``: in all layers that it concerns."""
    explains: tuple[str, ...]
    """The arrays of the candidate that disagree because of it."""
    detail: str
    """What was computed, and what is right."""
    wrong: str
    """The line in NumPy, as it is when wrong. W is outputs x inputs, samples are rows."""
    right: str
    """The line in NumPy, as it should be."""
    remedy: str
    residual: float
    """The relative error of the candidate's numbers that remains if the mistake is made on purpose."""
    alternatives: tuple[str, ...]
    """Mistakes that give the same numbers on this request."""
    factor: float | None = None
    """A constant by which everything is multiplied beside the mistake."""

    def __str__(self) -> str:
        others = [f"  or, with the same numbers here: {', '.join(self.alternatives)}"] if self.alternatives else []
        return "\n".join([
            f"{self.mistake}, at {self.pointer}",
            f"  {self.detail}",
            f"  - {self.wrong}",
            f"  + {self.right}",
            f"  {self.remedy}",
            f"  explains {', '.join(map(_name_of, self.explains))}",
            *others,
        ])


@dataclass(frozen=True)
class CheckAnswer:
    """Whether a backpropagation is right, and if not, which line is wrong. Its text is the report in words."""

    agrees: bool
    """Whether every array of the candidate has the right shape and numbers."""
    checks: tuple[ArrayCheck, ...]
    """One for each array of the candidate, in the order of their computation."""
    diagnoses: tuple[Diagnosis, ...]
    """The simplest explanation of all that disagrees; if none explains all, those that explain most."""
    first_difference: str | None = None
    """The first array that disagrees, in the order in which backpropagation computes them."""
    left_out: str | None = None
    """What was not tried, because the request is large."""

    def __str__(self) -> str:
        different = [check for check in self.checks if not check.agrees]
        count = f"{len(self.checks)} array{'' if len(self.checks) == 1 else 's'}"
        if not different:
            return f"right: {count} compared"
        first, *others = different
        lines = [f"wrong in {len(different)} of {count}, first {first}"]
        lines += [f"  then {other}" for other in others[:_MOST_OTHERS]]
        if len(others) > _MOST_OTHERS:
            lines.append(f"  and {len(others) - _MOST_OTHERS} more")
        for diagnosis in self.diagnoses:
            lines += ["", str(diagnosis)]
        if not self.diagnoses:
            lines += ["", "no mistake that the service knows gives these numbers"]
        return "\n".join([*lines, *([self.left_out] if self.left_out else [])])

    def confirmed(self) -> CheckAnswer:
        """The report itself, if everything agrees. Raises `CheckError` otherwise."""
        if not self.agrees:
            raise CheckError(self)
        return self


_MOST_OTHERS = 5
"""The arrays beside the first one that a text shows."""


class CheckError(AssertionError):
    """A backpropagation is wrong. The message says where, and which line it is."""

    def __init__(self, report: CheckAnswer) -> None:
        super().__init__(str(report))
        self.report = report
        """The report of the service."""

    def __reduce__(self) -> tuple[type[CheckError], tuple[CheckAnswer]]:
        return CheckError, (self.report,)


def _name_of(pointer: str) -> str:
    """The array in Python, such as ``gradients[0].weights``."""
    first, *rest = pointer.removeprefix("/candidate/").split("/")
    return first + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in rest)
