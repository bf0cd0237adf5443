"""Jobs: what the client sends and how it waits, with a scripted server."""

from __future__ import annotations

import unittest
from typing import Any
from unittest import mock

from stub import Step, Stub, document, refused, reset, right

from gradient_service import Answer, Batch, Client, Job, Layer, Problem, Progress, operations

NETWORK = [Layer([[1.0]])]
PROBLEM = {
    "type": "/problems/out-of-domain",
    "title": "A value is outside its domain",
    "status": 422,
    "detail": "1 problem in the request",
    "errors": [{"pointer": "/batch/classes/7", "detail": "expected <b>"}],
}


def state(name: str, completed: int = 0, status: int = 200, problem: Any = None, **headers: str) -> Step:
    document_ = {"id": "j1", "operation": "gradients", "state": name, "parts": {"total": 4, "completed": completed}}
    return document({**document_, **({"problem": problem} if problem else {})}, status, **headers)


queued = state("queued", status=202, Location="/jobs/j1")


def submit(client: Client) -> Job[Answer]:
    return client.submit(operations.gradients(NETWORK, dataset="digits"))


class Submissions(unittest.TestCase):
    def test_a_retry_has_the_same_key(self) -> None:
        with Stub(reset, refused(503, Retry_After="0"), queued, queued) as stub, Client(stub.url) as client:
            self.assertEqual(submit(client).id, "j1")
            submit(client)
        first, second, third, other = (handler.headers["Idempotency-Key"] for handler in stub.requests)
        self.assertRegex(first, "^[0-9a-f]{32}$")
        self.assertEqual({first}, {second, third})
        self.assertNotEqual(first, other)
        self.assertEqual({handler.headers["Prefer"] for handler in stub.requests}, {"respond-async"})
        self.assertEqual({handler.path for handler in stub.requests}, {"/gradients"})

    def test_a_given_key(self) -> None:
        with Stub(queued) as stub, Client(stub.url) as client:
            client.submit(operations.gradients(NETWORK, Batch([[1.0]], [[0.0]])), idempotency_key="night-1")
        self.assertEqual(stub.requests[0].headers["Idempotency-Key"], "night-1")

    def test_a_wrong_request_is_refused_at_once(self) -> None:
        with Stub(refused(422)) as stub, Client(stub.url) as client, self.assertRaises(Problem):
            submit(client)

    def test_jobs_found_again(self) -> None:
        parts = {"total": 1, "completed": 0}
        jobs = {"jobs": [{"id": name, "operation": "hvp", "state": "queued", "parts": parts} for name in ("j2", "j1")]}
        with Stub(document(jobs), state("running", 1)) as stub, Client(stub.url) as client:
            self.assertEqual([job.id for job in client.jobs()], ["j2", "j1"])
            self.assertEqual(repr(client.job("j1")), f"<Job j1: [#######{'-' * 23}] 1 of 4 parts, running>")
        self.assertEqual([handler.path for handler in stub.requests], ["/jobs", "/jobs/j1"])


class Waiting(unittest.TestCase):
    def test_progress_and_result(self) -> None:
        steps = (queued, state("running", 1), state("running", 2, Retry_After="7"), state("running", 2), state("succeeded", 4), right)
        seen: list[str] = []
        with Stub(*steps) as stub, Client(stub.url) as client, mock.patch("gradient_service.jobs.time.sleep") as sleep:
            job = submit(client)
            self.assertEqual(job.progress(), Progress("j1", "running", 1, 4))
            progress = job.wait(show=lambda progress: seen.append(f"{progress.completed} {progress.state}"))
            self.assertEqual((progress.ended, progress.state), (True, "succeeded"))
            self.assertEqual([call.args for call in sleep.call_args_list], [(7,), (1,)])
            stub.steps[:0] = [state("succeeded", 4)]
            self.assertEqual(job.result().gradients[0].weights.tolist(), [[2]])
        self.assertEqual(seen, ["2 running", "4 succeeded"])
        self.assertEqual(stub.requests[-1].path, "/jobs/j1/result")

    def test_the_time_limit(self) -> None:
        with Stub(queued, state("running", 1), state("running", 2)) as stub, Client(stub.url) as client:
            job = submit(client)
            with mock.patch("gradient_service.jobs.time") as time:
                time.monotonic.side_effect = [100, 100.5, 101.5]
                with self.assertRaisesRegex(TimeoutError, "job j1 has not ended in 1 s: .* 2 of 4 parts, running"):
                    job.result(timeout=1)
            time.sleep.assert_called_once_with(0.5)

    def test_a_job_that_failed(self) -> None:
        refusal = lambda handler: handler.answer(422, b'{"title":"T","detail":"d"}', "application/problem+json")  # noqa: E731
        with Stub(queued, state("failed", 1, problem=PROBLEM), refusal) as stub, Client(stub.url) as client:
            job = submit(client)
            with self.assertRaisesRegex(Problem, "422 T: d"):
                job.result()
            self.assertIn("A value is outside its domain", repr(job))
            self.assertIn("/batch/classes/7: expected &lt;b&gt;", job._repr_html_())

    def test_cancel(self) -> None:
        with Stub(queued, lambda handler: handler.answer(204, b""), refused(404)) as stub, Client(stub.url) as client:
            job = submit(client)
            job.cancel()
            with self.assertRaises(Problem):
                job.progress()
        self.assertEqual([(handler.command, handler.path) for handler in stub.requests[1:]], [
            ("DELETE", "/jobs/j1"),
            ("GET", "/jobs/j1"),
        ])

    def test_in_a_notebook(self) -> None:
        with Stub(queued, state("running", 3), refused(404)) as stub, Client(stub.url) as client:
            job = submit(client)
            self.assertEqual(
                job._repr_html_(),
                '<div>Job <code>j1</code><div><progress value="3" max="4"></progress> 3 of 4 parts, running</div></div>',
            )
            self.assertIn("3 of 4 parts", job._repr_html_(), "the last known, since the service says nothing of it")
