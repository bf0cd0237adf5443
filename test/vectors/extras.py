#!/usr/bin/env python3
"""Writes extras.json beside itself: PyTorch's answers with a penalty, norms and squares of per-sample gradients, and slopes.

Needs PyTorch (Debian: python3-torch). Each activation stands twice, with other losses; names are those of torch.nn.functional.
"""
import json
import pathlib
import random

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
chance = random.Random(17)
SAMPLES = 3

ACTIVATIONS = {
    "identity": {}, "tanh": {}, "sigmoid": {}, "relu": {}, "relu6": {}, "leaky_relu": {"negative_slope": 0.2}, "elu": {"alpha": 0.7},
    "selu": {}, "celu": {"alpha": 1.6}, "gelu": {"approximate": "tanh"}, "silu": {}, "mish": {}, "softplus": {"beta": 2.5},
    "softsign": {}, "hardtanh": {"min_val": -0.4, "max_val": 0.3}, "hardsigmoid": {}, "hardswish": {}, "logsigmoid": {}, "tanhshrink": {},
    "softshrink": {"lambd": 0.2}, "hardshrink": {"lambd": 0.2}, "exp": {}, "softmax": {}, "log_softmax": {},
}
MIXING = ("softmax", "log_softmax")
LAST = {"binary_cross_entropy": "sigmoid", "nll": "log_softmax", "kl_div": "log_softmax"}
PENALTIES = [{"l2": 0.3}, {"l1": 0.2, "l2": 0.7}, {"l1": 0.1, "l2": 0.5, "biases": True}, {"l1": 0.4, "biases": True}]


def number(low, high):
    return round(chance.uniform(low, high), 3)


def matrix(rows, columns, low=-1.5, high=1.5):
    return [[number(low, high) for _ in range(columns)] for _ in range(rows)]


def signs(rows, columns):
    return [[chance.choice((-1.0, 1.0)) for _ in range(columns)] for _ in range(rows)]


# Options, and how targets are drawn.
LOSSES = {
    "mse": ({}, matrix),
    "l1": ({}, matrix),
    "log_cosh": ({}, matrix),
    "smooth_l1": ({"beta": 0.6}, matrix),
    "huber": ({"delta": 0.4}, matrix),
    "binary_cross_entropy": ({}, lambda n, m: matrix(n, m, 0, 1)),
    "binary_cross_entropy_with_logits": ({"pos_weight": [2.0, 0.5]}, lambda n, m: matrix(n, m, 0, 1)),
    "cross_entropy": ({"weight": [2.0, 0.5], "label_smoothing": 0.1}, lambda n, m: [chance.randrange(m) for _ in range(n)]),
    "nll": ({"weight": [2.0, 0.5]}, lambda n, m: [chance.randrange(m) for _ in range(n)]),
    "kl_div": ({}, lambda n, m: matrix(n, m, 0.1, 1)),
    "poisson_nll": ({"full": True}, lambda n, m: matrix(n, m, 0, 4)),
    "soft_margin": ({}, signs),
    "hinge": ({}, signs),
    "squared_hinge": ({}, signs),
}


def activate(name, options, z):
    others = {"identity": lambda: z, **{f: lambda f=f: getattr(torch, f)(z) for f in ("exp", "tanh", "sigmoid")}}
    others.update({f: lambda f=f: getattr(F, f)(z, dim=1) for f in MIXING})
    return others.get(name, lambda: getattr(F, name)(z, **options))()


def unreduced(name, options, y, t):
    """samples, or samples x outputs."""
    if name == "log_cosh":
        return torch.log(torch.cosh(y - t))
    if name in ("hinge", "squared_hinge"):
        return torch.clamp(1 - t * y, min=0) ** (2 if name == "squared_hinge" else 1)
    options = {key: torch.tensor(value) if isinstance(value, list) else value for key, value in options.items()}
    function = getattr(F, f"{name}_loss", None) or getattr(F, name)
    return function(y, t, reduction="none", **options)


