"""The client: operations, datasets and jobs of one service."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, wraps
from inspect import Parameter, signature
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import quote

import numpy.typing as npt

from . import operations
from .answer import Answer
from .check import CheckAnswer
from .connection import DEFAULT_RETRIES, Connection
from .datasets import Datasets
from .jobs import Job, Progress
from .operations import Request
from .request import Batch, Extra, Loss, Network, Penalty

DEFAULT_URL = "http://127.0.0.1:3000"
DEFAULT_TIMEOUT = 300.0

A = TypeVar("A")
P = ParamSpec("P")


def _method(operation: Callable[P, Request[A]], finish: Callable[[A], A] | None = None) -> Callable[Concatenate[Client, P], A]:
    """The method that asks for an operation and finishes its answer, with the operation's arguments and documentation."""

    @wraps(operation)
    def method(self: Client, /, *arguments: P.args, **options: P.kwargs) -> A:
        answer = self.ask(operation(*arguments, **options))
        return finish(answer) if finish else answer

    own = signature(operation)
    returned = own.return_annotation.removeprefix("Request[").removesuffix("]")
    first = Parameter("self", Parameter.POSITIONAL_ONLY)
    shown = own.replace(parameters=[first, *own.parameters.values()], return_annotation=returned)
    method.__signature__ = shown  # type: ignore[attr-defined]
    return method


class Client:
    """A client for one service, with persistent connections. Threads may share it.

    url: of the service; by default GRADIENTS_URL from the environment, or http://127.0.0.1:3000.
    api_key: if the service requires one; by default GRADIENTS_API_KEY from the environment.
    timeout: the longest time without data from the service, in seconds.
    retries: the most retries after 503 or 429 (after Retry-After seconds) or a broken connection (with back-off).
    """

    datasets: Datasets
    """The data that lies in the service."""

    def __init__(
        self,
        url: str | None = None,
        *,
        api_key: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        retries: int = DEFAULT_RETRIES,
    ) -> None:
        self.url = _url(url)
        self._connection = Connection(self.url, _api_key(api_key), timeout, retries)
        self.datasets = Datasets(self._connection)

    gradients = _method(operations.gradients)
    vjp = _method(operations.vjp)
    jvp = _method(operations.jvp)
    jacobian = _method(operations.jacobian)
    hvp = _method(operations.hvp)
    hessian = _method(operations.hessian)
    check = _method(operations.check, CheckAnswer.confirmed)

    def ask(self, request: Request[A]) -> A:
        """The answer to a request of `gradient_service.operations`. ``client.hvp(...)`` is ``client.ask(operations.hvp(...))``."""
        return request.decode(self._connection.request(**request.sent(), expected=request.media_type).data)

    def submit(self, request: Request[A], *, idempotency_key: str | None = None) -> Job[A]:
        """Submits a request as a job, which may take longer than a request, and goes on if this program ends.

        request: such as ``operations.gradients(...)``; also of hvp and hessian.
        idempotency_key: the same key and request give the same job; by default a new one, under which retries make one job.

        Raises the exceptions of `gradients` if the request is wrong by itself. What only the data shows fails the job.
        """
        document = self._connection.ask(**request.sent_as_job(idempotency_key))
        return Job(self._connection, Progress.of(document), request.answer)

    def job(self, id: str) -> Job[Any]:
        """A job by its id, such as one that another program has submitted. Raises `Problem` (404) if there is none."""
        return self._job(self._connection.ask("GET", f"/jobs/{quote(id, safe='')}"))

    def jobs(self) -> list[Job[Any]]:
        """The jobs of this client's owner, newest first."""
        return [self._job(document) for document in self._connection.ask("GET", "/jobs")["jobs"]]

    def _job(self, document: Mapping[str, Any]) -> Job[Any]:
        return Job(self._connection, Progress.of(document), operations.JOBS[document["operation"]])

    def close(self) -> None:
        """Closes the connections."""
        self._connection.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


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
    url: str | None = None,
    api_key: str | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    retries: int = DEFAULT_RETRIES,
) -> Answer:
    """Like `Client.gradients`, with the options of `Client`. Calls with the same options share connections."""
    client = shared_client(url, api_key, timeout, retries)
    return client.gradients(
        network,
        batch,
        loss,
        penalty=penalty,
        dataset=dataset,
        rows=rows,
        indices=indices,
        sample_weights=sample_weights,
        include=include,
    )


def shared_client(
    url: str | None = None, api_key: str | None = None, timeout: float = DEFAULT_TIMEOUT, retries: int = DEFAULT_RETRIES
) -> Client:
    """The shared client for these options."""
    return _client(_url(url), _api_key(api_key), timeout, retries)


@lru_cache(maxsize=8)
def _client(url: str, api_key: str | None, timeout: float, retries: int) -> Client:
    return Client(url, api_key=api_key, timeout=timeout, retries=retries)


# A process must not share its parent's connections.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_client.cache_clear)


def _url(given: str | None) -> str:
    url = given or os.environ.get("GRADIENTS_URL") or DEFAULT_URL
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"expected a URL that begins with http:// or https://, got {url!r}")
    return url.rstrip("/")


def _api_key(given: str | None) -> str | None:
    return given or os.environ.get("GRADIENTS_API_KEY")
