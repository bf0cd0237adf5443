"""Checks of somebody's own backpropagation, by the running service (GRADIENTS_URL) and by a stub."""

from __future__ import annotations

import dataclasses
import json
import pickle
import unittest
from typing import Any

import numpy as np
from stub import Stub, document
from test_answers import openapi

from gradient_service import (
    ArrayCheck,
    Batch,
    Candidate,
    CheckAnswer,
    CheckError,
    Client,
    Diagnosis,
    Layer,
    LayerGradients,
    Problem,
    WorstNumber,
    operations,
    parameters_to_vector,
)

RANDOM = np.random.default_rng(4)
X = RANDOM.normal(size=(5, 3))
Y = RANDOM.normal(size=(5, 2))
NETWORK = [Layer(RANDOM.normal(size=(4, 3)), RANDOM.normal(size=4), "tanh"), Layer(RANDOM.normal(size=(2, 4)), RANDOM.normal(size=2))]
BATCH = Batch(X, Y)
AGREES = {"pointer": "/candidate/loss", "agrees": True, "relative_error": 0}


class Checks(unittest.TestCase):
    def setUp(self) -> None:
        self.client = Client()
        self.addCleanup(self.client.close)
        self.right = self.client.gradients(NETWORK, BATCH, include=["outputs", "trace"])

    def layers(self, k: int, **arrays: Any) -> list[dict[str, Any]]:
        """The right gradients, with others in layer k."""
        layers = [{"weights": layer.weights, "biases": layer.biases} for layer in self.right.gradients]
        return [{**layer, **arrays} if j == k else layer for j, layer in enumerate(layers)]

    def failed(self, candidate: Candidate | dict[str, Any], **options: Any) -> CheckError:
        with self.assertRaises(CheckError) as caught:
            self.client.check(NETWORK, BATCH, candidate=candidate, **options)
        return caught.exception

    def test_right_candidates(self) -> None:
        right = self.right
        report = self.client.check(NETWORK, BATCH, candidate=Candidate(right.gradients, right.loss, right.outputs, right.trace))
        self.assertTrue(report.agrees)
        self.assertEqual((report.diagnoses, report.first_difference, report.left_out), ((), None, None))
        self.assertEqual(str(report), "right: 20 arrays compared")
        self.assertEqual(str(report.checks[0]), "trace[0].inputs is right")
        lists = [{"weights": layer.weights.tolist()} for layer in right.gradients]
        self.assertEqual(str(self.client.check(NETWORK, BATCH, candidate={"gradients": lists})), "right: 2 arrays compared")
        flat = Candidate(parameters_to_vector(right.gradients))
        self.assertEqual(len(self.client.check(NETWORK, BATCH, candidate=flat).checks), 4)
        loss = self.client.check(NETWORK, BATCH, candidate=Candidate(loss=np.array(right.loss)))
        self.assertEqual(str(loss), "right: 1 array compared")
        columns = {"outputs": None if right.outputs is None else right.outputs.T, "gradients": right.gradients}
        self.client.check(NETWORK, Batch(X.T, Y.T, samples="columns"), candidate=columns)

    def test_the_message_names_the_mistake(self) -> None:
        trace = self.right.trace
        assert trace is not None
        Z, dA = trace[0].pre_activations, trace[0].output_gradients
        dZ = dA * (1 - Z**2)
        error = self.failed(Candidate(self.layers(0, weights=dZ.T @ X, biases=dZ.sum(axis=0))))
        self.assertIsInstance(error, AssertionError)
        (weights, biases) = (check for check in error.report.checks if not check.agrees)
        assert weights.worst is not None and biases.worst is not None
        at = list(weights.worst.index)
        self.assertEqual(weights.worst.right, self.right.gradients[0].weights[at[0], at[1]])
        self.assertEqual(str(error).split("\n"), [
            f"wrong in 2 of 4 arrays, first gradients[0].weights at {at}: expected {weights.worst.right:.9g}, "
            f"got {weights.worst.candidate:.9g}, relative error {weights.relative_error:.2g}",
            f"  then gradients[0].biases at {list(biases.worst.index)}: expected {biases.worst.right:.9g}, "
            f"got {biases.worst.candidate:.9g}, relative error {biases.relative_error:.2g}",
            "",
            "derivative-at-pre-activation, at /network/layers/0/activation",
            "  tanh' was computed as 1 - z^2; it is 1 - a^2 with a = tanh(z)",
            "  - dZ = dA * (1 - Z ** 2)",
            "  + dZ = dA * (1 - A ** 2)",
            "  " + error.report.diagnoses[0].remedy,
            "  explains gradients[0].weights, gradients[0].biases",
        ])

    def test_ratios_alternatives_and_shapes(self) -> None:
        half = self.failed(Candidate([LayerGradients(layer.weights / 2) for layer in self.right.gradients]))
        self.assertRegex(str(half), r"relative error 0\.5, all numbers are 0\.5 times the right ones\n  then gradients\[0\]")
        self.assertIn("\nfactor-half, at /loss\n", str(half))
        one = Candidate([{"biases": np.zeros(4)}])
        self.assertRegex(str(self.failed(one)), r"gradient-zero, at(?s:.*)\n  explains gradients\[0\]\.biases(\n  or, with .*: .*)?$")
        kept = self.failed(Candidate(self.layers(1, biases=[self.right.gradients[1].biases])))
        self.assertIn("first gradients[1].biases has a wrong shape: expected (2,), got (1, 2)\n\nbias-kept-dimension", str(kept))
        ragged = self.failed({"gradients": [{"weights": [np.ones(3), np.ones(2)]}]})
        self.assertRegex(str(ragged), r"expected \(4, 3\), got rows of \[2, 3\] numbers\n\nno mistake that the service knows")

    def test_the_report_without_an_exception(self) -> None:
        request = operations.check(NETWORK, BATCH, candidate=Candidate(loss=0.5 * self.right.loss))
        report = self.client.ask(request)
        self.assertEqual((report.agrees, report.first_difference), (False, "/candidate/loss"))
        self.assertEqual([diagnosis.mistake for diagnosis in report.diagnoses], ["factor-half"])
        with self.assertRaises(CheckError):
            report.confirmed()

    def test_tolerance_penalty_and_samples(self) -> None:
        near = Candidate(loss=self.right.loss * (1 + 1e-5))
        self.failed(near)
        self.client.check(NETWORK, BATCH, candidate=near, tolerance=1e-4)
        self.client.datasets.put("checked", X, Y)
        self.addCleanup(self.client.datasets.delete, "checked")
        options: Any = {"dataset": "checked", "indices": [4, 1], "sample_weights": [1, 2], "penalty": {"l2": 0.1}}
        answer = self.client.gradients(NETWORK, loss="huber", **options)
        self.client.check(NETWORK, loss="huber", candidate=Candidate(answer.gradients, answer.loss), **options)

    def test_it_can_be_pickled(self) -> None:
        error = self.failed(Candidate(loss=1))
        again = pickle.loads(pickle.dumps(error))
        self.assertEqual((str(again), again.report), (str(error), error.report))

    def test_answers_are_those_of_the_api(self) -> None:
        schemas = openapi()["components"]["schemas"]
        for kind in (Candidate, CheckAnswer, ArrayCheck, WorstNumber, Diagnosis):
            fields: Any = dataclasses.fields(kind)
            self.assertEqual({field.name for field in fields}, set(schemas[kind.__name__]["properties"]))
        self.assertEqual(
            set(schemas["CheckRequest"]["properties"]) | {"dataset", "rows", "indices", "sample_weights"},
            set(operations.check.__annotations__) - {"return"},
        )

    def test_refusals(self) -> None:
        for candidate, pointer in (
            ({}, "/candidate"),
            ({"gradient": [[1]]}, "/candidate/gradient"),
            ({"gradients": [{"weights": np.full((4, 3), np.nan)}]}, "/candidate/gradients/0/weights"),
            ({"gradients": [{}, {}, {"weights": [[1]]}]}, "/candidate/gradients"),
        ):
            with self.assertRaises(Problem) as caught:
                self.client.check(NETWORK, BATCH, candidate=candidate)
            self.assertEqual(caught.exception.errors[0].pointer, pointer)
        with self.assertRaisesRegex(ValueError, "expected a vector of 26 numbers"):
            self.client.check(NETWORK, BATCH, candidate=Candidate(np.zeros(25)))
        with self.assertRaisesRegex(ValueError, "expected a request to .* got one to check"):
            self.client.submit(operations.check(NETWORK, BATCH, candidate=Candidate(loss=1)))


