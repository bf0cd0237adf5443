"""The gradients of a classifier.

It has class indices, sample weights, and an activation and a loss with
options.

    python3 classes.py
"""

import sys

from gradients import Client, GradientsError

REQUEST = {
    "network": {
        "layers": [
            {
                "weights": [[0.2, -0.4], [0.6, 0.1], [-0.3, 0.5]],
                "biases": [0.1, 0.0, -0.1],
                "activation": {"type": "leaky_relu", "negative_slope": 0.2},
            },
            {
                "weights": [[0.7, -0.2, 0.3], [-0.5, 0.4, 0.1], [0.2, 0.6, -0.8]],
                "biases": [0.0, 0.1, 0.2],
            },
        ]
    },
    "batch": {
        "inputs": [[1, 2], [-1, 0.5], [0, -2], [3, 1]],
        "classes": [0, 2, 1, 2],
        "sample_weights": [1, 0.5, 2, 1],
    },
    "loss": {"type": "cross_entropy", "label_smoothing": 0.1},
}


def main():
    answer = Client().gradients(REQUEST)
    print("loss:", answer["loss"])
    print("divisor:", answer["divisor"])
    print("biases of the last layer:", answer["gradients"][-1]["biases"])


if __name__ == "__main__":
    try:
        main()
    except (GradientsError, OSError) as error:
        sys.exit(str(error))
