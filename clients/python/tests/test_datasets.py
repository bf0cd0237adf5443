"""What the client sends for datasets, with a scripted server."""

from __future__ import annotations

import json
import pathlib
import tempfile
import unittest
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load
from stub import Handler, Stub, document, refused, right

from gradient_service import Batch, Chunks, Client, Dataset, Layer, Problem

DIGITS = {
    "name": "digits",
    "samples": 3,
    "features": 2,
    "targets": None,
    "dtype": "F64",
    "bytes": 72,
    "etag": "abc",
    "expires": "2030-01-01T00:00:00.000Z",
}
X = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
NETWORK = [Layer([[1.0, 1.0]])]
put = document(DIGITS, 201)


def request_of(handler: Handler) -> dict[str, Any]:
    """The document in the metadata of a request in safetensors."""
    length = int.from_bytes(handler.body[:8], "little")
    metadata = json.loads(handler.body[8 : 8 + length])["__metadata__"]
    request: dict[str, Any] = json.loads(metadata["request"])
    return request


class Puts(unittest.TestCase):
    def sent(self, *arguments: Any, **options: Any) -> tuple[Handler, dict[str, npt.NDArray[Any]]]:
        with Stub(put) as stub, Client(stub.url) as client:
            self.assertEqual(client.datasets.put("digits", *arguments, **options), Dataset(**DIGITS))  # type: ignore[arg-type]
        (handler,) = stub.requests
        self.assertEqual((handler.command, handler.path), ("PUT", "/datasets/digits"))
        self.assertEqual(handler.headers["Content-Type"], "application/vnd.safetensors")
        return handler, load(handler.body)

    def test_targets_classes_and_weights(self) -> None:
        _, tensors = self.sent(X, [[0.5], [1.0], [1.5]], sample_weights=[1, 2, 3])
        self.assertEqual({key: tensor.tolist() for key, tensor in tensors.items()}, {
            "inputs": X.tolist(), "targets": [[0.5], [1.0], [1.5]], "sample_weights": [1, 2, 3],
        })
        for options in ({"targets": np.array([0, 2, 1])}, {"classes": [0, 2, 1]}):
            _, tensors = self.sent(X, **options)
            self.assertEqual(sorted(tensors), ["classes", "inputs"])
            self.assertEqual((tensors["classes"].tolist(), tensors["classes"].dtype), ([0, 2, 1], np.dtype("int64")))
        self.assertEqual(sorted(self.sent(X)[1]), ["inputs"])

    def test_dtypes_and_layouts(self) -> None:
        dtypes = ("f8", "f4", "f2", "i8", "i4", "i2", "i1", "u1", "?", ">f4", "u4", "g")
        kept = ("f8", "f4", "f2", "f8", "i4", "i2", "i1", "u1", "?", "f4", "f8", "f8")
        for dtype, expected in zip(dtypes, kept, strict=True):
            with self.subTest(dtype):
                values = np.asfortranarray([[0, 1], [1, 0]]).astype(dtype)
                _, tensors = self.sent(values)
                self.assertEqual(tensors["inputs"].dtype, np.dtype(expected))
                self.assertEqual(tensors["inputs"].tolist(), values.tolist())

    def test_a_large_array_is_sent_in_pieces(self) -> None:
        large = np.arange(700_000.0).reshape(-1, 7)
        handler, tensors = self.sent(large[::2])
        self.assertEqual(handler.headers["Content-Length"], str(len(handler.body)))
        self.assertIsNone(handler.headers["Transfer-Encoding"])
        self.assertTrue(np.array_equal(tensors["inputs"], large[::2]))

    def test_chunks_are_made_again_for_a_retry(self) -> None:
        made = 0

        def chunks() -> Iterator[npt.ArrayLike]:
            nonlocal made
            made += 1
            yield X[:2]
            yield [[7, 8]]

        with Stub(refused(503, Retry_After="0"), put) as stub, Client(stub.url) as client:
            client.datasets.put("digits", Chunks((3, 2), "float32", chunks))
        self.assertEqual(made, 2)
        for handler in stub.requests:
            self.assertEqual(load(handler.body)["inputs"].tolist(), [[1, 2], [3, 4], [7, 8]])

    def test_what_cannot_be_sent(self) -> None:
        cases: tuple[tuple[type[Exception], str, tuple[Any, ...]], ...] = (
            (ValueError, r"flat array of float64; for one target per sample write y\[:, None\]", (X, np.ones(3))),
            (TypeError, "inputs: expected numbers, got complex128", (X * 1j,)),
            (ValueError, r"inputs: the chunks are not those of F64 \(2, 2\)", (Chunks((2, 2), "f8", lambda: [X]),)),
            (ValueError, r"inputs: the chunks are not those of F64 \(4, 2\)", (Chunks((4, 2), "f8", lambda: [X]),)),
        )
        for kind, message, arguments in cases:
            with self.subTest(message), Stub() as stub, Client(stub.url) as client:
                with self.assertRaisesRegex(kind, message):
                    client.datasets.put("digits", *arguments)
                self.assertEqual(stub.requests, [])

    def test_a_number_is_left_to_the_service(self) -> None:
        with Stub(refused(422)) as stub, Client(stub.url) as client, self.assertRaises(Problem):
            client.datasets.put("digits", 3)
        self.assertEqual(load(stub.requests[0].body)["inputs"].shape, ())

    def test_conditions(self) -> None:
        handler, _ = self.sent(X, if_match="abc")
        self.assertEqual((handler.headers["If-Match"], handler.headers["If-None-Match"]), ('"abc"', None))
        handler, _ = self.sent(X, if_none_match="*")
        self.assertEqual((handler.headers["If-Match"], handler.headers["If-None-Match"]), (None, "*"))


