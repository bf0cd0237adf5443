"""Datasets and jobs of the running service (GRADIENTS_URL)."""

from __future__ import annotations

import pathlib
import tempfile
import unittest
from typing import Any

import numpy as np
from test_answers import as_document

from gradient_service import Batch, Chunks, Client, Layer, Problem, operations

RANDOM = np.random.default_rng(1)
X = RANDOM.normal(size=(50, 4))
Y = RANDOM.normal(size=(50, 2))
CLASSES = RANDOM.integers(0, 2, 50)
WEIGHTS = RANDOM.uniform(1, 2, 50)
NETWORK = [Layer(RANDOM.normal(size=(3, 4)), np.zeros(3), "tanh"), Layer(RANDOM.normal(size=(2, 3)), np.zeros(2))]


class Data(unittest.TestCase):
    def setUp(self) -> None:
        self.client = Client()
        self.addCleanup(self.client.close)

    def put(self, *arguments: Any, **options: Any) -> None:
        self.client.datasets.put("data", *arguments, **options)
        self.addCleanup(self.client.datasets.delete, "data")

    def same(self, batch: Batch, loss: str = "mse", **options: Any) -> None:
        """The answer on the dataset has the bits of that on the batch."""
        answer = self.client.gradients(NETWORK, dataset="data", loss=loss, include=["outputs"], **options)
        self.assertEqual(as_document(answer), as_document(self.client.gradients(NETWORK, batch, loss, include=["outputs"])))


class Datasets(Data):
    def test_its_description(self) -> None:
        self.put(X, Y)
        dataset = self.client.datasets.get("data")
        self.assertEqual((dataset.name, dataset.samples, dataset.features, dataset.dtype), ("data", 50, 4, "F64"))
        self.assertIn(dataset, self.client.datasets.list())
        self.assertEqual(self.client.datasets.put("data", X, Y, if_match=dataset.etag).etag, dataset.etag)
        with self.assertRaises(Problem) as caught:
            self.client.datasets.put("data", X, Y, if_none_match="*")
        self.assertEqual((caught.exception.status, caught.exception.type), (412, "/problems/precondition-failed"))

    def test_the_whole_rows_and_indices(self) -> None:
        self.put(X, Y)
        self.same(Batch(X, Y))
        self.same(Batch(X[10:20], Y[10:20]), rows=(10, 20))
        chosen = [7, 3, 7, 49]
        self.same(Batch(X[chosen], Y[chosen]), indices=chosen)
        self.same(Batch(X[:5], Y[:5], WEIGHTS[:5]), rows=(0, 5), sample_weights=WEIGHTS[:5])

    def test_classes_weights_and_dtypes(self) -> None:
        self.put(X.astype(np.float32), CLASSES, sample_weights=WEIGHTS)
        self.same(Batch(X.astype(np.float32), CLASSES, WEIGHTS), "cross_entropy")
        self.client.datasets.put("data", (X * 10).astype(np.int8), CLASSES.astype(np.uint8)[:, None], sample_weights=WEIGHTS)
        with self.assertRaises(Problem) as caught:
            self.client.gradients(NETWORK, dataset="data")
        self.assertEqual(caught.exception.status, 422)

    def test_chunks(self) -> None:
        self.put(Chunks(X.shape, X.dtype, lambda: np.split(X, 5)), Chunks(Y.shape, Y.dtype, lambda: np.split(Y, 2)))
        self.same(Batch(X, Y))

    def test_csv(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "data.csv")
            np.savetxt(file, np.hstack([X, Y]), "%r", ",", header="a,b,c,d,e,f", comments="")
            self.client.datasets.put_file("data", file, targets=["e", "f"])
        self.addCleanup(self.client.datasets.delete, "data")
        self.same(Batch(X, Y))

    def test_problems(self) -> None:
        for status, kind, act in (
            (422, "unknown-dataset", lambda: self.client.gradients(NETWORK, dataset="none")),
            (404, "not-found", lambda: self.client.datasets.get("none")),
            (404, "not-found", lambda: self.client.datasets.delete("none")),
            (403, "place-not-allowed", lambda: self.client.datasets.put_url("none", "file:///etc/passwd")),
            (422, "shape-mismatch", lambda: self.client.datasets.put("none", X, Y[:7])),
        ):
            with self.subTest(kind), self.assertRaises(Problem) as caught:
                act()
            self.assertEqual((caught.exception.status, caught.exception.type), (status, f"/problems/{kind}"))


class Jobs(Data):
    def test_its_result_is_the_inline_answer(self) -> None:
        self.put(X, CLASSES)
        seen: list[str] = []
        job = self.client.submit(operations.gradients(NETWORK, dataset="data", loss="cross_entropy"))
        self.addCleanup(job.cancel)
        progress = job.wait(60, show=lambda progress: seen.append(progress.state))
        self.assertEqual((progress.state, progress.completed), ("succeeded", progress.total))
        self.assertEqual(seen[-1], "succeeded")
        inline = self.client.gradients(NETWORK, Batch(X, CLASSES), "cross_entropy")
        self.assertEqual(as_document(job.result()), as_document(inline))
        self.assertEqual(as_document(self.client.job(job.id).result()), as_document(inline))
        self.assertIn(job.id, [other.id for other in self.client.jobs()])

    def test_a_key_makes_one_job(self) -> None:
        jobs = [self.client.submit(operations.gradients(NETWORK, Batch(X, Y)), idempotency_key="one") for _ in range(2)]
        self.addCleanup(jobs[0].cancel)
        self.assertEqual(jobs[0].id, jobs[1].id)
        with self.assertRaises(Problem) as caught:
            self.client.submit(operations.gradients(NETWORK, Batch(X, Y), "l1"), idempotency_key="one")
        self.assertEqual(caught.exception.type, "/problems/idempotency-key-reused")

    def test_a_job_that_fails_and_one_that_is_wrong(self) -> None:
        self.put(X, np.full(50, 7))
        job = self.client.submit(operations.gradients(NETWORK, dataset="data", loss="cross_entropy"))
        self.addCleanup(job.cancel)
        with self.assertRaises(Problem) as caught:
            job.result(60)
        self.assertEqual((caught.exception.status, caught.exception.type), (422, "/problems/out-of-domain"))
        self.assertIn("failed", repr(job))
        with self.assertRaises(Problem):
            self.client.submit(operations.gradients(NETWORK, dataset="none"))

    def test_cancel(self) -> None:
        job = self.client.submit(operations.gradients(NETWORK, Batch(X, Y)))
        job.cancel()
        with self.assertRaises(Problem) as caught:
            job.progress()
        self.assertEqual(caught.exception.status, 404)
