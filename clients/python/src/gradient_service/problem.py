"""Why a request has no answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One thing wrong with a request."""

    pointer: str
    """JSON pointer (RFC 6901) into the request's JSON document, as in ``/network/layers/0/weights/1``."""
    detail: str


class Problem(Exception):
    """The service, or a proxy before it, refused: a problem document (RFC 9457), or what comes nearest to one."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.type: str = document.get("type", "about:blank")
        """As in ``/problems/shape-mismatch``, a path of the service that says what it means and what to do."""
        self.title: str = document.get("title", "")
        self.status: int = document["status"]
        self.detail: str = document.get("detail", "")
        self.errors = tuple(Finding(error["pointer"], error["detail"]) for error in document.get("errors", ()))
        self.step: str | None = document.get("step")
        """Where the first value arose that is not finite."""
        self.layer: int | None = document.get("layer")
        """In which layer that was."""
        lines = [f"{self.status} {self.title}: {self.detail}"]
        super().__init__("\n  ".join(lines + [f"{error.pointer}: {error.detail}" for error in self.errors]))
        self._document = document

    def __reduce__(self) -> tuple[type[Problem], tuple[dict[str, Any]]]:
        return Problem, (self._document,)


def problem_of(status: int, reason: str, media_type: str, body: bytes) -> Problem:
    """The problem in an answer; if it is no problem document, what can be said of it."""
    if media_type == "application/problem+json":
        try:
            document: dict[str, Any] = json.loads(body)
            return Problem({**document, "status": status})
        except (ValueError, KeyError, TypeError):
            pass
    start = body[:200].decode("utf-8", "replace").strip()
    return Problem({"status": status, "title": reason, "detail": f"no answer of the gradient service: {start or 'no text'}"})
