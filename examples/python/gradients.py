"""The gradients of a network, from a gradient service.

The standard library is enough.

    python3 gradients.py         the network of the article
    python3 gradients.py FILE    the request in a JSON file

GRADIENTS_URL is the URL of the service, GRADIENTS_API_KEY its API key.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request

URL = os.environ.get("GRADIENTS_URL", "http://127.0.0.1:3000")
API_KEY = os.environ.get("GRADIENTS_API_KEY")
TRIES = 5

ARTICLE = {
    "network": {
        "layers": [
            {
                "weights": [[0.1, 0.1], [0.1, 0.1], [0.1, 0.1]],
                "biases": [0.1, 0.1, 0.1],
                "activation": "tanh",
            },
            {
                "weights": [[0.1, 0.1, 0.1], [0.1, 0.1, 0.1], [0.1, 0.1, 0.1]],
                "biases": [0.1, 0.1, 0.1],
                "activation": "tanh",
            },
            {
                "weights": [[0.1, 0.1, 0.1], [0.1, 0.1, 0.1]],
                "biases": [0.1, 0.1],
            },
        ]
    },
    # One sample per column.
    "batch": {
        "inputs": [[3, 2], [4, 5]],
        "targets": [[2, 1], [2, 2]],
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


def gradients(request, operation="gradients"):
    """Return the answer to a request: "loss", "gradients", what it includes.

    The operation is any of the service, such as "hessian".

    If the service is busy (429, 503), this waits as long as Retry-After
    says and tries again.
    """
    headers = {"Content-Type": "application/json"}
    if API_KEY:
        headers["Authorization"] = f"Bearer {API_KEY}"
    body = json.dumps(request).encode()
    post = urllib.request.Request(f"{URL}/{operation}", body, headers)
    for tries_left in reversed(range(TRIES)):
        try:
            with urllib.request.urlopen(post) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503) or not tries_left:
                raise GradientsError(problem_of(error)) from None
            time.sleep(seconds_to_wait(error))


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
        with open(sys.argv[1], encoding="utf-8") as file:
            request = json.load(file)
    answer = gradients(request)
    print("loss:", answer["loss"])
    for number, layer in enumerate(answer["gradients"]):
        for name, values in layer.items():
            print(f"layer {number} {name}: {values}")


if __name__ == "__main__":
    try:
        main()
    except (GradientsError, OSError, ValueError) as error:
        sys.exit(str(error))
