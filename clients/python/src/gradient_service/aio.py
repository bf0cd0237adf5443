"""The client for asyncio: the methods of `Client`, `Datasets` and `Job`, as coroutines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial, wraps
from types import TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from .client import Client
from .datasets import Datasets
from .jobs import Job, Progress
from .operations import Request

A = TypeVar("A")
R = TypeVar("R")
T = TypeVar("T")
P = ParamSpec("P")


class _InThreads(Generic[T]):
    """An object whose methods run in threads."""

    def __init__(self, wrapped: T, threads: ThreadPoolExecutor) -> None:
        self._wrapped = wrapped
        self._threads = threads

    async def _run(self, function: Callable[P, R], *arguments: P.args, **options: P.kwargs) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(function, *arguments, **options))


def _coroutine(method: Callable[Concatenate[T, P], R]) -> Callable[Concatenate[_InThreads[T], P], Coroutine[Any, Any, R]]:
    """The coroutine that runs a method in a thread, with its arguments and its documentation."""

    @wraps(method)
    async def coroutine(self: _InThreads[T], /, *arguments: P.args, **options: P.kwargs) -> R:
        return await self._run(method, self._wrapped, *arguments, **options)

    return coroutine


class AsyncDatasets(_InThreads[Datasets]):
    """The datasets of this client's owner: `AsyncClient.datasets`."""

    put = _coroutine(Datasets.put)
    put_file = _coroutine(Datasets.put_file)
    put_url = _coroutine(Datasets.put_url)
    get = _coroutine(Datasets.get)
    list = _coroutine(Datasets.list)
    delete = _coroutine(Datasets.delete)


class AsyncJob(_InThreads[Job[A]], Generic[A]):
    """A job of the service. It goes on if this program ends: `AsyncClient.job` finds it again by its id."""

    @property
    def id(self) -> str:
        return self._wrapped.id

    progress = _coroutine(Job.progress)
    cancel = _coroutine(Job.cancel)

    async def wait(self, timeout: float | None = None, show: Callable[[Progress], object] | None = None) -> Progress:
        """Waits until the job has succeeded or failed, without occupying a thread. Arguments and exceptions are those of `Job.wait`."""
        steps = self._wrapped.steps(timeout, show)
        ended: list[Progress] = []

        def step() -> float:
            try:
                return next(steps)
            except StopIteration as end:
                # A StopIteration cannot leave a coroutine.
                ended.append(end.value)
                return 0

        while not ended:
            await asyncio.sleep(await self._run(step))
        return ended[0]

    async def result(self, timeout: float | None = None) -> A:
        """The answer of its operation, once the job has ended. Exceptions are those of `Job.result`."""
        await self.wait(timeout)
        return await self._run(self._wrapped.fetch)

    def __repr__(self) -> str:
        """The progress as last known, without asking the service."""
        return repr(self._wrapped)


class AsyncClient(_InThreads[Client]):
    """A client for asyncio. Requests are encoded, sent and decoded in threads, so that large arrays do not occupy the event loop.

    A call that is cancelled ends at once; its request still ends in its thread.

    client: has the options; by default one configured by the environment.
    connections: the most requests that run at the same time; others wait.
    """

    datasets: AsyncDatasets
    """The data that lies in the service."""

    def __init__(self, client: Client | None = None, *, connections: int = 16) -> None:
        super().__init__(client or Client(), ThreadPoolExecutor(connections))
        self.datasets = AsyncDatasets(self._wrapped.datasets, self._threads)

    gradients = _coroutine(Client.gradients)
    vjp = _coroutine(Client.vjp)
    jvp = _coroutine(Client.jvp)
    jacobian = _coroutine(Client.jacobian)
    hvp = _coroutine(Client.hvp)
    hessian = _coroutine(Client.hessian)
    check = _coroutine(Client.check)

    async def ask(self, request: Request[A]) -> A:
        """The answer to a request of `gradient_service.operations`. ``client.hvp(...)`` is ``client.ask(operations.hvp(...))``."""
        return await self._run(self._wrapped.ask, request)

    async def submit(self, request: Request[A], *, idempotency_key: str | None = None) -> AsyncJob[A]:
        """Submits a request as a job. Arguments and exceptions are those of `Client.submit`."""
        return AsyncJob(await self._run(self._wrapped.submit, request, idempotency_key=idempotency_key), self._threads)

    async def job(self, id: str) -> AsyncJob[Any]:
        """A job by its id. Raises `Problem` (404) if there is none."""
        return AsyncJob(await self._run(self._wrapped.job, id), self._threads)

    async def jobs(self) -> list[AsyncJob[Any]]:
        """The jobs of this client's owner, newest first."""
        return [AsyncJob(job, self._threads) for job in await self._run(self._wrapped.jobs)]

    async def close(self) -> None:
        """Waits for requests that run, and closes the connections."""
        await asyncio.to_thread(self._threads.shutdown)
        self._wrapped.close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()
