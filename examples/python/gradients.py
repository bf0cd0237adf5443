"""The gradients of a network, from a gradient service.

The standard library is enough.

    python3 gradients.py            the network of the article
    python3 gradients.py FILE...    the requests in JSON files
"""

import http.client
import json
import os
import random
import socket
import sys
import time
import urllib.parse

CONNECT_TIMEOUT = 10
# A service that accepts no connection is tried again for so many seconds: a
# restart takes less.
RESTART_TIME = 10
LONGEST_BACKOFF = 10


class GradientsError(Exception):
    """The service refuses a request.

    `problem` is its problem document (RFC 9457).
    """

    def __init__(self, problem):
        lines = [f"{problem['title']}: {problem['detail']}"]
        for error in problem.get("errors", []):
            lines.append(f"  {error['pointer']}: {error['detail']}")
        super().__init__("\n".join(lines))
        self.problem = problem


class Client:
    """A gradient service. It keeps one connection; each thread needs its own.

    url, api_key: of the service; by default GRADIENTS_URL and
        GRADIENTS_API_KEY of the environment.
    timeout: seconds that one try may take, from connecting to the last byte
        of the answer; by default GRADIENTS_TIMEOUT, or 300.
    retry_time: seconds for which a busy service is asked again, counted from
        the first failure; by default GRADIENTS_RETRY_TIME, or 120.
    """

    def __init__(self, url=None, api_key=None, timeout=None, retry_time=None):
        env = os.environ.get
        url = url or env("GRADIENTS_URL", "http://127.0.0.1:3000")
        self.url = url.rstrip("/")
        self.api_key = api_key or env("GRADIENTS_API_KEY")
        self.timeout = timeout or float(env("GRADIENTS_TIMEOUT", 300))
        if retry_time is None:
            retry_time = float(env("GRADIENTS_RETRY_TIME", 120))
        self.retry_time = retry_time
        scheme, address, self._path, _, _ = urllib.parse.urlsplit(self.url)
        is_secure = scheme == "https"
        connection = {
            "http": http.client.HTTPConnection,
            "https": http.client.HTTPSConnection,
        }[scheme]
        connect_timeout = min(CONNECT_TIMEOUT, self.timeout)
        self._connection = connection(address, timeout=connect_timeout)

    def gradients(self, request):
        """Return "loss", "gradients", "divisor" and what is included."""
        return self.ask("gradients", request)

    def ask(self, operation, request):
        """Return the answer of any operation, such as "hessian"."""
        body = json.dumps(request).encode()
        return json.loads(self.post(operation, body, "application/json"))

    def post(self, operation, body, media_type):
        """Return the bytes that answer a body.

        While the service is busy or the connection breaks, this waits (as
        long as Retry-After says, and a random time that grows) and tries
        again. A timeout is not retried.

        Raises GradientsError if the service refuses the request, TimeoutError
        if it does not answer in time, ConnectionError if there is no
        connection.
        """
        headers = {"Content-Type": media_type, "Accept": media_type}
        if self.api_key:
            headers["Authorization"] = f"Bearer {self.api_key}"
        first_failure = None
        backoff = 0.5
        while True:
            wait = random.uniform(0, backoff)
            limit = self.retry_time
            try:
                response, content = self._exchange(operation, body, headers)
            except (TimeoutError, socket.timeout):
                self._connection.close()
                raise TimeoutError(
                    f"no answer from {self.url} within {self.timeout:g} s"
                ) from None
            except (OSError, http.client.HTTPException) as error:
                if self._connection.sock is None:
                    limit = min(limit, RESTART_TIME)
                self._connection.close()
                failure = ConnectionError(
                    f"no answer from {self.url}: {error}"
                )
            else:
                if response.status == 200:
                    return content
                failure = GradientsError(self._problem(response, content))
                if response.status not in (429, 502, 503):
                    raise failure
                retry_after = response.headers.get("Retry-After", "")
                wait += int(retry_after) if retry_after.isdigit() else 0
            now = time.monotonic()
            first_failure = first_failure or now
            if now - first_failure + wait > limit:
                raise failure
            time.sleep(wait)
            backoff = min(2 * backoff, LONGEST_BACKOFF)

    def _exchange(self, operation, body, headers):
        """Send a request and read its response, on the open connection."""
        end = time.monotonic() + self.timeout
        if self._connection.sock is None:
            self._connection.connect()
        # The response may close the connection, whose socket it still reads.
        sock = self._connection.sock
        sock.settimeout(self.timeout)
        path = f"{self._path}/{operation}"
        self._connection.request("POST", path, body, headers)
        response = self._connection.getresponse()
        chunks = []
        # The timeout of a socket is that of each read: shorten it.
        while not response.isclosed():
            sock.settimeout(max(end - time.monotonic(), 0.001))
            chunks.append(response.read(1 << 16))
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)
        return response, b"".join(chunks)

    def _problem(self, response, content):
        """Return the problem document of an answer.

        A proxy may have sent something else.
        """
        media_type = response.headers.get_content_type()
        if media_type == "application/problem+json":
            return json.loads(content)
        detail = f"{self.url} answered {response.status}"
        return {"title": response.reason, "detail": detail}


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


def read(path):
    """The request in a JSON file."""
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def main():
    client = Client()
    for request in map(read, sys.argv[1:]) if sys.argv[1:] else [ARTICLE]:
        answer = client.gradients(request)
        print("loss:", answer["loss"])
        for number, layer in enumerate(answer["gradients"]):
            for name, values in layer.items():
                print(f"layer {number} {name}: {values}")
        print("divisor:", answer["divisor"])


if __name__ == "__main__":
    try:
        main()
    except (GradientsError, OSError, ValueError) as error:
        sys.exit(str(error))
