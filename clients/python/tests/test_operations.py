"""The operations beside gradients of the running service (GRADIENTS_URL), and vectors of parameters."""

from __future__ import annotations

import dataclasses
import inspect
import unittest
from collections.abc import Callable
from typing import Any

import numpy as np
from test_answers import BATCH, LAYERS, as_document, openapi

from gradient_service import (
    Answer,
    Batch,
    Client,
    HessianAnswer,
    HvpAnswer,
    JacobianAnswer,
    JvpAnswer,
    Layer,
    Problem,
    VjpAnswer,
    gradients,
    operations,
    parameters_to_vector,
    vector_to_parameters,
)

RANDOM = np.random.default_rng(2)
X = RANDOM.normal(size=(7, 4))
Y = RANDOM.normal(size=(7, 2))
NETWORK = [Layer(RANDOM.normal(size=(3, 4)), RANDOM.normal(size=3), "tanh"), Layer(RANDOM.normal(size=(2, 3)))]
INPUTS = Batch(X)
SIZE = 3 * 4 + 3 + 2 * 3
OPERATIONS = {
    "gradients": Answer,
    "vjp": VjpAnswer,
    "jvp": JvpAnswer,
    "jacobian": JacobianAnswer,
    "hvp": HvpAnswer,
    "hessian": HessianAnswer,
}


