"""Vectors of all parameters of a network, in the order of torch.nn.utils.parameters_to_vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Union

import numpy as np
import numpy.typing as npt

from .answer import LayerGradients
from .request import Layer, Network

Parameters = Union[Sequence[Union[Layer, LayerGradients, Mapping[str, Any]]], npt.NDArray[Any]]
"""One number per parameter: per layer, of which keys and layers may be left out where all is 0; or a flat array of all."""


def parameters_to_vector(parameters: Network | Sequence[LayerGradients]) -> npt.NDArray[Any]:
    """All parameters of a network, or gradients, products or a step of an answer, in one flat array.

    They come layer by layer, weights row by row, then biases: the order of ``torch.nn.utils.parameters_to_vector``, and that of the
    rows and columns of a Hessian.
    """
    return np.concatenate([np.ravel(array) for layer in _layers(parameters) for array in _arrays(layer)])


def vector_to_parameters(vector: npt.ArrayLike, network: Network) -> list[Layer]:
    """The layers of a network with the numbers of a vector for parameters: the inverse of `parameters_to_vector`.

    Raises ValueError if the vector does not have one number per parameter.
    """
    numbers = np.asarray(vector)
    layers = _layers(network)
    size = sum(np.size(array) for layer in layers for array in _arrays(layer))
    if numbers.shape != (size,):
        raise ValueError(f"expected a vector of {size} numbers, one per parameter, got an array of shape {numbers.shape}")
    arrays = [array for layer in layers for array in _arrays(layer)]
    parts = iter(np.split(numbers, np.cumsum([np.size(array) for array in arrays])[:-1]))
    made = iter([part.reshape(np.shape(array)) for part, array in zip(parts, arrays, strict=True)])
    return [
        Layer(next(made), None if _get(layer, "biases") is None else next(made), _get(layer, "activation")) for layer in layers
    ]


def direction_of(parameters: Parameters, network: Network) -> list[Any]:
    """A direction as a request has it: per layer a dictionary of its arrays. What is none is left to the service.

    Raises ValueError if it is a flat array that does not have one number per parameter.
    """
    layers = vector_to_parameters(parameters, network) if hasattr(parameters, "__array__") else parameters
    return [_named(layer) if isinstance(layer, (Layer, LayerGradients)) else layer for layer in layers]


def _named(layer: Layer | LayerGradients) -> dict[str, Any]:
    return {"weights": layer.weights} | ({} if layer.biases is None else {"biases": layer.biases})


def _layers(network: Any) -> Sequence[Any]:
    layers: Sequence[Any] = network["layers"] if isinstance(network, Mapping) else network
    return layers


def _arrays(layer: Any) -> list[Any]:
    """The weights of a layer, and its biases if there are some."""
    return [array for array in (_get(layer, "weights"), _get(layer, "biases")) if array is not None]


def _get(layer: Any, key: str) -> Any:
    return layer.get(key) if isinstance(layer, Mapping) else getattr(layer, key, None)
