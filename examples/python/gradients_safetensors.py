"""The gradients of a network as NumPy arrays, sent as safetensors.

This is the way for large networks.

    pip install numpy safetensors
    python3 gradients_safetensors.py         the network of the article
    python3 gradients_safetensors.py FILE    the request in a safetensors file

GRADIENTS_URL is the URL of the service, GRADIENTS_API_KEY its API key.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request

import numpy as np
from safetensors.numpy import load, save

URL = os.environ.get("GRADIENTS_URL", "http://127.0.0.1:3000")
API_KEY = os.environ.get("GRADIENTS_API_KEY")
TRIES = 5
SAFETENSORS = "application/vnd.safetensors"

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


class GradientsError(Exception):
    """An error that the service answers.

    `problem` is its problem document (RFC 9457).
    """

    def __init__(self, problem):
        lines = [f"{problem['title']}: {problem['detail']}"]
        for error in problem.get("errors", []):
            lines.append(f"  {error['pointer']}: {error['detail']}")
        super().__init__("\n".join(lines))
        self.problem = problem


def gradients(request):
    """Return the answer to a request as a dict of arrays.

    They are named "loss", "gradients.0.weights" and so on. The request is a
    dict with NumPy arrays in it, or the bytes of a safetensors file.

    If the service is busy (429, 503), this waits as long as Retry-After
    says and tries again.
    """
    headers = {"Content-Type": SAFETENSORS, "Accept": SAFETENSORS}
    if API_KEY:
        headers["Authorization"] = f"Bearer {API_KEY}"
    body = request if isinstance(request, bytes) else encode(request)
    post = urllib.request.Request(f"{URL}/gradients", body, headers)
    for tries_left in reversed(range(TRIES)):
        try:
            with urllib.request.urlopen(post) as response:
                return load(response.read())
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503) or not tries_left:
                raise GradientsError(problem_of(error)) from None
            time.sleep(seconds_to_wait(error))


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


def seconds_to_wait(error):
    """Seconds to wait, by Retry-After; without it, 1."""
    wait = error.headers.get("Retry-After", "")
    return int(wait) if wait.isdigit() else 1


def problem_of(error):
    """The problem document of an answer.

    A proxy may have sent something else.
    """
    if error.headers.get_content_type() == "application/problem+json":
        return json.load(error)
    detail = f"the service answered {error.code}"
    return {"title": error.reason, "detail": detail}


def main():
    request = ARTICLE
    if len(sys.argv) > 1:
        with open(sys.argv[1], "rb") as file:
            request = file.read()
    answer = gradients(request)
    print("loss:", answer["loss"].item())
    for number in range(sum(name.endswith(".weights") for name in answer)):
        for name in ("weights", "biases"):
            values = answer.get(f"gradients.{number}.{name}")
            if values is not None:
                print(f"layer {number} {name}: {values.tolist()}")


if __name__ == "__main__":
    try:
        main()
    except (GradientsError, OSError) as error:
        sys.exit(str(error))
