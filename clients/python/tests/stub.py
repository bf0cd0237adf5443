"""A server with scripted behaviour, in place of the service."""

from __future__ import annotations

import copy
import json
import socket
import struct
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
from safetensors.numpy import save

MEDIA_TYPE = "application/vnd.safetensors"
ANSWER = save({"loss": np.array(0.5), "divisor": np.array(1.0), "gradients.0.weights": np.array([[2.0]])})


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def react(self) -> None:
        stub = self.server
        assert isinstance(stub, Stub)
        length = int(self.headers.get("Content-Length", "0"))
        self.body = self.rfile.read(length)
        # The client gave up while it sent: that is no request.
        if len(self.body) < length:
            self.close_connection = True
            return
        # The handler is that of the connection: its next request overwrites it.
        stub.requests.append(copy.copy(self))
        stub.steps.pop(0)(self)

    do_DELETE = do_GET = do_POST = do_PUT = react

    def answer(self, status: int, body: bytes, media_type: str = MEDIA_TYPE, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content_Type": media_type, "Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


Step = Callable[[Handler], None]


def right(handler: Handler) -> None:
    handler.answer(200, ANSWER)


def document(value: Any, status: int = 200, **headers: str) -> Step:
    """Answers with a JSON document."""
    return lambda handler: handler.answer(status, json.dumps(value).encode(), "application/json", **headers)


def refused(status: int, **headers: str) -> Step:
    return lambda handler: handler.answer(status, b'{"title":"Busy","detail":"as it is"}', "application/problem+json", **headers)


def reset(handler: Handler) -> None:
    """Closes the connection before any answer."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()


def cut_off(handler: Handler) -> None:
    """Closes the connection in the middle of an answer."""
    handler.answer(200, ANSWER[:20], Content_Length=str(len(ANSWER)))
    handler.close_connection = True


def wait(event: threading.Event) -> Step:
    """Answers once the event is set."""

    def step(handler: Handler) -> None:
        event.wait()
        right(handler)

    return step


class Stub(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, *steps: Step) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.steps = list(steps)
        self.requests: list[Handler] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """Ignores clients that disconnect."""

    def __enter__(self) -> Stub:
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()
