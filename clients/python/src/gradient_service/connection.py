"""HTTP with one service: keeps connections open, and retries requests that were refused temporarily."""

from __future__ import annotations

import itertools
import json
import random
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.util import Retry, Timeout

from .problem import Problem, problem_of

MEDIA_TYPE = "application/vnd.safetensors"
JSON = "application/json"
DEFAULT_RETRIES = 4
DEFAULT_PATIENCE = 60.0

_CONNECT_TIMEOUT = 10
_BUSY = (429, 503)
_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 8.0


class Connection:
    """Persistent connections to one service, which may have several URLs. Threads may share it."""

    def __init__(self, urls: Sequence[str], api_key: str | None, timeout: float, retries: int, patience: float) -> None:
        self._urls = urls
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._timeout = timeout
        self._retries = retries
        self._patience = patience
        self._turn = itertools.count()
        self._pool = urllib3.PoolManager(num_pools=max(10, len(urls)), maxsize=16)

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

        Requests take turns at the URLs; a retry goes to the next one. Any request may be sent again, since an answer depends on the
        request alone.

        expected: the media type of its body; None: it has none.
        body: bytes, a file, or an iterable of bytes that can be iterated again for a retry; with Content-Length in `headers`.

        Raises `Problem` if the service refuses the request, TimeoutError if it does not answer in time, ConnectionError if it
        cannot be reached.
        """
        headers = {**({} if expected is None else {"Accept": expected}), **self._headers, **(headers or {})}
        start = body.tell() if hasattr(body, "tell") else None
        end = time.monotonic() + self._patience
        broken = 0
        turn = next(self._turn)
        for attempt in itertools.count():
            if attempt > 0 and start is not None:
                body.seek(start)
            url = self._urls[(turn + attempt) % len(self._urls)]
            failure: Exception
            try:
                response = self._send(method, url, path, body, headers)
            except ReadTimeoutError as error:
                raise TimeoutError(f"{url} has not answered in time") from error
            except HTTPError as error:
                failure = ConnectionError(f"{url} does not answer: {_reason(error)}")
                failure.__cause__ = error
                broken += 1
                after = None
            else:
                if response.status not in _BUSY:
                    return _checked(response, expected)
                failure = _problem(response)
                after = Retry().get_retry_after(response)
            pause = _pause(attempt, after) if attempt + 1 >= len(self._urls) else 0
            is_over = time.monotonic() + pause > end if isinstance(failure, Problem) else broken >= self._retries + len(self._urls)
            if is_over:
                raise failure
            time.sleep(pause)

    def _send(self, method: str, url: str, path: str, body: Any, headers: Mapping[str, str]) -> Any:
        # While a body is sent, urllib3 applies the time limit of the connection: a stream may wait for the disk of the service.
        is_stream = body is not None and not isinstance(body, bytes)
        connect = self._timeout if is_stream else min(self._timeout, _CONNECT_TIMEOUT)
        timeout = Timeout(connect=connect, read=self._timeout)
        return self._pool.request(method, f"{url}{path}", body=body, headers=headers, timeout=timeout, retries=False, redirect=False)

    def ask(self, method: str, path: str, *, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
        """The JSON document that answers a request. Raises the exceptions of `request`."""
        return json.loads(self.request(method, path, expected=JSON, body=body, headers=headers).data)

    def close(self) -> None:
        """Closes the connections."""
        self._pool.clear()


def _pause(attempt: int, after: float | None) -> float:
    """Seconds until the next attempt: what Retry-After says, and a random part that doubles, so that clients do not return in step."""
    return (after or 0) + random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt))


def _checked(response: Any, expected: str | None) -> Any:
    if not 200 <= response.status < 300 or (expected is not None and _media_type(response) != expected):
        raise _problem(response)
    return response


def _problem(response: Any) -> Problem:
    return problem_of(response.status, response.reason or "", _media_type(response), response.data)


def _media_type(response: Any) -> str:
    name: str = response.headers.get("Content-Type", "").partition(";")[0].strip()
    return name


def _reason(error: BaseException) -> str:
    """Why a connection failed, in the words of the operating system if it has some. urllib3's texts contain addresses of objects."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, OSError):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, OSError):
        return cause.strerror or str(cause)
    return re.sub(r"<[^>]* at 0x[0-9a-fA-F]+>:? ?", "", str(error))
