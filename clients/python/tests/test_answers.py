"""Answers of the running service (GRADIENTS_URL), as the user sees them."""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
import typing
import unittest
import urllib.request
from typing import Any

import numpy as np
import numpy.typing as npt

from gradient_service import Answer, Batch, Client, Extra, Finding, Layer, Problem, gradients

LAYERS = [
    Layer(np.full((3, 2), 0.1), np.full(3, 0.1), "tanh"),
    Layer(np.full((3, 3), 0.1), np.full(3, 0.1), "tanh"),
    Layer(np.full((2, 3), 0.1), np.full(2, 0.1)),
]
BATCH = Batch(np.array([[3, 4], [2, 5]]), np.array([[2, 2], [1, 2]]))
ARTICLE = 2.629915324247322


def openapi() -> dict[str, Any]:
    with urllib.request.urlopen(os.environ["GRADIENTS_URL"] + "/openapi.json") as response:
        document: dict[str, Any] = json.load(response)
    return document


def as_document(value: Any) -> Any:
    """Converts an answer to the equivalent JSON document."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, tuple):
        return [as_document(item) for item in value]
    if dataclasses.is_dataclass(value):
        return {key: as_document(item) for key, item in vars(value).items() if item is not None}
    return value


class Sparse:
    """What matters of a matrix of scipy.sparse."""

    def toarray(self) -> npt.NDArray[Any]:
        raise NotImplementedError


class Frame:
    """What matters of a frame of pandas."""

    columns = ("a", "b")
    dtypes = (np.dtype(float), np.dtype(object))

    def __array__(self, dtype: Any = None, copy: Any = None) -> npt.NDArray[Any]:
        return np.array([[3, "x"], [2, 5]], object)


class Answers(unittest.TestCase):
    def test_the_article(self) -> None:
        answer = gradients(LAYERS, BATCH)
        self.assertEqual(answer.loss, ARTICLE)
        self.assertEqual(answer.divisor, 4)
        self.assertEqual(answer.gradients[2].weights.shape, (2, 3))
        assert answer.gradients[2].biases is not None
        self.assertEqual(answer.gradients[2].biases.tolist(), [-1.3128228704006484, -1.8128228704006484])
        self.assertIsNone(answer.outputs)
        columns = Batch([[3, 2], [4, 5]], [[2, 1], [2, 2]], samples="columns")
        self.assertEqual(as_document(gradients(LAYERS, columns)), as_document(answer))

    def test_every_example_of_the_api(self) -> None:
        """Sends documents with lists, class indices, class weights, options and extras."""
        post = openapi()["paths"]["/gradients"]["post"]
        requests = post["requestBody"]["content"]["application/json"]["examples"]
        answers = post["responses"]["200"]["content"]["application/json"]["examples"]
        self.assertGreaterEqual(len(requests), 3)
        for name, example in requests.items():
            with self.subTest(name):
                self.assertEqual(as_document(gradients(**example["value"])), answers[name]["value"])

    def test_the_extras_match_the_api(self) -> None:
        extras = typing.get_args(Extra)
        assert gradients(LAYERS, BATCH, include="outputs").outputs is not None
        answer = gradients(LAYERS, BATCH, penalty={"l2": 0.1}, include=extras)
        self.assertEqual([key for key, item in vars(answer).items() if item is None], [])
        schemas = openapi()["components"]["schemas"]
        self.assertEqual(list(extras), schemas["Extra"]["enum"])
        self.assertEqual({field.name for field in dataclasses.fields(Answer)}, set(schemas["GradientsAnswer"]["properties"]))

    def test_a_penalty_is_a_part_of_the_loss(self) -> None:
        answer = gradients(LAYERS, BATCH, penalty={"l1": np.float32(0.5), "l2": 0.25, "biases": True})
        parameters = [np.asarray(array) for layer in LAYERS for array in (layer.weights, layer.biases)]
        share = sum(0.5 * np.abs(array).sum() + 0.125 * (array**2).sum() for array in parameters)
        assert answer.penalty is not None
        self.assertAlmostEqual(answer.penalty, float(share), 14)
        self.assertAlmostEqual(answer.loss, ARTICLE + float(share), 14)
        plain = gradients(LAYERS, BATCH)
        self.assertIsNone(plain.penalty)
        np.testing.assert_allclose(answer.gradients[0].weights, plain.gradients[0].weights + 0.5 + 0.25 * 0.1, rtol=1e-14)

    def test_slopes_are_those_of_elementwise_activations(self) -> None:
        answer = gradients([*LAYERS[:2], dataclasses.replace(LAYERS[2], activation="softmax")], BATCH, include="trace")
        assert answer.trace is not None and answer.trace[0].slopes is not None
        np.testing.assert_allclose(answer.trace[0].slopes, 1 - answer.trace[0].outputs**2, rtol=1e-14)
        self.assertIsNone(answer.trace[2].slopes)

    def test_float32_in_float32_out(self) -> None:
        single = [dataclasses.replace(layer, weights=np.asarray(layer.weights, np.float32)) for layer in LAYERS]
        answer = gradients(single, BATCH)
        self.assertEqual(answer.gradients[0].weights.dtype, np.float32)
        self.assertAlmostEqual(answer.loss, ARTICLE, 5)

    def test_arrays_of_other_types_and_layouts(self) -> None:
        inputs = np.array([[3, 4], [2, 5]])
        others: tuple[npt.ArrayLike, ...] = (
            inputs.astype(">f8"),
            inputs.astype(np.float16),
            inputs.astype(np.uint8),
            np.asfortranarray(inputs),
            np.repeat(inputs, 2, axis=0)[::2],
            inputs.tolist(),
        )
        for other in others:
            self.assertEqual(gradients(LAYERS, Batch(other, BATCH.targets)).loss, ARTICLE)

    def test_values_that_are_not_numbers(self) -> None:
        with self.assertRaisesRegex(TypeError, "a request cannot hold .*complex"):
            gradients(LAYERS, {"inputs": [[3j, 4], [2, 5]], "targets": BATCH.targets})
        masked: Any = np.ma.array([[3, 4], [2, 5]], mask=[[0, 0], [0, 1]])  # type: ignore[no-untyped-call]
        ragged = np.empty(2, object)
        ragged[:] = [[3, 4], [2]]
        cases: list[tuple[Any, str]] = [
            (np.array([[3j, 4], [2, 5]]), "expected numbers, got complex128"),
            (ragged, r"got objects such as \[3, 4\]: if they are numbers, write .astype\(float\)"),
            (np.array([["3", "4"], ["2", "5"]]), "expected numbers, got <U1"),
            (masked, r"masked values: write .filled\(value\)"),
            (Sparse(), r"expected a dense array, got a sparse one \(Sparse\): write .toarray\(\)"),
            (Frame(), r"a frame with the columns 'b' \(object\): encode or drop them; if they hold numbers, write .astype\(float\)"),
        ]
        for inputs, message in cases:
            with self.subTest(message), Client() as client:
                with self.assertRaisesRegex(TypeError, f"batch.inputs: .*{message}"):
                    client.gradients(LAYERS, Batch(inputs, BATCH.targets))
                with self.assertRaisesRegex(TypeError, f"^inputs: .*{message}"):
                    client.datasets.put("x", inputs)

    def test_masked_arrays_without_masked_values(self) -> None:
        inputs: Any = np.ma.array([[3, 4], [2, 5]], mask=False)  # type: ignore[no-untyped-call]
        self.assertEqual(gradients(LAYERS, Batch(inputs, BATCH.targets)).loss, ARTICLE)

    def test_options_given_as_numpy_numbers(self) -> None:
        loss = {"type": "huber", "delta": np.float64(0.5)}
        self.assertEqual(gradients(LAYERS, BATCH, loss).loss, gradients(LAYERS, BATCH, {"type": "huber", "delta": 0.5}).loss)


class Problems(unittest.TestCase):
    def problem(self, *arguments: Any, **options: Any) -> Problem:
        with self.assertRaises(Problem) as caught:
            gradients(*arguments, **options)
        return caught.exception

    def test_shapes(self) -> None:
        problem = self.problem(LAYERS, Batch(np.ones((2, 3)), BATCH.targets))
        self.assertEqual((problem.status, problem.type), (422, "/problems/shape-mismatch"))
        self.assertEqual(problem.title, "Shapes do not fit together")
        self.assertEqual(problem.errors[0], Finding("/batch/inputs", "expected rows of 2 values, one per input of layer 0, got rows of 3"))
        self.assertEqual(
            str(problem).splitlines()[:2],
            [
                f"422 Shapes do not fit together: {problem.detail}",
                "  /batch/inputs: expected rows of 2 values, one per input of layer 0, got rows of 3",
            ],
        )

    def test_a_ragged_list_is_reported_at_its_place(self) -> None:
        ragged: tuple[Any, ...] = ([[3, 4], [2]], [np.array([3, 4]), np.array([2])])
        for inputs in ragged:
            problem = self.problem(LAYERS, Batch(inputs, BATCH.targets))
            self.assertEqual([error.pointer for error in problem.errors], ["/batch/inputs/1"])

    def test_unknown_names(self) -> None:
        self.assertEqual(self.problem(LAYERS, BATCH, "mean_square").errors[0].pointer, "/loss")
        self.assertEqual(self.problem(LAYERS, BATCH, include=["output"]).errors[0].pointer, "/include/0")
        layer = {"weights": np.eye(2), "bias": np.ones(2)}
        self.assertEqual(self.problem([layer], BATCH).errors[0].pointer, "/network/layers/0/bias")
        self.assertEqual(self.problem([], BATCH).errors[0].pointer, "/network/layers")

    def test_non_finite_values(self) -> None:
        problem = self.problem([Layer(np.full((2, 2), 1e300), None, "exp")], BATCH)
        self.assertEqual((problem.type, problem.step, problem.layer), ("/problems/non-finite-result", "outputs", 0))
        copy = pickle.loads(pickle.dumps(problem))
        self.assertEqual((str(copy), copy.step), (str(problem), "outputs"))

    def test_an_invalid_url(self) -> None:
        with self.assertRaisesRegex(ValueError, "begins with http:// or https://, got '127.0.0.1:3000'"):
            Client("127.0.0.1:3000")
