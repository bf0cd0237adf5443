"""HTTP with one service: keeps connections open, and retries requests that were refused temporarily."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError, MaxRetryError, ReadTimeoutError
from urllib3.util import Retry, Timeout

from .problem import problem_of

MEDIA_TYPE = "application/vnd.safetensors"
JSON = "application/json"
DEFAULT_RETRIES = 4

_CONNECT_TIMEOUT = 10


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


class Connection:
    """Persistent connections to one service. Threads may share it."""

    def __init__(self, url: str, api_key: str | None, timeout: float, retries: int) -> None:
        self.url = url
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._timeout = timeout
        self._pool = urllib3.PoolManager(maxsize=16, retries=_Retry(retries))

    def request(
        self,
        method: str,
        path: str,
        *,
        expected: str | None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The response to a request, if its status is one of success.

        expected: the media type of its body; None: it has none.
        body: bytes, a file, or an iterable of bytes that can be iterated again for a retry; with Content-Length in `headers`.

        Raises `Problem` if the service refuses the request, TimeoutError if it does not answer in time, ConnectionError if it
        cannot be reached.
        """
        # While a body is sent, urllib3 applies the time limit of the connection: a stream may wait for the disk of the service.
        is_stream = body is not None and not isinstance(body, bytes)
        timeout = Timeout(connect=self._timeout if is_stream else min(self._timeout, _CONNECT_TIMEOUT), read=self._timeout)
        accept = {} if expected is None else {"Accept": expected}
        try:
            response = self._pool.request(
                method,
                f"{self.url}{path}",
                body=body,
                headers={**accept, **self._headers, **(headers or {})},
                timeout=timeout,
                redirect=False,
            )
        except ReadTimeoutError as error:
            raise TimeoutError(f"{self.url} has not answered in time") from error
        except HTTPError as error:
            reason = error.reason if isinstance(error, MaxRetryError) else error
            raise ConnectionError(f"{self.url} does not answer: {reason}") from error
        media_type = response.headers.get("Content-Type", "").partition(";")[0].strip()
        if not 200 <= response.status < 300 or (expected is not None and media_type != expected):
            raise problem_of(response.status, response.reason or "", media_type, response.data)
        return response

    def ask(self, method: str, path: str, *, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
        """The JSON document that answers a request. Raises the exceptions of `request`."""
        return json.loads(self.request(method, path, expected=JSON, body=body, headers=headers).data)

    def close(self) -> None:
        """Closes the connections."""
        self._pool.clear()
