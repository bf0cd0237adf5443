"""Datasets: data that is sent to the service once, or lies where the service can read it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Union
from urllib.parse import quote, urlencode

import numpy as np
import numpy.typing as npt

from .arrays import array_of, is_array
from .connection import JSON, MEDIA_TYPE, Connection

_MEDIA_TYPES = {".safetensors": MEDIA_TYPE, ".csv": "text/csv", ".json": JSON}
"""Of a file, by the end of its name."""

_DTYPES = {
    "float64": "F64",
    "float32": "F32",
    "float16": "F16",
    "int64": "I64",
    "int32": "I32",
    "int16": "I16",
    "int8": "I8",
    "uint8": "U8",
    "bool": "BOOL",
}
"""NumPy's names of the dtypes that are sent as they are; all others are sent as float64."""

_CHUNK_BYTES = 2**20


@dataclass(frozen=True)
class Dataset:
    """What the service says of a dataset."""

    name: str
    samples: int
    features: int
    targets: int | None
    """The number of targets of a sample; 0 if it has a class, None if it has neither."""
    dtype: str
    bytes: int
    etag: str
    """It identifies the content: the same content has the same one."""
    expires: str
    """When it is removed, in ISO 8601."""

    @staticmethod
    def of(document: Mapping[str, Any]) -> Dataset:
        """Reads the service's description of a dataset."""
        known: dict[str, Any] = {field.name: document.get(field.name) for field in fields(Dataset)}
        return Dataset(**known)


@dataclass(frozen=True, eq=False)
class Chunks:
    """An array that is never whole in memory."""

    shape: tuple[int, ...]
    dtype: npt.DTypeLike
    chunks: Callable[[], Iterable[npt.ArrayLike]]
    """Returns the consecutive rows of the array, some at a time. It is called again if the upload has to be repeated."""


Values = Union[npt.ArrayLike, Chunks]


class Datasets:
    """The datasets of this client's owner: `Client.datasets`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(
        self,
        name: str,
        inputs: Values,
        targets: Values | None = None,
        *,
        classes: Values | None = None,
        sample_weights: Values | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> Dataset:
        """Sends arrays, or `Chunks`, to the service, where they get a name and replace what had it.

        inputs: samples x features.
        targets: samples x outputs; or, as a flat array of integers, class indices.
        classes: one class index per sample, in place of targets.
        sample_weights: one per sample.
        if_match: the ETag that the dataset must have now; if_none_match: "*" if there must not be one.

        Raises ValueError for flat targets that are not integers, and `Problem` if the service refuses the data.
        """
        arrays = {"inputs": inputs, "targets": targets, "classes": classes, "sample_weights": sample_weights}
        body = _File(dict(_tensor(key, value) for key, value in arrays.items() if value is not None))
        return self._put(name, body, {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(body))}, if_match, if_none_match)

    def put_file(
        self,
        name: str,
        file: str | os.PathLike[str],
        *,
        targets: Sequence[str] | str | None = None,
        classes: str | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> Dataset:
        """Sends a file: ``.safetensors`` with the tensors `inputs`, `targets` or `classes`, and `sample_weights`; ``.csv`` with a
        line of headers; or ``.json`` with the same keys.

        targets, classes: of a CSV file, the columns that are targets, or the one with class indices; the others are inputs.
        """
        ending = os.path.splitext(file)[1]
        if ending not in _MEDIA_TYPES:
            raise ValueError(f"expected a file that ends in {', '.join(_MEDIA_TYPES)}, got {os.fspath(file)!r}")
        named = {"targets": ",".join([targets] if isinstance(targets, str) else targets or ()), "classes": classes or ""}
        columns = {key: value for key, value in named.items() if value}
        if columns and ending != ".csv":
            raise ValueError(f"targets and classes name the columns of a CSV file; {os.fspath(file)!r} names its arrays itself")
        with open(file, "rb") as body:
            headers = {"Content-Type": _MEDIA_TYPES[ending], "Content-Length": str(os.fstat(body.fileno()).st_size)}
            return self._put(name, body, headers, if_match, if_none_match, columns)

    def put_url(
        self,
        name: str,
        url: str | None = None,
        *,
        inputs: str | None = None,
        targets: str | None = None,
        classes: str | None = None,
        sample_weights: str | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> Dataset:
        """Names data where it lies, ``s3://`` or ``file://``, in places that the operator of the service allows. Nothing is sent.

        url: of a safetensors file; or instead the URLs of ``.npy`` files with the inputs, and so on.
        """
        files = {"inputs": inputs, "targets": targets, "classes": classes, "sample_weights": sample_weights}
        document = {"url": url, **{key: {"url": value} for key, value in files.items() if value is not None}}
        body = json.dumps({key: value for key, value in document.items() if value is not None}).encode()
        return self._put(name, body, {"Content-Type": JSON}, if_match, if_none_match)

    def get(self, name: str) -> Dataset:
        """The description of a dataset. Raises `Problem` (404) if there is none."""
        return Dataset.of(self._connection.ask("GET", _path(name)))

    def list(self) -> list[Dataset]:
        """All datasets of this client's owner."""
        return [Dataset.of(item) for item in self._connection.ask("GET", "/datasets")["datasets"]]

    def delete(self, name: str, *, if_match: str | None = None) -> None:
        """Removes a dataset. Raises `Problem` (404) if there is none."""
        self._connection.request("DELETE", _path(name), expected=None, headers=_conditions(if_match, None))

    def _put(
        self,
        name: str,
        body: Any,
        headers: Mapping[str, str],
        if_match: str | None,
        if_none_match: str | None,
        query: Mapping[str, str] | None = None,
    ) -> Dataset:
        path = _path(name) + (f"?{urlencode(query)}" if query else "")
        headers = {**headers, **_conditions(if_match, if_none_match)}
        return Dataset.of(self._connection.ask("PUT", path, body=body, headers=headers))


