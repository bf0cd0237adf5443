"""The client: gradients, datasets and jobs of one service."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import TracebackType
from typing import Any
from urllib.parse import quote

import numpy.typing as npt

from .answer import Answer, decode
from .connection import DEFAULT_RETRIES, MEDIA_TYPE, Connection
from .datasets import Datasets
from .jobs import Job, Progress
from .request import Batch, Extra, Loss, Network, Penalty, batch_of, encode

DEFAULT_URL = "http://127.0.0.1:3000"
DEFAULT_TIMEOUT = 300.0


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

    def gradients(
        self,
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
    ) -> Answer:
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
        body = encode(network, batch_of(batch, dataset, rows, indices, sample_weights), loss, penalty, include)
        headers = {"Content-Type": MEDIA_TYPE}
        response = self._connection.request("POST", "/gradients", expected=MEDIA_TYPE, body=body, headers=headers)
        return decode(response.data)

    def submit(
        self,
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
        idempotency_key: str | None = None,
    ) -> Job:
        """Submits what `gradients` asks for as a job, which may take longer than a request, and goes on if this program ends.

        idempotency_key: the same key and request give the same job; by default a new one, under which retries make one job.

        Raises the exceptions of `gradients` if the request is wrong by itself. What only the data shows fails the job.
        """
        body = encode(network, batch_of(batch, dataset, rows, indices, sample_weights), loss, penalty, include)
        headers = {
            "Content-Type": MEDIA_TYPE,
            "Prefer": "respond-async",
            "Idempotency-Key": idempotency_key or uuid.uuid4().hex,
        }
        return self._job(self._connection.ask("POST", "/gradients", body=body, headers=headers))

    def job(self, id: str) -> Job:
        """A job by its id, such as one that another program has submitted. Raises `Problem` (404) if there is none."""
        return self._job(self._connection.ask("GET", f"/jobs/{quote(id, safe='')}"))

    def jobs(self) -> list[Job]:
        """The jobs of this client's owner, newest first."""
        return [self._job(document) for document in self._connection.ask("GET", "/jobs")["jobs"]]

    def _job(self, document: Mapping[str, Any]) -> Job:
        return Job(self._connection, Progress.of(document))

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
