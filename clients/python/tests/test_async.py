"""The client for asyncio."""

from __future__ import annotations

import asyncio
import inspect
import unittest
from typing import Any
from unittest import mock

import numpy as np
from stub import Stub, document, refused, right
from test_answers import ARTICLE, BATCH, LAYERS
from test_jobs import NETWORK, queued, state

from gradient_service import AsyncClient, AsyncDatasets, AsyncJob, Batch, Client, Job, Problem, operations
from gradient_service.datasets import Datasets


def public(kind: type) -> set[str]:
    return {name for name, value in inspect.getmembers(kind) if callable(value) and not name.startswith("_")}


class Async(unittest.IsolatedAsyncioTestCase):
    def test_it_has_all_methods(self) -> None:
        self.assertEqual(public(AsyncClient), public(Client))
        self.assertEqual(public(AsyncDatasets), public(Datasets))
        self.assertEqual(public(AsyncJob), public(Job) - {"steps", "fetch"})
        for name in public(operations.Request) | {"gradients", "hvp"}:
            if hasattr(Client, name):
                self.assertEqual(inspect.signature(getattr(AsyncClient, name)), inspect.signature(getattr(Client, name)))
                self.assertEqual(getattr(AsyncClient, name).__doc__, getattr(Client, name).__doc__)

    async def test_requests_at_the_same_time(self) -> None:
        async with AsyncClient() as client:
            answers = await asyncio.gather(*(client.gradients(LAYERS, BATCH) for _ in range(20)))
            self.assertEqual({answer.loss for answer in answers}, {ARTICLE})
            asked = await client.ask(operations.jacobian(LAYERS, Batch(BATCH.inputs), of="inputs"))
            self.assertEqual(asked.matrix.shape, (2, 2, 2))
            with self.assertRaises(Problem):
                await client.gradients(LAYERS, Batch([[1.0]], [[1.0]]))

    async def test_datasets_and_jobs(self) -> None:
        async with AsyncClient() as client:
            description = await client.datasets.put("async", np.asarray(BATCH.inputs), np.asarray(BATCH.targets))
            self.assertEqual(description.samples, 2)
            job = await client.submit(operations.gradients(LAYERS, dataset="async"))
            self.assertEqual((await job.result(60)).loss, ARTICLE)
            self.assertIn(job.id, [other.id for other in await client.jobs()])
            self.assertEqual((await (await client.job(job.id)).progress()).state, "succeeded")
            self.assertRegex(repr(job), f"^<Job {job.id}: .* succeeded>$")
            await job.cancel()
            await client.datasets.delete("async")

    async def test_waiting(self) -> None:
        steps = (queued, state("running", 1, Retry_After="0"), state("succeeded", 4), state("running", 1), state("running", 1))
        seen: list[str] = []
        with Stub(*steps) as stub:
            async with AsyncClient(Client(stub.url)) as client:
                job = await client.submit(operations.gradients(NETWORK, dataset="digits"))
                progress = await job.wait(show=lambda progress: seen.append(progress.state))
                self.assertEqual((progress.completed, seen), (4, ["running", "succeeded"]))
                with mock.patch("gradient_service.jobs.time") as time, self.assertRaises(TimeoutError):
                    time.monotonic.side_effect = [100, 102]
                    await job.wait(timeout=1)

    async def test_a_cancelled_call_ends_at_once(self) -> None:
        with Stub(right, refused(404), document({"jobs": []})) as stub:
            async with AsyncClient(Client(stub.url), connections=1) as client:
                call: asyncio.Task[Any] = asyncio.create_task(client.gradients(NETWORK, Batch([[1.0]], [[0.0]])))
                await asyncio.sleep(0)
                call.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await call