def solve(layers, inputs, targets, loss, penalty, sample_weights):
    parameters = [{key: torch.tensor(layer[key], requires_grad=True) for key in ("weights", "biases") if key in layer} for layer in layers]
    x, t = torch.tensor(inputs, requires_grad=True), torch.tensor(targets)
    steps, y = [], x
    for layer, given in zip(layers, parameters):
        z = F.linear(y, given["weights"], given.get("biases"))
        name, options = layer["activation"]["type"], {k: v for k, v in layer["activation"].items() if k != "type"}
        # A copy, so that the gradients with respect to z and a differ for identity.
        step = {"type": name, "inputs": y, "pre_activations": z, "outputs": activate(name, options, z).clone()}
        steps.append(step)
        y = step["outputs"]
    options = {k: v for k, v in loss.items() if k not in ("type", "reduction")}
    losses = unreduced(loss["type"], options, y, t)
    s = torch.tensor(sample_weights or [1.0] * SAMPLES)
    if t.dtype == torch.int64:
        counts = torch.tensor(options["weight"])[t]
    else:
        counts = torch.full((SAMPLES,), float(y.shape[1]))
    divisor = {"mean": (s * counts).sum(), "sum": torch.tensor(1.0), "batchmean": s.sum()}[loss["reduction"]]
    shares = s * (losses if losses.dim() == 1 else losses.sum(dim=1)) / divisor

    applies = [value for given in parameters for key, value in given.items() if key == "weights" or penalty.get("biases")]
    share = sum(penalty.get("l1", 0) * w.abs().sum() + penalty.get("l2", 0) / 2 * (w**2).sum() for w in applies)
    flat = [value for given in parameters for value in given.values()]

    def per_layer(values):
        rest = iter(values)
        return [{key: next(rest).tolist() for key in given} for given in parameters]

    def norm(values):
        return torch.cat([value.flatten() for value in values]).norm().item()

    total = torch.autograd.grad(shares.sum() + share, flat, retain_graph=True)
    each = [torch.autograd.grad(one, flat, retain_graph=True) for one in shares]
    trace = []
    for step in steps:
        x, z, a = step["inputs"], step["pre_activations"], step["outputs"]
        da, dz, dx = torch.autograd.grad(shares.sum(), [a, z, x], retain_graph=True)
        values = {"inputs": x, "pre_activations": z, "outputs": a, "output_gradients": da, "pre_activation_gradients": dz, "input_gradients": dx}
        if step["type"] not in MIXING:
            values["slopes"] = torch.autograd.grad(a.sum(), z, retain_graph=True)[0]
        trace.append({key: value.tolist() for key, value in values.items()})
    return {
        "loss": (shares.sum() + share).item(),
        "gradients": per_layer(total),
        "divisor": divisor.item(),
        "penalty": share.item(),
        "per_sample_losses": shares.tolist(),
        "per_sample_gradient_norms": [norm(one) for one in each],
        "squared_gradients": per_layer([sum(one[i] ** 2 for one in each) for i in range(len(flat))]),
        "gradient_norms": {
            "layers": [{key: torch.tensor(value).norm().item() for key, value in layer.items()} for layer in per_layer(total)],
            "total": norm(total),
        },
        "trace": trace,
    }


def turned(rows):
    return [list(row) for row in zip(*rows)]


def main():
    cases = []
    for i, (activation, options) in enumerate(ACTIVATIONS.items()):
        for j in range(2):
            n = 2 * i + j
            name = list(LOSSES)[(n + j * 5) % len(LOSSES)]
            loss_options, draw = LOSSES[name]
            loss = {"type": name, "reduction": ("mean", "sum", "batchmean")[n % 3], **loss_options}
            given = {"type": activation, **options}
            last = {"type": LAST[name]} if name in LAST else given if j else {"type": "identity"}
            layers = [{"weights": matrix(3, 2), "activation": given}, {"weights": matrix(2, 3), "activation": last}]
            for k, layer in enumerate(layers):
                if (n + k) % 3 > 0:
                    layer["biases"] = matrix(1, len(layer["weights"]))[0]
            inputs, targets = matrix(SAMPLES, 2), draw(SAMPLES, 2)
            sample_weights = [1.5, 0.0, 0.5] if n % 4 == 0 else None
            penalty = PENALTIES[(n + n // 4) % 4]
            expected = solve(layers, inputs, targets, loss, penalty, sample_weights)
            columns = n % 5 > 2
            batch = {"inputs": inputs, "targets": targets}
            if columns:
                batch = {"inputs": turned(inputs), "targets": turned(targets) if isinstance(targets[0], list) else targets, "samples": "columns"}
                expected["trace"] = [{key: turned(value) for key, value in layer.items()} for layer in expected["trace"]]
            if sample_weights:
                batch["sample_weights"] = sample_weights
            cases.append({
                "name": f"{activation}, {name}, {penalty}",
                "request": {"network": {"layers": layers}, "batch": batch, "loss": loss, "penalty": penalty},
                "expected": expected,
            })

    text = ",\n".join(json.dumps(case, allow_nan=False) for case in cases)
    pathlib.Path(__file__).with_name("extras.json").write_text(f"[\n{text}\n]\n")
    print(f"extras.json: {len(cases)} cases")


if __name__ == "__main__":
    main()
