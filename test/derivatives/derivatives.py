#!/usr/bin/env python3
"""Writes derivatives.json beside itself: derivatives beyond the gradient by PyTorch, for every activation with every loss.

Needs PyTorch (Debian: python3-torch). Products with Hessian matrices by torch.autograd.functional.hvp, Hessians by .hessian, the
derivatives of the outputs by .jacobian; Gauss-Newton products from the Jacobian of the outputs and the Hessian of the loss in them.
"""
import json
import pathlib
import sys

import torch
import torch.nn.functional as F
sys.path.append(str(pathlib.Path(__file__).parents[1] / "vectors"))
from extras import ACTIVATIONS, LAST, LOSSES, PENALTIES, SAMPLES, activate, chance, matrix, turned, unreduced

functional = torch.autograd.functional
chance.seed(29)

class HardSigmoid(torch.autograd.Function):
    """PyTorch's hardsigmoid, whose backward pass it cannot differentiate; there 1/6 is a float32 number."""

    @staticmethod
    def forward(context, z):
        context.save_for_backward(z)
        return F.hardsigmoid(z)

    @staticmethod
    def backward(context, da):
        (z,) = context.saved_tensors
        return da * (z.abs() < 3) * torch.tensor(1 / 6, dtype=torch.float32).double()


def entropy(y, t):
    """PyTorch's second derivative of binary_cross_entropy adds an epsilon that its first derivative does not have."""
    return -t * torch.log(y) - (1 - t) * torch.log1p(-y)


def unflatten(vector, layers):
    at, result = 0, []
    for layer in layers:
        shapes = {"weights": (len(layer["weights"]), len(layer["weights"][0]))}
        if "biases" in layer:
            shapes["biases"] = (len(layer["biases"]),)
        values = {}
        for key, shape in shapes.items():
            size = torch.Size(shape).numel()
            values[key] = vector[..., at : at + size].reshape(vector.shape[:-1] + shape)
            at += size
        result.append(values)
    return result


def lists(layers):
    return [{key: value.tolist() for key, value in layer.items()} for layer in layers]


def network(layers, parameters, x):
    for layer, given in zip(layers, unflatten(parameters, layers)):
        z = F.linear(x, given["weights"], given.get("biases"))
        name, options = layer["activation"]["type"], {k: v for k, v in layer["activation"].items() if k != "type"}
        x = HardSigmoid.apply(z) if name == "hardsigmoid" else activate(name, options, z)
    return x


def flatten(layers):
    return torch.cat([torch.tensor(layer[key]).flatten() for layer in layers for key in ("weights", "biases") if key in layer])


