"""The client: keeps connections open, and retries requests that were refused temporarily."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import TracebackType
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError, MaxRetryError, ReadTimeoutError
from urllib3.util import Retry, Timeout

from .answer import Answer, decode
from .problem import problem_of
from .request import Batch, Extra, Loss, Network, encode

MEDIA_TYPE = "application/vnd.safetensors"
DEFAULT_URL = "http://127.0.0.1:3000"
DEFAULT_TIMEOUT = 300.0
DEFAULT_RETRIES = 4


class _Retry(Retry):  # type: ignore[misc, unused-ignore]
    """Retries temporary refusals and broken connections, which is always safe, but not timeouts."""

    def __init__(self, total: int = DEFAULT_RETRIES, **options: Any) -> None:
        options.setdefault("backoff_factor", 0.25)
        super().__init__(
            total, **{**options, "status_forcelist": (429, 503), "allowed_methods": None, "raise_on_status": False}
        )

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: Any = None,
        error: Exception | None = None,
        _pool: Any = None,
        _stacktrace: TracebackType | None = None,
    ) -> Any:
        if isinstance(error, ReadTimeoutError):
            raise error
        return super().increment(method, url, response, error, _pool, _stacktrace)


class Client:
    """A client for one service, with persistent connections. Threads may share it.

    url: of the service; by default GRADIENTS_URL from the environment, or http://127.0.0.1:3000.
    api_key: if the service requires one; by default GRADIENTS_API_KEY from the environment.
    timeout: the longest time without data from the service, in seconds.
    retries: the most retries after 503 or 429 (after Retry-After seconds) or a broken connection (with back-off).
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        api_key: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        retries: int = DEFAULT_RETRIES,
    ) -> None:
        self.url = _url(url)
        key = _api_key(api_key)
        self._headers = {"Content-Type": MEDIA_TYPE, "Accept": MEDIA_TYPE}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._pool = urllib3.PoolManager(
            maxsize=16, timeout=Timeout(connect=min(timeout, 10), read=timeout), retries=_Retry(retries)
        )

    def gradients(
        self,
        network: Network,
        batch: Batch | Mapping[str, Any],
        loss: Loss = "mse",
        *,
        include: Sequence[Extra] | Extra = (),
    ) -> Answer:
        """The loss of a network on a batch, and its gradients with respect to every weight and bias.

        network: the layers, each a `Layer` or a dictionary with the same keys; or the API's document ``{"layers": [...]}``.
        batch: a `Batch`, or a dictionary with the same keys.
        loss: a name, or ``{"type": name, "reduction": ..., ...options}``.
        include: names of extra values for the answer.

        Raises `Problem` if the service refuses the request, TimeoutError if it does not answer in time, ConnectionError if it
        cannot be reached.
        """
        body = encode(network, batch, loss, include)
        try:
            response = self._pool.request("POST", f"{self.url}/gradients", body=body, headers=self._headers, redirect=False)
        except ReadTimeoutError as error:
            raise TimeoutError(f"{self.url} has not answered in time") from error
        except HTTPError as error:
            reason = error.reason if isinstance(error, MaxRetryError) else error
            raise ConnectionError(f"{self.url} does not answer: {reason}") from error
        media_type = response.headers.get("Content-Type", "").partition(";")[0].strip()
        if response.status != 200 or media_type != MEDIA_TYPE:
            raise problem_of(response.status, response.reason or "", media_type, response.data)
        return decode(response.data)

    def close(self) -> None:
        """Closes the connections."""
        self._pool.clear()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def gradients(
    network: Network,
    batch: Batch | Mapping[str, Any],
    loss: Loss = "mse",
    *,
    include: Sequence[Extra] | Extra = (),
    url: str | None = None,
    api_key: str | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    retries: int = DEFAULT_RETRIES,
) -> Answer:
    """Like `Client.gradients`, with the options of `Client`. Calls with the same options share connections."""
    return shared_client(url, api_key, timeout, retries).gradients(network, batch, loss, include=include)


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
