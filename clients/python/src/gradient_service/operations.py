"""The operations of the service: for each a function from its arguments to a request. Clients take their methods from these functions."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from .answer import Answer, HessianAnswer, HvpAnswer, JacobianAnswer, JvpAnswer, VjpAnswer, decode, decode_json
from .check import Candidate, CheckAnswer, candidate_of
from .connection import JSON, MEDIA_TYPE
from .request import Batch, Extra, Loss, Network, Penalty, batch_of, encode
from .vectors import Parameters, direction_of

A = TypeVar("A")

Matrix = Literal["hessian", "gauss_newton"]


@dataclass(frozen=True, eq=False)
class Request(Generic[A]):
    """A request to an operation, for `Client.ask` or `Client.submit`."""

    operation: str
    document: Mapping[str, Any]
    """The API's document, with arrays in place of lists."""
    answer: type[A]
    media_type: str = MEDIA_TYPE
    """That of the answer."""

    def sent(self, **headers: str) -> dict[str, Any]:
        """What a connection sends: the arguments of `Connection.request`, with these headers, but what it expects."""
        headers = {"Content-Type": MEDIA_TYPE, **headers}
        return {"method": "POST", "path": f"/{self.operation}", "body": encode(self.document), "headers": headers}

    def sent_as_job(self, idempotency_key: str | None) -> dict[str, Any]:
        """The same for a job; without a key, under a new one. Raises ValueError if the operation is not one for jobs."""
        if self.operation not in JOBS:
            raise ValueError(f"expected a request to {', '.join(JOBS)} for a job, got one to {self.operation}")
        return self.sent(**{"Prefer": "respond-async", "Idempotency-Key": idempotency_key or uuid.uuid4().hex})

    def decode(self, body: bytes) -> A:
        """Reads the answer."""
        return decode(self.answer, body) if self.media_type == MEDIA_TYPE else decode_json(self.answer, body)


JOBS = {"gradients": Answer, "hvp": HvpAnswer, "hessian": HessianAnswer}
"""What the results of jobs are, by operation."""


def gradients(
    network: Network,
    batch: Batch | Mapping[str, Any] | None = None,
    loss: Loss = "mse",
    *,
    penalty: Penalty | None = None,
    dataset: str | None = None,
    rows: tuple[int, int] | None = None,
    indices: npt.ArrayLike | None = None,
    sample_weights: npt.ArrayLike | None = None,
    include: Sequence[Extra] | Extra = (),
) -> Request[Answer]:
    """The loss of a network on a batch, and its gradients with respect to every weight and bias.

    network: the layers, each a `Layer` or a dictionary with the same keys; or the API's document ``{"layers": [...]}``.
    batch: a `Batch`, or a dictionary with the same keys.
    loss: a name, or ``{"type": name, "reduction": ..., ...options}``.
    penalty: ``{"l1": ..., "l2": ..., "biases": False}``, any of them: weight decay as a part of the loss.
    dataset: in place of `batch`, the name of a dataset that lies in the service; all of it, or
    rows: from the first to the end, which is excluded, or
    indices: of its samples, in this order; repeats are allowed.
    sample_weights: one per sample of the dataset that is used, in place of the dataset's.
    include: names of extra values for the answer.

    Raises `Problem` if the service refuses the request, TimeoutError if it does not answer in time, ConnectionError if it
    cannot be reached.
    """
    batch = batch_of(batch, dataset, rows, indices, sample_weights)
    names = [include] if isinstance(include, str) else list(include)
    return Request("gradients", {**_of_loss(network, batch, loss, penalty), "include": names}, Answer)


def vjp(
    network: Network,
    batch: Batch | Mapping[str, Any] | None = None,
    *,
    cotangents: npt.ArrayLike,
    dataset: str | None = None,
    rows: tuple[int, int] | None = None,
    indices: npt.ArrayLike | None = None,
) -> Request[VjpAnswer]:
    """A vector-Jacobian product: the gradients of sum(cotangents * outputs), as torch.autograd.grad with grad_outputs.

    batch: a `Batch` of inputs alone.
    cotangents: samples x outputs; outputs x samples if the samples of `batch` are columns.
    network, dataset, rows, indices: as in `gradients`, whose exceptions it raises.
    """
    return Request("vjp", {**_of_outputs(network, batch, dataset, rows, indices), "cotangents": cotangents}, VjpAnswer)


def jvp(
    network: Network,
    batch: Batch | Mapping[str, Any] | None = None,
    *,
    tangents: Mapping[str, Any],
    dataset: str | None = None,
    rows: tuple[int, int] | None = None,
    indices: npt.ArrayLike | None = None,
) -> Request[JvpAnswer]:
    """A Jacobian-vector product: how the outputs change along a direction of the parameters and the inputs, as torch.func.jvp.

    batch: a `Batch` of inputs alone.
    tangents: ``{"parameters": ..., "inputs": ...}``, either or both. The parameters are one number per parameter, per layer or in a
        flat array in the order of `parameters_to_vector`; the inputs have the shape of the batch's.
    network, dataset, rows, indices: as in `gradients`, whose exceptions it raises.
    """
    if tangents.get("parameters") is not None:
        tangents = {**tangents, "parameters": direction_of(tangents["parameters"], network)}
    return Request("jvp", {**_of_outputs(network, batch, dataset, rows, indices), "tangents": tangents}, JvpAnswer)