def solve(layers, inputs, targets, loss, penalty, sample_weights, vector, cotangents, tangents, whole):
    x, t = torch.tensor(inputs), torch.tensor(targets)
    theta = flatten(layers)
    options = {k: v for k, v in loss.items() if k not in ("type", "reduction")}
    s = torch.tensor(sample_weights or [1.0] * SAMPLES)
    outputs = len(layers[-1]["weights"])
    counts = torch.tensor(options["weight"])[t] if t.dtype == torch.int64 else torch.full((SAMPLES,), float(outputs))
    divisor = {"mean": (s * counts).sum(), "sum": torch.tensor(1.0), "batchmean": s.sum()}[loss["reduction"]]
    applies = torch.cat([torch.full((value.numel(),), float(key == "weights" or penalty.get("biases", False)))
                         for layer in unflatten(theta, layers) for key, value in layer.items()])

    def loss_of_outputs(y):
        losses = entropy(y, t) if loss["type"] == "binary_cross_entropy" else unreduced(loss["type"], options, y, t)
        return (s * (losses if losses.dim() == 1 else losses.sum(dim=1))).sum() / divisor

    def share(p):
        return penalty.get("l1", 0) * (applies * p.abs()).sum() + penalty.get("l2", 0) / 2 * (applies * p**2).sum()

    def total(p):
        return loss_of_outputs(network(layers, p, x)) + share(p)

    v = flatten(vector)
    gradient = functional.jacobian(total, theta)
    product = functional.hvp(total, theta, v)[1]
    y = network(layers, theta, x)
    J = functional.jacobian(lambda p: network(layers, p, x), theta)
    Jx = functional.jacobian(lambda x: network(layers, theta, x), x)
    of_inputs = torch.stack([Jx[i, :, i] for i in range(SAMPLES)])
    flat_J = J.reshape(y.numel(), -1)
    H = functional.hessian(loss_of_outputs, y).reshape(y.numel(), y.numel())
    gauss_newton = flat_J.T @ H @ flat_J + torch.diag(penalty.get("l2", 0) * applies)
    c, tx = torch.tensor(cotangents), torch.tensor(tangents)
    both = {"loss": total(theta).item(), "divisor": divisor.item(), "gradients": lists(unflatten(gradient, layers)), "penalty": share(theta).item()}
    products = lambda p: {**both, "products": lists(unflatten(p, layers)), "curvature": (v @ p).item()}
    expected = {
        "hvp": products(product),
        "gauss_newton": {key: products(gauss_newton @ v)[key] for key in ("products", "curvature")},
        "vjp": {
            "outputs": y.tolist(),
            "gradients": lists(unflatten(c.flatten() @ flat_J, layers)),
            "input_gradients": torch.einsum("ij,ijk->ik", c, of_inputs).tolist(),
        },
        "jvp": {"output_tangents": (J @ v + torch.einsum("ijk,ik->ij", of_inputs, tx)).tolist()},
    }
    if whole:
        expected["hessian"] = functional.hessian(total, theta).tolist()
        expected["jacobian"] = {"inputs": of_inputs.tolist(), "parameters": lists(unflatten(J, layers))}
    return expected


def main():
    cases = []
    for i, (activation, options) in enumerate(ACTIVATIONS.items()):
        for j, (name, (loss_options, draw)) in enumerate(LOSSES.items()):
            n = i * len(LOSSES) + j
            loss = {"type": name, "reduction": ("mean", "sum", "batchmean")[n % 3], **loss_options}
            given = {"type": activation, **options}
            last = {"type": LAST[name]} if name in LAST else given if n % 4 == 3 else {"type": "identity"}
            layers = [{"weights": matrix(3, 2), "activation": given}, {"weights": matrix(2, 3), "activation": last}]
            for k, layer in enumerate(layers):
                if (n + k) % 3 > 0:
                    layer["biases"] = matrix(1, len(layer["weights"]))[0]
            inputs, targets = matrix(SAMPLES, 2), draw(SAMPLES, 2)
            sample_weights = [1.5, 0.0, 0.5] if n % 4 == 0 else None
            penalty = PENALTIES[n % 4] if n % 5 == 0 else {}
            vector = [{key: turned(matrix(len(layer[key]), 1))[0] if key == "biases" else matrix(len(layer[key]), len(layer[key][0]))
                       for key in ("weights", "biases") if key in layer} for layer in layers]
            cotangents, tangents = matrix(SAMPLES, 2), matrix(SAMPLES, 2)
            expected = solve(layers, inputs, targets, loss, penalty, sample_weights, vector, cotangents, tangents, j == i % len(LOSSES))
            cases.append({
                "name": f"{activation}, {name}",
                "layers": layers, "inputs": inputs, "targets": targets, "loss": loss, "vector": vector, "cotangents": cotangents,
                "tangents": tangents, **({"sample_weights": sample_weights} if sample_weights else {}),
                **({"penalty": penalty} if penalty else {}), "expected": expected,
            })
    text = ",\n".join(json.dumps(case, allow_nan=False, separators=(",", ":")) for case in cases)
    pathlib.Path(__file__).with_name("derivatives.json").write_text(f"[\n{text}\n]\n")
    print(f"derivatives.json: {len(cases)} cases")


if __name__ == "__main__":
    main()