class Operations(unittest.TestCase):
    def setUp(self) -> None:
        self.client = Client()
        self.addCleanup(self.client.close)

    def test_every_example_of_the_api(self) -> None:
        paths = openapi()["paths"]
        for name in OPERATIONS:
            post = paths[f"/{name}"]["post"]
            answers = post["responses"]["200"]["content"]["application/json"]["examples"]
            for title, example in post["requestBody"]["content"]["application/json"]["examples"].items():
                with self.subTest(name, title=title):
                    answer = getattr(self.client, name)(**example["value"])
                    self.assertIsInstance(answer, OPERATIONS[name])
                    self.assertEqual(as_document(answer), answers[title]["value"])

    def test_arguments_and_answers_are_those_of_the_api(self) -> None:
        document = openapi()
        of_dataset = {"dataset", "rows", "indices"}
        for name, kind in OPERATIONS.items():
            with self.subTest(name):
                schemas = document["components"]["schemas"]
                request, answer = (schemas[f"{name.capitalize()}{part}"] for part in ("Request", "Answer"))
                weights = {"sample_weights"} if "loss" in request["properties"] else set()
                method = getattr(self.client, name)
                self.assertEqual(set(inspect.signature(method).parameters), set(request["properties"]) | of_dataset | weights)
                self.assertEqual(inspect.signature(method).return_annotation, kind.__name__)
                self.assertEqual(method.__doc__, getattr(operations, name).__doc__)
                self.assertEqual({field.name for field in dataclasses.fields(kind)}, set(answer["properties"]))

    def test_products_and_the_jacobian_agree(self) -> None:
        cotangents = RANDOM.normal(size=(7, 2))
        direction = RANDOM.normal(size=SIZE)
        backward = self.client.vjp(NETWORK, INPUTS, cotangents=cotangents)
        forward = self.client.jvp(NETWORK, INPUTS, tangents={"parameters": direction})
        J = self.client.jacobian(NETWORK, INPUTS, of="parameters").matrix
        self.assertEqual(J.shape, (7, 2, SIZE))
        np.testing.assert_allclose(forward.output_tangents, J @ direction, rtol=1e-12)
        np.testing.assert_allclose(parameters_to_vector(backward.gradients), np.einsum("so,sop->p", cotangents, J), rtol=1e-12)
        of_inputs = self.client.jacobian(NETWORK, INPUTS, of="inputs")
        self.assertIs(of_inputs.matrix, of_inputs.jacobian)
        np.testing.assert_allclose(backward.input_gradients, np.einsum("so,sof->sf", cotangents, of_inputs.matrix), rtol=1e-12)
        along_inputs = self.client.jvp(NETWORK, INPUTS, tangents={"inputs": X})
        np.testing.assert_allclose(along_inputs.output_tangents, np.einsum("sof,sf->so", of_inputs.matrix, X), rtol=1e-12)

    def test_hessians(self) -> None:
        batch = Batch(X, Y, sample_weights=np.arange(1.0, 8.0))
        loss = {"type": "huber", "reduction": "sum"}
        vector = RANDOM.normal(size=SIZE)
        plain = self.client.hessian(NETWORK, batch, loss, penalty={"l2": 0.5})
        self.assertEqual((plain.hessian.shape, plain.steps), ((SIZE, SIZE), None))
        self.assertTrue(np.array_equal(plain.hessian, plain.hessian.T))
        product = self.client.hvp(NETWORK, batch, loss, penalty={"l2": 0.5}, vector=vector)
        np.testing.assert_allclose(parameters_to_vector(product.products), plain.hessian @ vector, rtol=1e-11, atol=1e-11)
        self.assertAlmostEqual(product.curvature, float(vector @ plain.hessian @ vector), 10)
        alone = gradients(NETWORK, batch, loss, penalty={"l2": 0.5})
        for answer in (plain, product):
            self.assertEqual((answer.loss, answer.divisor, answer.penalty), (alone.loss, alone.divisor, alone.penalty))
            np.testing.assert_allclose(
                parameters_to_vector(answer.gradients), parameters_to_vector(alone.gradients), rtol=1e-13, atol=1e-13
            )

    def test_steps(self) -> None:
        for damping in (0.25, np.float32(0.25), [0.25, 4], np.array([0.25, 4])):
            answer = self.client.hessian(NETWORK, Batch(X, Y), matrix="gauss_newton", damping=damping)
            assert answer.steps is not None
            self.assertEqual([step.damping for step in answer.steps], np.atleast_1d(damping).tolist())
            gradient = parameters_to_vector(answer.gradients)
            for step in answer.steps:
                expected = np.linalg.solve(answer.hessian + step.damping * np.eye(SIZE), -gradient)
                change = parameters_to_vector(step.step)
                np.testing.assert_allclose(change, expected, rtol=1e-9, atol=1e-9)
                moved = vector_to_parameters(parameters_to_vector(NETWORK) + change, NETWORK)
                assert step.loss is not None
                self.assertAlmostEqual(self.client.gradients(moved, Batch(X, Y)).loss, step.loss, 12)

    def test_a_step_to_where_the_loss_is_not_finite(self) -> None:
        answer = self.client.hessian([Layer([[-10]], None, "exp")], Batch([[1]], [[1]]), matrix="gauss_newton", damping=[1e-300, 1])
        assert answer.steps is not None
        self.assertIsNone(answer.steps[0].loss)
        self.assertIsNotNone(answer.steps[1].loss)

    def test_directions_in_layers(self) -> None:
        layers = vector_to_parameters(RANDOM.normal(size=SIZE), NETWORK)
        by_layers = self.client.hvp(NETWORK, Batch(X, Y), vector=layers)
        flat = self.client.hvp(NETWORK, Batch(X, Y), vector=parameters_to_vector(layers))
        self.assertEqual(as_document(flat), as_document(by_layers))
        again = self.client.hvp(NETWORK, Batch(X, Y), vector=flat.products)
        self.assertEqual(
            as_document(again), as_document(self.client.hvp(NETWORK, Batch(X, Y), vector=parameters_to_vector(flat.products)))
        )
        partial = self.client.jvp(NETWORK, INPUTS, tangents={"parameters": [{}, {"weights": layers[1].weights}]})
        hidden = np.tanh(X @ np.asarray(NETWORK[0].weights).T + np.asarray(NETWORK[0].biases))
        np.testing.assert_allclose(partial.output_tangents, hidden @ np.asarray(layers[1].weights).T, rtol=1e-13)

    def test_samples_in_columns(self) -> None:
        rows = self.client.vjp(NETWORK, INPUTS, cotangents=Y)
        columns = self.client.vjp({"layers": NETWORK}, Batch(X.T, samples="columns"), cotangents=Y.T)
        self.assertEqual(as_document(columns.gradients), as_document(rows.gradients))
        self.assertTrue(np.array_equal(columns.outputs.T, rows.outputs))

    def test_float32(self) -> None:
        single = [dataclasses.replace(layer, weights=np.asarray(layer.weights, np.float32)) for layer in NETWORK]
        answer = self.client.hessian(single, Batch(X, Y), damping=1.0)
        assert answer.steps is not None
        self.assertEqual((answer.hessian.dtype, answer.steps[0].step[0].weights.dtype), (np.float32, np.float32))

    def test_datasets_and_jobs(self) -> None:
        self.client.datasets.put("operations", X, Y)
        self.addCleanup(self.client.datasets.delete, "operations")
        vector = RANDOM.normal(size=SIZE)
        part = self.client.jvp(NETWORK, dataset="operations", rows=(2, 5), tangents={"parameters": vector})
        self.assertEqual(
            as_document(part), as_document(self.client.jvp(NETWORK, Batch(X[2:5]), tangents={"parameters": vector}))
        )
        hvp = operations.hvp(NETWORK, dataset="operations", indices=[3, 1], vector=vector, sample_weights=[1, 2])
        inline = self.client.hvp(NETWORK, Batch(X[[3, 1]], Y[[3, 1]], [1, 2]), vector=vector)
        job = self.client.submit(hvp)
        self.addCleanup(job.cancel)
        self.assertEqual(as_document(job.result(60)), as_document(inline))
        self.assertEqual(as_document(self.client.ask(hvp)), as_document(inline))
        hessian = self.client.submit(operations.hessian(NETWORK, dataset="operations", penalty={"l2": 0.5}))
        self.addCleanup(hessian.cancel)
        hessian.wait(60)
        found = self.client.job(hessian.id).result()
        self.assertIsInstance(found, HessianAnswer)
        self.assertEqual(as_document(found), as_document(self.client.hessian(NETWORK, Batch(X, Y), penalty={"l2": 0.5})))

    def refused(self, request: operations.Request[Any], send: Callable[[operations.Request[Any]], object] | None = None) -> Problem:
        with self.assertRaises(Problem) as caught:
            (send or self.client.ask)(request)
        return caught.exception

    def test_problems(self) -> None:
        self.assertEqual(self.refused(operations.vjp(NETWORK, INPUTS, cotangents=Y[:, :1])).errors[0].pointer, "/cotangents")
        self.assertEqual(self.refused(operations.vjp(NETWORK, Batch(X, Y), cotangents=Y)).errors[0].pointer, "/batch/targets")
        self.assertEqual(self.refused(operations.jvp(NETWORK, INPUTS, tangents={"weights": X})).errors[0].pointer, "/tangents/weights")
        wrong: Any = {"of": "outputs", "vector": [0.5], "damping": "small"}
        self.assertEqual(self.refused(operations.jacobian(NETWORK, INPUTS, of=wrong["of"])).errors[0].pointer, "/of")
        self.assertEqual(self.refused(operations.hvp(NETWORK, BATCH, vector=wrong["vector"])).errors[0].pointer, "/vector")
        self.assertEqual(self.refused(operations.hessian(NETWORK, BATCH, damping=wrong["damping"])).errors[0].pointer, "/damping/0")
        self.assertEqual(self.refused(operations.hessian(NETWORK, Batch(X, Y), damping=-1.0)).errors[0].pointer, "/damping/0")
        steps = operations.hessian(NETWORK, Batch(X, Y), damping=1)
        self.assertEqual(self.refused(steps, self.client.submit).type, "/problems/not-additive")
        with self.assertRaisesRegex(ValueError, "expected a request to gradients, hvp, hessian for a job, got one to jacobian"):
            self.client.submit(operations.jacobian(NETWORK, INPUTS, of="inputs"))
        with self.assertRaisesRegex(TypeError, "expected a batch, or a dataset"):
            self.client.vjp(NETWORK, cotangents=Y)


