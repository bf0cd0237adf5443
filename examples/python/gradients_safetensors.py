"""The gradients of a network as NumPy arrays, sent as safetensors.

This is the way for large networks. The connection is that of gradients.py.

    pip install numpy safetensors
    python3 gradients_safetensors.py            the network of the article
    python3 gradients_safetensors.py FILE...    the requests in safetensors
"""

import json
import sys

import numpy as np
from safetensors.numpy import load, save

from gradients import Client, GradientsError


def gradients(client, request):
    """Return the answer to a request as a dict of arrays.

    They are named "loss", "divisor", "gradients.0.weights" and so on. The
    request is a dict with NumPy arrays in it, or the bytes of a safetensors
    file. Raises the exceptions of `Client.post`.
    """
    body = request if isinstance(request, bytes) else encode(request)
    return load(client.post("gradients", body, "application/vnd.safetensors"))


def encode(request):
    """Write a request as safetensors.

    A tensor's name is its path in the request, "network.layers.0.weights";
    the rest is a JSON document in the metadata.
    """
    tensors = {}
    rest = split(request, (), tensors)
    return save(tensors, metadata={"request": json.dumps(rest)})


def split(value, path, tensors):
    """Move the arrays of a value into `tensors`, and return what is left."""
    if isinstance(value, dict):
        rest = {}
        for key, item in value.items():
            if isinstance(item, np.ndarray):
                name = ".".join((*path, key))
                tensors[name] = np.ascontiguousarray(item)
            else:
                rest[key] = split(item, (*path, key), tensors)
        return rest
    if isinstance(value, list):
        return [
            split(item, (*path, str(i)), tensors)
            for i, item in enumerate(value)
        ]
    return value


ARTICLE = {
    "network": {
        "layers": [
            {
                "weights": np.full((3, 2), 0.1),
                "biases": np.full(3, 0.1),
                "activation": "tanh",
            },
            {
                "weights": np.full((3, 3), 0.1),
                "biases": np.full(3, 0.1),
                "activation": "tanh",
            },
            {
                "weights": np.full((2, 3), 0.1),
                "biases": np.full(2, 0.1),
            },
        ]
    },
    # One sample per column.
    "batch": {
        "inputs": np.array([[3.0, 2.0], [4.0, 5.0]]),
        "targets": np.array([[2.0, 1.0], [2.0, 2.0]]),
        "samples": "columns",
    },
    "loss": "mse",
}


def read(path):
    """The bytes of a file."""
    with open(path, "rb") as file:
        return file.read()


def main():
    client = Client()
    for request in map(read, sys.argv[1:]) if sys.argv[1:] else [ARTICLE]:
        answer = gradients(client, request)
        print("loss:", answer["loss"].item())
        for number in range(sum(n.endswith(".weights") for n in answer)):
            for name in ("weights", "biases"):
                values = answer.get(f"gradients.{number}.{name}")
                if values is not None:
                    print(f"layer {number} {name}: {values.tolist()}")
        print("divisor:", answer["divisor"].item())


if __name__ == "__main__":
    try:
        main()
    except (GradientsError, OSError) as error:
        sys.exit(str(error))
