"""A 2-2-1 network learns XOR by gradient descent with momentum.

The gradients come from the service.

    python3 xor.py
"""

import sys

from gradients import Client, GradientsError

RATE = 0.5
MOMENTUM = 0.9
STEPS = 200

LAYERS = [
    {
        "weights": [[0.8, -0.5], [-0.3, 0.6]],
        "biases": [0.1, -0.1],
        "activation": "tanh",
    },
    {"weights": [[0.7, 0.4]], "biases": [0.0], "activation": "sigmoid"},
]
# One sample per row.
BATCH = {
    "inputs": [[0, 0], [0, 1], [1, 0], [1, 1]],
    "targets": [[0], [1], [1], [0]],
}


def zeros_like(values):
    """Zeros in the shape of a list, or list of lists, of numbers."""
    return [
        zeros_like(value) if isinstance(value, list) else 0.0
        for value in values
    ]


def descend(values, velocity, gradient):
    """Take one step.

    velocity ← momentum · velocity − rate · gradient
    values ← values + velocity
    """
    for i, slope in enumerate(gradient):
        if isinstance(slope, list):
            descend(values[i], velocity[i], slope)
        else:
            velocity[i] = MOMENTUM * velocity[i] - RATE * slope
            values[i] += velocity[i]


def main():
    client = Client()
    request = {
        "network": {"layers": LAYERS},
        "batch": BATCH,
        "loss": "binary_cross_entropy",
    }
    parameters = ("weights", "biases")
    velocities = [
        {name: zeros_like(layer[name]) for name in parameters}
        for layer in LAYERS
    ]
    for step in range(STEPS):
        answer = client.gradients(request)
        if step % 50 == 0:
            print(f"step {step}: loss {answer['loss']}")
        for layer, velocity, gradient in zip(
            LAYERS, velocities, answer["gradients"]
        ):
            for name in parameters:
                descend(layer[name], velocity[name], gradient[name])
    answer = client.gradients({**request, "include": ["outputs"]})
    print(f"loss after {STEPS} steps: {answer['loss']}")
    for (a, b), [output] in zip(BATCH["inputs"], answer["outputs"]):
        print(f"{a} xor {b}: {output:.4f}")


if __name__ == "__main__":
    try:
        main()
    except (GradientsError, OSError) as error:
        sys.exit(str(error))
