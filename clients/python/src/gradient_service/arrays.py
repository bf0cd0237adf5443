"""Arrays of other libraries as NumPy arrays, with the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def is_array(value: Any) -> bool:
    """Whether `array_of` takes a value, or says why not. Numbers and lists are no arrays."""
    return not isinstance(value, np.generic) and any(hasattr(value, name) for name in ("__array__", "toarray", "detach"))


def array_of(value: Any, name: str) -> npt.NDArray[Any]:
    """An array of numbers, in dtypes of NumPy: bfloat16 and smaller become float32. A tensor that requires a gradient is detached.

    value: what NumPy can convert, or a tensor of torch.
    name: of the array, for errors.

    Raises TypeError, which says what to write instead, if this would lose something or take much memory.
    """
    if hasattr(value, "detach"):
        value = _detached(value, name)
    elif hasattr(value, "toarray") and not hasattr(value, "__array__"):
        raise TypeError(f"{name}: expected a dense array, got a sparse one ({type(value).__name__}): write .toarray()")
    if isinstance(value, np.ma.MaskedArray) and np.any(value.mask):
        raise TypeError(f"{name}: expected numbers, got an array with masked values: write .filled(value), or drop their rows")
    array = np.asarray(value)
    # Of ml_dtypes, which JAX and TensorFlow use.
    if array.dtype.name.startswith(("bfloat16", "float8")):
        return array.astype(np.float32)
    if array.dtype.kind not in "iufb":
        raise TypeError(f"{name}: expected numbers, got {_described(value, array)}")
    return array


def _detached(tensor: Any, name: str) -> Any:
    if "strided" not in str(tensor.layout):
        raise TypeError(f"{name}: expected a dense tensor, got a sparse one ({tensor.layout}): write .to_dense()")
    tensor = tensor.detach().cpu()
    is_small = tensor.is_floating_point() and tensor.element_size() < 4
    return (tensor.float() if is_small else tensor).numpy()


def _described(value: Any, array: npt.NDArray[Any]) -> str:
    """What an array has in place of numbers, and how to convert it."""
    if hasattr(value, "columns") and hasattr(value, "dtypes"):
        dtypes = dict(zip(value.columns, value.dtypes, strict=True))
        others = [f"{column!r} ({dtype})" for column, dtype in dtypes.items() if getattr(dtype, "kind", "O") not in "iufb"]
        columns = ", ".join(others[:5]) + (", …" if len(others) > 5 else "")
        return f"a frame with the columns {columns}: encode or drop them; if they hold numbers, write .astype(float)"
    if array.dtype.kind == "O":
        return f"objects such as {array.flat[0]!r}: if they are numbers, write .astype(float)" if array.size else "objects"
    return str(array.dtype)
