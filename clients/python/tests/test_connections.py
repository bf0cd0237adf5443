"""Retries and connection errors, with a scripted server."""

from __future__ import annotations

import threading
import unittest
from typing import Any
from unittest import mock

from stub import Step, Stub, cut_off, refused, reset, right, wait

from gradient_service import Answer, Batch, Client, Layer, Problem, gradients

NETWORK = [Layer([[1.0]])]
BATCH = Batch([[1.0]], [[0.0]])


def ask(stub: Stub, **options: Any) -> Answer:
    with Client(stub.url, **options) as client:
        return client.gradients(NETWORK, BATCH)


class Retries(unittest.TestCase):
    def test_retries_until_there_is_an_answer(self) -> None:
        troubles: dict[str, Step] = {
            "503": refused(503, Retry_After="0"),
            "503 without Retry-After": refused(503),
            "429": refused(429, Retry_After="0"),
            "reset": reset,
            "cut off": cut_off,
        }
        for name, trouble in troubles.items():
            with self.subTest(name), Stub(trouble, right) as stub:
                self.assertEqual(ask(stub).gradients[0].weights.tolist(), [[2]])
                first, second = stub.requests
                self.assertEqual(first.body, second.body)

    def test_pauses_are_what_retry_after_says_and_a_random_part(self) -> None:
        steps = (refused(503, Retry_After="7"), refused(503), reset, right)
        with Stub(*steps) as stub, mock.patch("time.sleep") as sleep, mock.patch("random.uniform", side_effect=max) as uniform:
            ask(stub)
        self.assertEqual([call.args for call in uniform.call_args_list], [(0, 0.25), (0, 0.5), (0, 1)])
        self.assertEqual([call.args for call in sleep.call_args_list], [(7.25,), (0.5,), (1,)])

    def test_retries_after_broken_connections_are_limited(self) -> None:
        for retries in (0, 2):
            with Stub(*[reset] * (retries + 1)) as stub, mock.patch("time.sleep"), self.assertRaises(ConnectionError):
                ask(stub, retries=retries)
            self.assertEqual(stub.steps, [])

    def test_patience_is_limited(self) -> None:
        for after, times in (("9", 1), ("4", 3)):
            with Stub(*[refused(503, Retry_After=after)] * times) as stub, mock.patch("random.uniform", return_value=0):
                with mock.patch("gradient_service.connection.time") as time, self.assertRaises(Problem) as caught:
                    time.monotonic.side_effect = [100, 100, 104, 108]
                    ask(stub, patience=8.5)
            self.assertEqual((caught.exception.status, caught.exception.title), (503, "Busy"))
            self.assertEqual((stub.steps, time.sleep.call_count), ([], times - 1))

    def test_permanent_errors_are_not_retried(self) -> None:
        for status in (400, 413, 422, 500, 504):
            with self.subTest(status), Stub(refused(status)) as stub, self.assertRaises(Problem):
                ask(stub)

    def test_timeouts_are_not_retried(self) -> None:
        event = threading.Event()
        with Stub(wait(event)) as stub, self.assertRaisesRegex(TimeoutError, "has not answered in time"):
            ask(stub, timeout=0.1)
        event.set()
        self.assertEqual(len(stub.requests), 1)


class Connections(unittest.TestCase):
    def test_one_connection_for_all_requests(self) -> None:
        with Stub(right, right, right) as stub:
            for _ in range(3):
                gradients(NETWORK, BATCH, url=stub.url)
        self.assertEqual(len({request.client_address for request in stub.requests}), 1)

    def test_the_key(self) -> None:
        with Stub(right, right) as stub:
            ask(stub, api_key="secret")
            ask(stub)
        self.assertEqual([request.headers["Authorization"] for request in stub.requests], ["Bearer secret", None])

    def test_redirects_do_not_receive_the_key(self) -> None:
        with Stub(refused(307, Location="http://127.0.0.1:9/")) as stub, self.assertRaises(Problem) as caught:
            ask(stub, api_key="secret")
        self.assertEqual(caught.exception.status, 307)

    def test_no_server(self) -> None:
        with Stub() as stub:
            pass
        with self.assertRaises(ConnectionError) as caught:
            ask(stub, retries=0)
        self.assertEqual(str(caught.exception), f"{stub.url} does not answer: Connection refused")
        with self.assertRaises(ConnectionError) as caught:
            gradients(NETWORK, BATCH, url="http://name.invalid", retries=0)
        self.assertRegex(str(caught.exception), r"^http://name.invalid does not answer: [^<]*$")

    def test_several_urls(self) -> None:
        with Stub() as stopped:
            pass
        with Stub(right, right, right) as first, Stub(right, refused(503), right) as second, mock.patch("time.sleep") as sleep:
            with Client(f"{first.url}/, {second.url}") as client:
                for _ in range(4):
                    client.gradients(NETWORK, BATCH)
            self.assertEqual((len(first.requests), len(second.requests)), (3, 2), "the fourth is refused, and goes to the first")
            with Client([stopped.url, second.url], retries=0) as client:
                client.gradients(NETWORK, BATCH)
        self.assertEqual([call.args for call in sleep.call_args_list], [(0,), (0,)])
        with self.assertRaisesRegex(ConnectionError, "refused"), Client([stopped.url] * 2, retries=0) as client:
            client.gradients(NETWORK, BATCH)
        with self.assertRaisesRegex(ValueError, "at least one URL"):
            Client([])
        with self.assertRaisesRegex(ValueError, "http:// or https://, got 'localhost'"):
            Client(["http://localhost", "localhost"])

    def test_a_different_server(self) -> None:
        html = b"<h1>Hello</h1>"
        for status, title in ((502, "Bad Gateway"), (200, "OK")):
            with self.subTest(status), Stub(lambda handler: handler.answer(status, html, "text/html")) as stub:
                with self.assertRaises(Problem) as caught:
                    ask(stub)
                self.assertEqual(
                    str(caught.exception), f"{status} {title}: no answer of the gradient service: <h1>Hello</h1>"
                )
                self.assertEqual(caught.exception.type, "about:blank")
        with Stub(lambda handler: handler.answer(400, b"[", "application/problem+json")) as stub:
            with self.assertRaisesRegex(Problem, "400 Bad Request: no answer of the gradient service"):
                ask(stub)
