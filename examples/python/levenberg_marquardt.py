"""A 1-3-1 network learns a curve by the steps of Levenberg and Marquardt.

The service computes the steps, and the loss after each.

    python3 levenberg_marquardt.py
"""

import math
import sys

from gradients import Client, GradientsError

DAMPING = 1e-3
# With less, a matrix that is singular would be refused.
LEAST = 1e-12
STEPS = 100
# Ends when a step lowers the loss by less than this part of it.
TOLERANCE = 1e-10

LAYERS = [
    {
        "weights": [[1.0], [1.0], [1.0]],
        "biases": [-1.5, 0.0, 1.5],
        "activation": "tanh",
    },
    {"weights": [[-1.0, 1.0, -1.0]], "biases": [0.0]},
]
INPUTS = [[i / 10 - 2] for i in range(41)]
BATCH = {
    "inputs": INPUTS,
    "targets": [[math.sin(2 * x) + 0.1 * math.cos(17 * x)] for [x] in INPUTS],
}


def add(values, step):
    """The sum of two lists of numbers, or of lists."""
    return [
        add(value, change) if isinstance(value, list) else value + change
        for value, change in zip(values, step)
    ]


def moved(layer, step):
    """A layer after a step."""
    return {**layer, **{name: add(layer[name], step[name]) for name in step}}


def main():
    client = Client()
    layers = LAYERS
    damping = DAMPING
    for number in range(STEPS):
        request = {
            "network": {"layers": layers},
            "batch": BATCH,
            "loss": {"type": "mse", "reduction": "sum"},
            "matrix": "gauss_newton",
            # Shorter and shorter steps: the first one that lowers the loss
            # is taken.
            "damping": [damping * 10**k for k in range(8)],
        }
        answer = client.ask("hessian", request)
        loss = answer["loss"]
        print(f"step {number}: loss {loss}")
        # A step has no loss if that is not finite.
        lower = [s for s in answer["steps"] if s.get("loss", loss) < loss]
        if not lower:
            break
        step = lower[0]
        layers = [moved(*pair) for pair in zip(layers, step["step"])]
        damping = max(step["damping"] / 10, LEAST)
        if loss - step["loss"] < TOLERANCE * loss:
            loss = step["loss"]
            break
    print(f"loss at the end: {loss}")


if __name__ == "__main__":
    try:
        main()
    except (GradientsError, OSError) as error:
        sys.exit(str(error))