def jacobian(
    network: Network,
    batch: Batch | Mapping[str, Any] | None = None,
    *,
    of: Literal["inputs", "parameters"],
    dataset: str | None = None,
    rows: tuple[int, int] | None = None,
    indices: npt.ArrayLike | None = None,
) -> Request[JacobianAnswer]:
    """The derivatives of each output of each sample with respect to its inputs, or to all parameters, as torch.func.jacrev.

    batch: a `Batch` of inputs alone.
    network, dataset, rows, indices: as in `gradients`, whose exceptions it raises.
    """
    return Request("jacobian", {**_of_outputs(network, batch, dataset, rows, indices), "of": of}, JacobianAnswer)


def hvp(
    network: Network,
    batch: Batch | Mapping[str, Any] | None = None,
    loss: Loss = "mse",
    *,
    vector: Parameters,
    matrix: Matrix = "hessian",
    penalty: Penalty | None = None,
    dataset: str | None = None,
    rows: tuple[int, int] | None = None,
    indices: npt.ArrayLike | None = None,
    sample_weights: npt.ArrayLike | None = None,
) -> Request[HvpAnswer]:
    """The product of the Hessian of the loss with respect to the parameters, or of its Gauss-Newton part, and a vector.

    vector: one number per parameter, per layer or in a flat array in the order of `parameters_to_vector`.
    matrix: ``"gauss_newton"`` for J^T H J, with the Jacobian J of the outputs and the second derivative H of the loss in the outputs.
    All others: as in `gradients`, whose exceptions it raises; and ValueError if a flat vector has another length.
    """
    batch = batch_of(batch, dataset, rows, indices, sample_weights)
    document = {**_of_loss(network, batch, loss, penalty), "vector": direction_of(vector, network), "matrix": matrix}
    return Request("hvp", document, HvpAnswer)


def hessian(
    network: Network,
    batch: Batch | Mapping[str, Any] | None = None,
    loss: Loss = "mse",
    *,
    matrix: Matrix = "hessian",
    damping: npt.ArrayLike | None = None,
    penalty: Penalty | None = None,
    dataset: str | None = None,
    rows: tuple[int, int] | None = None,
    indices: npt.ArrayLike | None = None,
    sample_weights: npt.ArrayLike | None = None,
) -> Request[HessianAnswer]:
    """The Hessian of the loss with respect to the parameters, or its Gauss-Newton part, and damped steps by it.

    matrix: ``"gauss_newton"`` for J^T H J, with the Jacobian J of the outputs and the second derivative H of the loss in the outputs.
    damping: for each of these numbers, at least 0, the answer has the step -(matrix + damping I)^-1 gradients, and the loss there:
        Levenberg-Marquardt. Added to the diagonal as it is; for a loss with a factor 1/2 it would be half as large.
    All others: as in `gradients`, whose exceptions it raises.
    """
    batch = batch_of(batch, dataset, rows, indices, sample_weights)
    numbers = None if damping is None else np.atleast_1d(damping).tolist()
    return Request("hessian", {**_of_loss(network, batch, loss, penalty), "matrix": matrix, "damping": numbers}, HessianAnswer)


def check(
    network: Network,
    batch: Batch | Mapping[str, Any] | None = None,
    loss: Loss = "mse",
    *,
    candidate: Candidate | Mapping[str, Any],
    tolerance: float | None = None,
    penalty: Penalty | None = None,
    dataset: str | None = None,
    rows: tuple[int, int] | None = None,
    indices: npt.ArrayLike | None = None,
    sample_weights: npt.ArrayLike | None = None,
) -> Request[CheckAnswer]:
    """Whether your own backpropagation is right, and if not, which line is wrong.

    candidate: what your code computed: a `Candidate`, or a dictionary with the same keys.
    tolerance: the largest difference that counts as rounding, relative to the largest right number of an array; by default 1e-6.
        For float32, about 1e-4.
    All others: as in `gradients`, whose exceptions it raises.

    ``client.check(...)`` returns the report if everything agrees, and otherwise raises `CheckError`, an AssertionError that names the
    mistake. ``client.ask(operations.check(...))`` returns the report in any case.
    """
    batch = batch_of(batch, dataset, rows, indices, sample_weights)
    document = {**_of_loss(network, batch, loss, penalty), "candidate": candidate_of(candidate, network), "tolerance": tolerance}
    return Request("check", document, CheckAnswer, JSON)


def _of_loss(
    network: Network, batch: Batch | Mapping[str, Any], loss: Loss, penalty: Penalty | None
) -> dict[str, Any]:
    return {"network": _document(network), "batch": batch, "loss": loss, "penalty": penalty}


def _of_outputs(
    network: Network,
    batch: Batch | Mapping[str, Any] | None,
    dataset: str | None,
    rows: tuple[int, int] | None,
    indices: npt.ArrayLike | None,
) -> dict[str, Any]:
    return {"network": _document(network), "batch": batch_of(batch, dataset, rows, indices, None)}


def _document(network: Network) -> Mapping[str, Any]:
    return network if isinstance(network, Mapping) else {"layers": network}
