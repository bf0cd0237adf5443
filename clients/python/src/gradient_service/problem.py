"""Errors of the service."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One error in a request."""

    pointer: str
    """JSON pointer (RFC 6901) into the request's JSON document, such as ``/network/layers/0/weights/1``."""
    detail: str


class Problem(Exception):
    """A refusal by the service or by a proxy in front of it: a problem document (RFC 9457), or the closest equivalent."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.type: str = document.get("type", "about:blank")
        """Such as ``/problems/shape-mismatch``: a path of the service that explains the problem."""
        self.title: str = document.get("title", "")
        self.status: int = document["status"]
        self.detail: str = document.get("detail", "")
        self.errors = tuple(Finding(error["pointer"], error["detail"]) for error in document.get("errors", ()))
        self.step: str | None = document.get("step")
        """The step at which the first non-finite value was computed."""
        self.layer: int | None = document.get("layer")
        """The layer of that value."""
        lines = [f"{self.status} {self.title}: {self.detail}"]
        super().__init__("\n  ".join(lines + [f"{error.pointer}: {error.detail}" for error in self.errors]))
        self.document = document
        """All of it, as the service sent it."""

    def __reduce__(self) -> tuple[type[Problem], tuple[dict[str, Any]]]:
        return Problem, (self.document,)


def problem_of(status: int, reason: str, media_type: str, body: bytes) -> Problem:
    """The problem in an answer; if the answer is not a problem document, one made from its status and text."""
    if media_type == "application/problem+json":
        try:
            document: dict[str, Any] = json.loads(body)
            return Problem({**document, "status": status})
        except (ValueError, KeyError, TypeError):
            pass
    start = body[:200].decode("utf-8", "replace").strip()
    return Problem({"status": status, "title": reason, "detail": f"no answer of the gradient service: {start or 'no text'}"})
