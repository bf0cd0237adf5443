"""Checks the derivatives of UM-Bridge's models by central differences.

    python3 check.py [URL]

The URL is that of the server, by default http://127.0.0.1:4242. Of each
model and each pair of inputs it prints the largest difference, relative to
the largest number.
"""

import sys

import numpy as np
import umbridge

URL = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:4242"
STEP = 1e-5


def central(function, inputs, which, direction):
    """The derivative of a function along a direction of one input."""
    ends = []
    for sign in (1, -1):
        moved = list(inputs)
        moved[which] = (np.array(inputs[which]) + sign * STEP * direction).tolist()
        ends.append(np.array(function(moved)))
    return (ends[0] - ends[1]) / (2 * STEP)


def difference(found, expected):
    return np.max(np.abs(np.array(found) - expected)) / np.max(np.abs(expected))


def check(model):
    rng = np.random.default_rng(1)
    sizes = model.get_input_sizes()
    inputs = [rng.normal(size=size).tolist() for size in sizes]
    (outputs,) = model.get_output_sizes()
    sens = rng.normal(size=outputs).tolist()
    print(f"{model.name}: inputs {sizes}, outputs {[outputs]}")
    for i, size in enumerate(sizes):
        vec = rng.normal(size=size)
        expected = central(lambda x: model(x)[0], inputs, i, vec)
        found = model.apply_jacobian(0, i, inputs, vec.tolist())
        print(f"  Jacobian, input {i}: {difference(found, expected):.0e}")
        expected = [sens @ central(lambda x: model(x)[0], inputs, i, unit) for unit in np.eye(size)]
        found = model.gradient(0, i, inputs, sens)
        print(f"  gradient, input {i}: {difference(found, expected):.0e}")
        for j in range(len(sizes)):
            expected = central(lambda x: model.gradient(0, j, x, sens), inputs, i, vec)
            found = model.apply_hessian(0, j, i, inputs, sens, vec.tolist())
            print(f"  Hessian, inputs {j} and {i}: {difference(found, expected):.0e}")


for name in umbridge.supported_models(URL):
    check(umbridge.HTTPModel(URL, name))