class OtherRequests(unittest.TestCase):
    def test_files(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for name, options, path, media_type in (
                ("a.csv", {"targets": ["y", "z 1"]}, "/datasets/d?targets=y%2Cz+1", "text/csv"),
                ("a.csv", {"targets": "y"}, "/datasets/d?targets=y", "text/csv"),
                ("a.csv", {"classes": "c"}, "/datasets/d?classes=c", "text/csv"),
                ("a.json", {}, "/datasets/d", "application/json"),
                ("a.safetensors", {}, "/datasets/d", "application/vnd.safetensors"),
            ):
                with self.subTest(path), Stub(refused(503, Retry_After="0"), put) as stub, Client(stub.url) as client:
                    file = pathlib.Path(folder, name)
                    file.write_text("the content")
                    client.datasets.put_file("d", file, **options)
                    for handler in stub.requests:
                        self.assertEqual((handler.command, handler.path, handler.body), ("PUT", path, b"the content"))
                        self.assertEqual(handler.headers["Content-Type"], media_type)
        with Client() as client:
            with self.assertRaisesRegex(ValueError, "ends in .safetensors, .csv, .json, got 'a.npy'"):
                client.datasets.put_file("d", "a.npy")
            with self.assertRaisesRegex(ValueError, "the columns of a CSV file; 'a.json' names its arrays itself"):
                client.datasets.put_file("d", "a.json", classes="c")

    def test_references(self) -> None:
        with Stub(put, put) as stub, Client(stub.url) as client:
            client.datasets.put_url("d", "s3://bucket/d.safetensors")
            client.datasets.put_url("d", inputs="file:///x.npy", classes="file:///y.npy")
        self.assertEqual([json.loads(handler.body) for handler in stub.requests], [
            {"url": "s3://bucket/d.safetensors"},
            {"inputs": {"url": "file:///x.npy"}, "classes": {"url": "file:///y.npy"}},
        ])

    def test_get_list_and_delete(self) -> None:
        gone = lambda handler: handler.answer(204, b"")  # noqa: E731
        steps = (document({**DIGITS, "more": 1}), document({"datasets": [DIGITS]}), gone, refused(404))
        with Stub(*steps) as stub, Client(stub.url) as client:
            self.assertEqual(client.datasets.get("digits").samples, 3)
            self.assertEqual([dataset.name for dataset in client.datasets.list()], ["digits"])
            client.datasets.delete("digits", if_match="abc")
            with self.assertRaises(Problem) as caught:
                client.datasets.get("a/b")
        self.assertEqual(caught.exception.status, 404)
        self.assertEqual([(handler.command, handler.path) for handler in stub.requests], [
            ("GET", "/datasets/digits"),
            ("GET", "/datasets"),
            ("DELETE", "/datasets/digits"),
            ("GET", "/datasets/a%2Fb"),
        ])
        self.assertEqual(stub.requests[2].headers["If-Match"], '"abc"')

    def test_gradients_of_a_dataset(self) -> None:
        with Stub(right, right, right) as stub, Client(stub.url) as client:
            client.gradients(NETWORK, dataset="digits")
            client.gradients(NETWORK, dataset="digits", rows=(0, 2), loss="l1")
            client.gradients(NETWORK, dataset="digits", indices=[2, 0, 2], sample_weights=[1, 2, 3])
        batches = [request_of(handler).get("batch") for handler in stub.requests]
        self.assertEqual(batches, [{"dataset": "digits"}, {"dataset": "digits", "rows": [0, 2]}, {"dataset": "digits"}])
        tensors = load(stub.requests[2].body)
        self.assertEqual((tensors["batch.indices"].tolist(), tensors["batch.indices"].dtype), ([2, 0, 2], np.dtype("int64")))
        self.assertEqual(tensors["batch.sample_weights"].tolist(), [1, 2, 3])

    def test_neither_batch_nor_dataset_or_both(self) -> None:
        with Client() as client:
            with self.assertRaisesRegex(TypeError, "expected a batch, or a dataset and what to take of it, got neither"):
                client.gradients(NETWORK)
            with self.assertRaisesRegex(TypeError, "got rows$"):
                client.gradients(NETWORK, rows=(0, 2))
            with self.assertRaisesRegex(TypeError, "got dataset beside a batch"):
                client.gradients(NETWORK, Batch([[1.0, 1.0]], [[1.0]]), dataset="digits")
