"""Jobs: requests that the service answers in its own time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import quote

from .answer import decode
from .connection import JSON, MEDIA_TYPE, Connection
from .problem import Problem

A = TypeVar("A")

State = Literal["queued", "running", "succeeded", "failed"]

_BAR = 30
"""The length of a bar in text."""

_POLL_SECONDS = 1.0
"""How often to ask for a job if the service does not say so."""


@dataclass(frozen=True)
class Progress:
    """How far a job is."""

    id: str
    state: State
    completed: int
    """The parts that have been computed."""
    total: int
    """The parts that there are."""
    problem: Problem | None = None
    """Why the job failed."""

    @staticmethod
    def of(document: Mapping[str, Any]) -> Progress:
        """Reads the service's description of a job."""
        parts, problem = document["parts"], document.get("problem")
        return Progress(
            id=document["id"],
            state=document["state"],
            completed=parts["completed"],
            total=parts["total"],
            problem=None if problem is None else Problem(problem),
        )

    @property
    def ended(self) -> bool:
        return self.state in ("succeeded", "failed")

    def __str__(self) -> str:
        bar = "#" * (_BAR * self.completed // max(1, self.total))
        problem = "" if self.problem is None else f"  {self.problem}"
        return f"[{bar:-<{_BAR}}] {self.completed} of {self.total} parts, {self.state}{problem}"

    def _repr_html_(self) -> str:
        bar = f'<progress value="{self.completed}" max="{max(1, self.total)}"></progress>'
        problem = "" if self.problem is None else f"<pre>{escape(str(self.problem))}</pre>"
        return f"<div>{bar} {self.completed} of {self.total} parts, {self.state}{problem}</div>"


class Job(Generic[A]):
    """A job of the service. It goes on if this program ends: `Client.job` finds it again by its id."""

    def __init__(self, connection: Connection, progress: Progress, answer: type[A]) -> None:
        self.id = progress.id
        self._path = f"/jobs/{quote(progress.id, safe='')}"
        self._connection = connection
        self._last = progress
        self._answer = answer

    def progress(self) -> Progress:
        """Asks the service how far the job is. Raises `Problem` (404) if the job has been cancelled or has expired."""
        return self._ask()[0]

    def wait(self, timeout: float | None = None, show: Callable[[Progress], object] | None = None) -> Progress:
        """Waits until the job has succeeded or failed.

        timeout: the longest time to wait, in seconds; then TimeoutError, and the job goes on. None: no limit.
        show: is called with each new progress, as in ``job.wait(show=print)``.
        """
        steps = self.steps(timeout, show)
        while True:
            try:
                time.sleep(next(steps))
            except StopIteration as end:
                progress: Progress = end.value
                return progress

    def steps(self, timeout: float | None, show: Callable[[Progress], object] | None) -> Generator[float, None, Progress]:
        """What `wait` does, but for the pauses: yields their seconds, and returns the last progress."""
        end = None if timeout is None else time.monotonic() + timeout
        shown = None
        while True:
            progress, pause = self._ask()
            if show is not None and progress != shown:
                show(progress)
                shown = progress
            if progress.ended:
                return progress
            if end is not None:
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"job {self.id} has not ended in {timeout} s: {progress}")
                pause = min(pause, left)
            yield pause

    def result(self, timeout: float | None = None) -> A:
        """The answer of its operation, once the job has ended.

        Raises `Problem` if the job failed, and TimeoutError as `wait` does.
        """
        self.wait(timeout)
        return self.fetch()

    def fetch(self) -> A:
        """The answer of a job that has ended. Raises `Problem` if the job failed, or has not ended."""
        return decode(self._answer, self._connection.request("GET", f"{self._path}/result", expected=MEDIA_TYPE).data)

    def cancel(self) -> None:
        """Ends the job if it runs, and removes it with its result."""
        self._connection.request("DELETE", self._path, expected=None)

    def _ask(self) -> tuple[Progress, float]:
        """The progress, and the seconds after which to ask again."""
        response = self._connection.request("GET", self._path, expected=JSON)
        self._last = Progress.of(json.loads(response.data))
        after = response.headers.get("Retry-After", "")
        return self._last, float(after) if after.isdecimal() else _POLL_SECONDS

    def __repr__(self) -> str:
        """The progress as last known, without asking the service."""
        return f"<Job {self.id}: {self._last}>"

    def _repr_html_(self) -> str:
        """The progress as it is when a notebook shows the job."""
        if not self._last.ended:
            try:
                self.progress()
            except (Problem, OSError):
                pass  # The last known one is shown: a display must not fail.
        return f"<div>Job <code>{escape(self.id)}</code>{self._last._repr_html_()}</div>"
