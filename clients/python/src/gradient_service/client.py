"""The client: operations, datasets and jobs of one service."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, wraps
from inspect import Parameter, signature
from threading import Event
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import quote

import numpy.typing as npt

from . import operations
from .answer import Answer
from .batches import Part, merge, split
from .check import CheckAnswer
from .connection import DEFAULT_PATIENCE, DEFAULT_RETRIES, Connection
from .datasets import Datasets
from .jobs import Job, Progress
from .operations import Request
from .problem import Problem
from .request import Batch, Extra, Loss, Network, Penalty

DEFAULT_URL = "http://127.0.0.1:3000"
DEFAULT_TIMEOUT = 300.0
DEFAULT_CONNECTIONS = 4

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

    url: of the service, or a list of the URLs of its replicas, which requests take in turn; by default GRADIENTS_URL from the
        environment (several are separated by commas), or http://127.0.0.1:3000.
    api_key: if the service requires one; by default GRADIENTS_API_KEY from the environment.
    timeout: the longest time without data from the service, in seconds.
    retries: how often to try again after broken connections, with increasing random pauses.
    patience: for how many seconds to repeat a request that the service refuses for the moment (503, 429), after Retry-After.
    max_batch: the most samples in one request. Larger batches are split by samples, and the answers merged; None: they are not.
    connections: the most parts of a batch that are computed at the same time.
    """

    datasets: Datasets
    """The data that lies in the service."""

    def __init__(
        self,
        url: str | Sequence[str] | None = None,
        *,
        api_key: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        retries: int = DEFAULT_RETRIES,
        patience: float = DEFAULT_PATIENCE,
        max_batch: int | None = None,
        connections: int = DEFAULT_CONNECTIONS,
    ) -> None:
        for name, value in (("max_batch", max_batch), ("connections", connections)):
            if value is not None and value < 1:
                raise ValueError(f"expected {name} of at least 1, got {value}")
        self.urls = _urls(url)
        self._connection = Connection(self.urls, _api_key(api_key), timeout, retries, patience)
        self._max_batch = max_batch
        self._connections = connections
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
        parts = None if self._max_batch is None else split(request, self._max_batch)
        if parts is None:
            return self._ask(request)
        failed = Event()

        def ask_part(part: Part[A]) -> A | None:
            if failed.is_set():
                return None  # Nobody reads it: the result of a part before this one raises.
            try:
                return self._ask(part.request)
            except BaseException as error:
                failed.set()
                raise (part.problem_of_whole(error) if isinstance(error, Problem) else error) from None

        with ThreadPoolExecutor(min(len(parts), self._connections)) as threads:
            answers: list[Any] = list(threads.map(ask_part, parts))
        merged: A = merge(parts, answers)
        return merged

    def _ask(self, request: Request[A]) -> A:
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
    patience: float = DEFAULT_PATIENCE,
) -> Answer:
    """Like `Client.gradients`, with the options of `Client`. Calls with the same options share connections."""
    client = shared_client(url, api_key, timeout, retries, patience)
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
    url: str | None = None,
    api_key: str | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    retries: int = DEFAULT_RETRIES,
    patience: float = DEFAULT_PATIENCE,
) -> Client:
    """The shared client for these options."""
    return _client(_urls(url), _api_key(api_key), timeout, retries, patience)


@lru_cache(maxsize=8)
def _client(urls: tuple[str, ...], api_key: str | None, timeout: float, retries: int, patience: float) -> Client:
    return Client(urls, api_key=api_key, timeout=timeout, retries=retries, patience=patience)


# A process must not share its parent's connections.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_client.cache_clear)


def _urls(given: str | Sequence[str] | None) -> tuple[str, ...]:
    """One URL or several, without slashes at their ends."""
    if given is None or isinstance(given, str):
        given = [url.strip() for url in (given or os.environ.get("GRADIENTS_URL") or DEFAULT_URL).split(",")]
    for url in given:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"expected a URL that begins with http:// or https://, got {url!r}")
    if not given:
        raise ValueError("expected at least one URL")
    return tuple(url.rstrip("/") for url in given)


def _api_key(given: str | None) -> str | None:
    return given or os.environ.get("GRADIENTS_API_KEY")