def _path(name: str) -> str:
    return f"/datasets/{quote(name, safe='')}"


def _conditions(if_match: str | None, if_none_match: str | None) -> dict[str, str]:
    given = {"If-Match": if_match, "If-None-Match": if_none_match}
    return {key: value if value == "*" else f'"{value}"' for key, value in given.items() if value is not None}


def _tensor(key: str, value: Values) -> tuple[str, Chunks]:
    """An array as chunks of a dtype that can be sent, and its name: flat targets are classes."""
    if not isinstance(value, Chunks):
        array = array_of(value, key) if is_array(value) else np.asarray(value)
        value = Chunks(array.shape, array.dtype, lambda: _slices(array))
    dtype = np.dtype(value.dtype)
    if dtype.kind not in "iufb":
        raise TypeError(f"{key}: expected numbers, got {dtype}")
    if key == "targets" and len(value.shape) == 1:
        if dtype.kind not in "iu":
            raise ValueError(
                f"targets: expected samples x outputs, or a flat array of integers (class indices), got a flat array of {dtype}; "
                "for one target per sample write y[:, None], for class indices y.astype(int)"
            )
        key = "classes"
    # The service takes int64 for classes only.
    is_sent = dtype.name in _DTYPES and (dtype.name != "int64" or key == "classes")
    return key, Chunks(value.shape, np.dtype(dtype.name if is_sent else "float64").newbyteorder("<"), value.chunks)


def _slices(array: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    """The rows of an array, about `_CHUNK_BYTES` at a time."""
    if array.ndim == 0:
        return iter((array,))
    step = max(1, _CHUNK_BYTES * len(array) // max(1, array.nbytes))
    return (array[at : at + step] for at in range(0, len(array), step))


class _File:
    """A safetensors file, made while it is sent. It can be iterated again."""

    def __init__(self, tensors: Mapping[str, Chunks]) -> None:
        self._tensors = tensors
        header: dict[str, object] = {}
        end = 0
        for key, tensor in tensors.items():
            begin, end = end, end + _size(tensor)
            dtype = _DTYPES[np.dtype(tensor.dtype).name]
            header[key] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [begin, end]}
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        self._start = len(text).to_bytes(8, "little") + text
        self._length = len(self._start) + end

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        yield self._start
        for key, tensor in self._tensors.items():
            sent = 0
            for chunk in tensor.chunks():
                data = np.ascontiguousarray(chunk, tensor.dtype).tobytes()
                sent += len(data)
                if sent > _size(tensor):
                    break
                yield data
            if sent != _size(tensor):
                raise ValueError(f"{key}: the chunks are not those of {_DTYPES[np.dtype(tensor.dtype).name]} {tensor.shape}")


def _size(tensor: Chunks) -> int:
    size = np.dtype(tensor.dtype).itemsize
    for length in tensor.shape:
        size *= length
    return size
