"""The gradients of a network as NumPy arrays, sent and received as safetensors: the way for large networks.

    pip install numpy safetensors
    python3 gradients_safetensors.py         the network of the article
    python3 gradients_safetensors.py FILE    the request in a safetensors file

GRADIENTS_URL is where the service is, GRADIENTS_API_KEY the key that it may want.
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


class GradientsError(Exception):
    """What the service says against a request; `problem` is its problem document (RFC 9457)."""

    def __init__(self, problem):
        lines = [f"{problem.get('title')}: {problem.get('detail')}"]
        lines += [f"  {error['pointer']}: {error['detail']}" for error in problem.get("errors", [])]
        super().__init__("\n".join(lines))
        self.problem = problem


def encode(request):
    """Write a request as safetensors.

    It is the JSON document with arrays in it. Each array becomes a tensor that has its path as its name,
    such as "network.layers.0.weights"; what is left of the document becomes metadata.
    """
    tensors = {}

    def take_arrays(value, path):
        if isinstance(value, np.ndarray):
            tensors[path] = np.ascontiguousarray(value)
            return None
        if isinstance(value, dict):
            rest = {key: take_arrays(item, f"{path}.{key}" if path else key) for key, item in value.items()}
            return {key: item for key, item in rest.items() if item is not None}
        if isinstance(value, list):
            return [take_arrays(item, f"{path}.{i}") for i, item in enumerate(value)]
        return value

    rest = take_arrays(request, "")
    return save(tensors, metadata={"request": json.dumps(rest)})


def gradients(request):
    """Return the answer to a request, as a dict of arrays: "loss", "gradients.0.weights" and so on.

    The request is a dict with NumPy arrays in it, or the bytes of a safetensors file.
    Where the service is busy (429, 503), this waits as long as it is told to and tries again.
    """
    headers = {"Content-Type": SAFETENSORS, "Accept": SAFETENSORS}
    if API_KEY:
        headers["Authorization"] = f"Bearer {API_KEY}"
    body = request if isinstance(request, bytes) else encode(request)
    for tries_left in reversed(range(TRIES)):
        try:
            with urllib.request.urlopen(urllib.request.Request(f"{URL}/gradients", body, headers)) as response:
                return load(response.read())
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503) or not tries_left:
                raise GradientsError(problem_of(error)) from None
            time.sleep(seconds_to_wait(error))


def seconds_to_wait(error):
    """How long the service asks to wait; a second if it does not say."""
    wait = error.headers.get("Retry-After", "")
    return int(wait) if wait.isdigit() else 1


def problem_of(error):
    """The problem document of an answer; a proxy on the way may have sent something else."""
    if error.headers.get_content_type() == "application/problem+json":
        return json.load(error)
    return {"title": error.reason, "detail": f"the service answered {error.code}"}


def article():
    """The network of the article."""
    layers = [
        {"weights": np.full((3, 2), 0.1), "biases": np.full(3, 0.1), "activation": "tanh"},
        {"weights": np.full((3, 3), 0.1), "biases": np.full(3, 0.1), "activation": "tanh"},
        {"weights": np.full((2, 3), 0.1), "biases": np.full(2, 0.1)},
    ]
    # One sample per column.
    batch = {
        "inputs": np.array([[3.0, 2.0], [4.0, 5.0]]),
        "targets": np.array([[2.0, 1.0], [2.0, 2.0]]),
        "samples": "columns",
    }
    return {"network": {"layers": layers}, "batch": batch, "loss": "mse"}


def main():
    request = article()
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