class Vectors(unittest.TestCase):
    def test_the_order_is_that_of_pytorch(self) -> None:
        network = [Layer([[1, 2], [3, 4]], [5, 6]), Layer([[7, 8]], activation="tanh")]
        self.assertEqual(parameters_to_vector(network).tolist(), [1, 2, 3, 4, 5, 6, 7, 8])
        self.assertEqual(parameters_to_vector({"layers": [vars(layer) for layer in network]}).tolist(), [1, 2, 3, 4, 5, 6, 7, 8])
        made = vector_to_parameters(np.arange(8.0), network)
        self.assertEqual(as_document(tuple(made)), [
            {"weights": [[0, 1], [2, 3]], "biases": [4, 5]}, {"weights": [[6, 7]], "activation": "tanh"},
        ])
        self.assertEqual(parameters_to_vector(made).tolist(), list(range(8)))
        answer = gradients(LAYERS, BATCH)
        self.assertEqual(parameters_to_vector(answer.gradients)[-2:].tolist(), as_document(answer.gradients[2].biases))

    def test_another_length(self) -> None:
        for vector in (np.zeros(SIZE - 1), np.zeros((SIZE, 1)), 3.0):
            with self.assertRaisesRegex(ValueError, f"expected a vector of {SIZE} numbers, one per parameter, got an array of shape"):
                vector_to_parameters(vector, NETWORK)
        with self.assertRaisesRegex(ValueError, r"got an array of shape \(20,\)"):
            operations.hvp(NETWORK, BATCH, vector=np.zeros(20))
