"""Batches in parts: the answers of the running service (GRADIENTS_URL) to the parts merge to that to the whole."""

from __future__ import annotations

import threading
import unittest
from collections.abc import Mapping
from typing import Any, get_args

import numpy as np
from stub import Step, Stub, refused, right
from test_answers import as_document

from gradient_service import Batch, Client, Extra, Layer, Problem, operations

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(10, 4))
Y = RANDOM.normal(size=(10, 2))
CLASSES = np.array([0, 1, 1, 0, 1, -100, -100, -100, 1, 0])
WEIGHTS = np.array([1.0, 0, 2, 0, 0, 0, 0.5, 1, 0, 3])
"""Of three at a time, the second part counts for nothing."""
NETWORK = [Layer(RANDOM.normal(size=(3, 4)), RANDOM.normal(size=3), "tanh"), Layer(RANDOM.normal(size=(2, 3)))]
ALL = get_args(Extra)
PENALTY = {"l1": 0.1, "l2": 0.5}


class Batches(unittest.TestCase):
    def setUp(self) -> None:
        self.whole = Client()
        self.parts = Client(max_batch=3, connections=2)
        self.addCleanup(self.whole.close)
        self.addCleanup(self.parts.close)

    def same(self, request: operations.Request[Any], tolerance: float = 1e-12) -> None:
        self.compare(as_document(self.parts.ask(request)), as_document(self.whole.ask(request)), tolerance)

    def compare(self, ours: Any, theirs: Any, tolerance: float) -> None:
        if isinstance(theirs, Mapping):
            self.assertEqual(ours.keys(), theirs.keys())
            for key in theirs:
                self.compare(ours[key], theirs[key], tolerance)
        elif isinstance(theirs, list) and isinstance(theirs[0], Mapping):
            for our, their in zip(ours, theirs, strict=True):
                self.compare(our, their, tolerance)
        else:
            self.assertEqual(np.shape(ours), np.shape(theirs))
            np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)

    def test_every_extra_reduction_and_layout(self) -> None:
        batches = {
            "plain": Batch(X, Y),
            "lists": Batch(X.tolist(), Y.tolist(), WEIGHTS.tolist()),
            "weights": Batch(X, Y, WEIGHTS),
            "columns": Batch(X.T, Y.T, WEIGHTS, "columns"),
            "only the last": Batch(X, Y, np.arange(10) // 9),
        }
        for name, batch in batches.items():
            for reduction in ("mean", "sum", "batchmean"):
                for include in (ALL, (), ("gradient_norms", "squared_gradients")):
                    with self.subTest(name, reduction=reduction, include=include):
                        loss = {"type": "huber", "reduction": reduction}
                        self.same(operations.gradients(NETWORK, batch, loss, penalty=PENALTY, include=include))

    def test_classes(self) -> None:
        losses: tuple[Any, ...] = (
            "cross_entropy",
            {"type": "cross_entropy", "weight": [0.0, 2.0], "reduction": "sum"},
            {"type": "nll", "reduction": "batchmean"},
            {"type": "cross_entropy", "weight": [1.0, 2.0], "ignore_index": 1, "label_smoothing": 0.1},
        )
        for batch in (Batch(X, CLASSES), Batch(X, classes=CLASSES), Batch(X.T, CLASSES, WEIGHTS[::-1], "columns")):
            for loss in losses:
                for include in (ALL, ()):
                    with self.subTest(loss=loss, samples=batch.samples, include=include):
                        safe = np.where(CLASSES < 0, 0, CLASSES) if isinstance(loss, dict) and "ignore_index" in loss else CLASSES
                        taken = {key: safe if value is CLASSES else value for key, value in vars(batch).items()}
                        self.same(operations.gradients(NETWORK, taken, loss, include=include))

    def test_a_sum_over_ignored_classes(self) -> None:
        loss = {"type": "nll", "reduction": "sum"}
        self.same(operations.gradients(NETWORK, Batch(X, np.full(10, -100)), loss, penalty=PENALTY, include=ALL))

    def test_other_operations(self) -> None:
        vector = RANDOM.normal(size=21)
        inputs, cotangents = Batch(X), RANDOM.normal(size=(10, 2))
        for request in (
            operations.vjp(NETWORK, inputs, cotangents=cotangents),
            operations.vjp(NETWORK, Batch(X.T, samples="columns"), cotangents=cotangents.T),
            operations.jvp(NETWORK, inputs, tangents={"parameters": vector, "inputs": X}),
            operations.jvp(NETWORK, Batch(X.T, samples="columns"), tangents={"inputs": X.T}),
            operations.jacobian(NETWORK, inputs, of="inputs"),
            operations.jacobian(NETWORK, Batch(X.T, samples="columns"), of="parameters"),
            operations.hvp(NETWORK, Batch(X, Y, WEIGHTS), vector=vector, penalty=PENALTY),
            operations.hessian(NETWORK, Batch(X, Y, WEIGHTS), {"type": "mse", "reduction": "sum"}, penalty=PENALTY),
            operations.hessian(NETWORK, Batch(X, Y), damping=[0.5]),
        ):
            with self.subTest(request.operation):
                self.same(request)

    def test_float32(self) -> None:
        layers = [Layer(np.asarray(layer.weights, np.float32), layer.biases, layer.activation) for layer in NETWORK]
        request = operations.gradients(layers, Batch(X, Y), include=ALL)
        self.assertEqual({array.dtype for array in (self.parts.ask(request).gradients[0].weights,)}, {np.dtype("float32")})
        self.same(request, 1e-5)

    def test_a_batch_over_the_limit_of_the_service(self) -> None:
        X, Y = np.ones((40_000, 256)), np.zeros((40_000, 1))
        network = [Layer(np.full((1, 256), 0.5))]
        with self.assertRaises(Problem) as caught:
            self.whole.gradients(network, Batch(X, Y))
        self.assertEqual(caught.exception.status, 413)
        with Client(max_batch=10_000) as client:
            answer = client.gradients(network, Batch(X, Y))
        self.assertEqual((answer.loss, answer.divisor), (128**2, 40_000))
        np.testing.assert_allclose(answer.gradients[0].weights, np.full((1, 256), 256), rtol=1e-13)

    def problem(self, request: operations.Request[Any]) -> Problem:
        with self.assertRaises(Problem) as caught:
            self.parts.ask(request)
        return caught.exception

    def test_pointers_are_those_of_the_whole(self) -> None:
        classes = np.where(np.arange(10) == 7, 5, 0)
        self.assertEqual(self.problem(operations.gradients(NETWORK, Batch(X, classes), "nll")).errors[0].pointer, "/batch/targets/7")
        targets = np.where(np.arange(10) == 8, 1.5, 0.5)[:, None].repeat(2, 1)
        layers = [*NETWORK[:1], Layer(NETWORK[1].weights, None, "sigmoid")]
        problem = self.problem(operations.gradients(layers, Batch(X, targets), "binary_cross_entropy"))
        self.assertEqual(problem.errors[0].pointer, "/batch/targets/8/0")
        problem = self.problem(operations.gradients(layers, Batch(X.T, targets.T, samples="columns"), "binary_cross_entropy"))
        self.assertEqual(problem.errors[0].pointer, "/batch/targets/0/8")
        self.assertEqual(self.problem(operations.gradients(NETWORK, Batch(X, Y), "mean_square")).errors[0].pointer, "/loss")

    def test_what_does_not_fit_is_left_to_the_service(self) -> None:
        for batch in (Batch(X, Y[:-1]), Batch(X[:, :, None], Y), Batch([*X[:-1].tolist(), [1]], Y), Batch(X[:, 0], Y)):
            with self.assertRaises(Problem) as caught:
                self.whole.gradients(NETWORK, batch)
            self.assertEqual(str(self.problem(operations.gradients(NETWORK, batch))), str(caught.exception))
        nothing = self.problem(operations.gradients(NETWORK, Batch(X, Y, np.zeros(10))))
        self.assertEqual(nothing.type, "/problems/out-of-domain")
        with self.assertRaisesRegex(ValueError, "expected max_batch of at least 1, got 0"):
            Client(max_batch=0)

    def test_datasets_are_not_split(self) -> None:
        self.whole.datasets.put("batches", X, Y)
        self.addCleanup(self.whole.datasets.delete, "batches")
        self.same(operations.gradients(NETWORK, dataset="batches"))

    def test_parts_run_at_the_same_time_and_end_with_the_first_problem(self) -> None:
        both = threading.Barrier(2)

        def together(handler: Any) -> None:
            both.wait(60)
            right(handler)

        request = operations.gradients([Layer([[1.0]])], Batch(np.ones((4, 1)), np.zeros((4, 1))))
        with Stub(together, together) as stub, Client(stub.url, max_batch=2, connections=2) as client:
            self.assertEqual(client.ask(request).divisor, 2)
        steps: list[Step] = [right, refused(422)]
        with Stub(*steps) as stub, Client(stub.url, max_batch=1, connections=1) as client, self.assertRaises(Problem):
            client.ask(request)
        self.assertEqual(len(stub.requests), 2)