class WithStub(unittest.TestCase):
    def test_what_is_sent_and_what_a_newer_service_answers(self) -> None:
        answer = {"agrees": True, "checks": [AGREES], "first_difference": None, "diagnoses": [], "newer": 1}
        with Stub(document(answer)) as stub, Client(stub.url) as client:
            report = client.check([Layer([[2.0]])], Batch([[1]], [[0]]), candidate=Candidate(loss=4))
        self.assertEqual(str(report), "right: 1 array compared")
        (asked,) = stub.requests
        self.assertEqual((asked.path, asked.headers["Accept"]), ("/check", "application/json"))
        self.assertEqual(asked.headers["Content-Type"], "application/vnd.safetensors")
        length = int.from_bytes(asked.body[:8], "little")
        rest = json.loads(json.loads(asked.body[8 : 8 + length])["__metadata__"]["request"])
        self.assertEqual(rest["candidate"], {"loss": 4.0})

    def test_a_report_with_much_in_it(self) -> None:
        wrong = {**AGREES, "agrees": False, "worst": {"index": [], "candidate": 1, "right": 2}}
        answer = {
            "agrees": False,
            "checks": [{**wrong, "relative_error": None, "ratio": None}] + 7 * [wrong],
            "first_difference": "/candidate/loss",
            "diagnoses": [],
            "left_out": "not tried: layer 3",
        }
        with Stub(document(answer)) as stub, Client(stub.url) as client, self.assertRaises(CheckError) as caught:
            client.check([Layer([[2.0]])], Batch([[1]], [[0]]), candidate=Candidate(loss=4))
        lines = str(caught.exception).split("\n")
        self.assertEqual(lines[0], "wrong in 8 of 8 arrays, first loss: expected 2, got 1")
        self.assertEqual(lines[6:], ["  and 2 more", "", "no mistake that the service knows gives these numbers", "not tried: layer 3"])
