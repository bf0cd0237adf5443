#!/usr/bin/env python3
"""Writes kinks.json beside itself: PyTorch's answers where derivatives jump, and for options that the other files leave out.

Needs PyTorch (Debian: python3-torch). Every network is one layer of weights W; names are those of torch.nn.functional.
"""
import json
import pathlib

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
POINTS = [-30.0, -20.0, -6.0, -3.0, -1.0, -0.5, -0.4, -0.2, 0.0, 0.2, 0.3, 0.5, 1.0, 3.0, 6.0, 20.0, 30.0, 40.0]
PAIRS = [[1.0, -1.0], [0.0, 2.0], [1.0, 0.5], [-0.3, 0.3]]
IDENTITY = [[1.0, 0.0], [0.0, 1.0]]
cases = []


def hardswish(x):
    """With the derivatives of PyTorch 2.15 at -3 and 3."""
    return torch.where(x <= -3, 0 * x, torch.where(x >= 3, x, x * (x + 3) / 6))


def activate(name, options, x):
    others = {"identity": lambda: x, "exp": lambda: torch.exp(x), "hardswish": lambda: hardswish(x)}
    return others.get(name, lambda: getattr(F, name)(x, **options))()


def unreduced(name, options, y, t):
    if name in ("hinge", "squared_hinge"):
        return torch.clamp(1 - t * y, min=0) ** (2 if name == "squared_hinge" else 1)
    if name == "smooth_l1" and options.get("beta") == 0:
        # PyTorch 2's derivative at 0; that of PyTorch 1 is -1.
        return F.l1_loss(y, t, reduction="none")
    options = {k: torch.tensor(v) if isinstance(v, list) else v for k, v in options.items()}
    function = getattr(F, f"{name}_loss", None) or getattr(F, name)
    return function(y, t, reduction="none", **options)


def add(name, W, inputs, targets, activation=None, loss=None, sample_weights=None):
    activation, loss = activation or {"type": "identity"}, loss or {"type": "mse"}
    options = {k: v for k, v in loss.items() if k not in ("type", "reduction")}
    w, b, x = (torch.tensor(v, requires_grad=True) for v in (W, [0.0] * len(W), inputs))
    t, s = torch.tensor(targets), torch.tensor(sample_weights or [1.0] * len(inputs))
    y = activate(activation["type"], {k: v for k, v in activation.items() if k != "type"}, F.linear(x, w, b))
    losses = unreduced(loss["type"], options, y, t)
    if t.dtype == torch.int64:
        weight, ignored = torch.tensor(options.get("weight", [1.0] * len(W))), t == options.get("ignore_index", -100)
        counts = torch.where(ignored, torch.zeros(len(t)), weight[torch.where(ignored, torch.zeros_like(t), t)])
    else:
        counts = torch.full((len(t),), 1.0 if losses.dim() == 1 else float(len(W)))
    divisor = {"mean": (s * counts).sum(), "sum": torch.tensor(1.0), "batchmean": s.sum()}[loss.get("reduction", "mean")]
    shares = s * (losses if losses.dim() == 1 else losses.sum(dim=1)) / divisor
    gradients = [torch.autograd.grad(share, [w, b], retain_graph=True) for share in shares]
    dw, db, dx = torch.autograd.grad(shares.sum(), [w, b, x])
    batch = {"inputs": inputs, "targets": targets, **({"sample_weights": sample_weights} if sample_weights else {})}
    layer = {"weights": W, "biases": [0.0] * len(W), "activation": activation}
    cases.append({
        "name": name,
        "request": {"network": {"layers": [layer]}, "batch": batch, "loss": loss},
        "expected": {
            "loss": shares.sum().item(),
            "divisor": divisor.item(),
            "gradients": [{"weights": dw.tolist(), "biases": db.tolist()}],
            "outputs": y.tolist(),
            "input_gradients": dx.tolist(),
            "per_sample_losses": shares.tolist(),
            "per_sample_gradients": [{"weights": [g.tolist() for g, _ in gradients], "biases": [g.tolist() for _, g in gradients]}],
        },
    })


for activation in (
    [{"type": name} for name in (
        "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish", "softplus", "softsign", "hardtanh", "hardsigmoid",
        "hardswish", "logsigmoid", "tanhshrink", "softshrink", "hardshrink",
    )]
    + [{"type": "leaky_relu", "negative_slope": -1.0}, {"type": "elu", "alpha": -0.5}, {"type": "celu", "alpha": 0.3}]
    + [{"type": "gelu", "approximate": "tanh"}, {"type": "softplus", "threshold": 3.0}, {"type": "softplus", "beta": 2.0, "threshold": -1.0}]
    + [{"type": "hardtanh", "min_val": -0.4, "max_val": 0.3}, {"type": "hardtanh", "min_val": 0.0, "max_val": 0.0}]
    + [{"type": name, "lambd": lambd} for name in ("softshrink", "hardshrink") for lambd in (0.0, 0.2, 3.0)]
):
    add(f"kinks of {activation}", [[1.0]], [[x] for x in POINTS], [[7.0 + x] for x in POINTS], activation)

for reduction in ("mean", "sum", "batchmean"):
    for loss, targets in [
        ({"type": "l1"}, [[1.0, 0.0]] * 4),
        ({"type": "smooth_l1"}, [[0.0, 0.0]] * 4),
        ({"type": "smooth_l1", "beta": 0.3}, [[0.0, 0.0]] * 4),
        ({"type": "smooth_l1", "beta": 0.0}, [[0.0, 0.0]] * 4),
        ({"type": "huber"}, [[0.0, 0.0]] * 4),
        ({"type": "huber", "delta": 0.3}, [[0.0, 0.0]] * 4),
        ({"type": "hinge"}, [[1.0, -1.0], [1.0, 1.0], [-1.0, 1.0], [1.0, -1.0]]),
        ({"type": "squared_hinge"}, [[1.0, -1.0], [1.0, 1.0], [-1.0, 1.0], [1.0, -1.0]]),
        ({"type": "kl_div"}, [[0.0, 1.0], [0.3, 0.7], [0.0, 0.0], [1.0, 1.0]]),
        ({"type": "poisson_nll", "full": True}, [[0.0, 1.0], [5.5, 2.0], [0.5, 1.5], [1.0, 7.0]]),
    ]:
        loss = {**loss, "reduction": reduction}
        add(f"kinks of {loss}", IDENTITY, PAIRS, targets, loss=loss)
    rates = {"type": "poisson_nll", "log_input": False, "full": True, "eps": 0.01, "reduction": reduction}
    add(f"{rates}", IDENTITY, [[1.0, 2.0], [0.0, 3.0]], [[0.0, 1.0], [5.0, 2.0]], loss=rates)
    ends = {"type": "binary_cross_entropy", "reduction": reduction}
    add(f"{ends} at its ends", IDENTITY, [[0.0, 1.0], [1.0, 0.0], [0.5, 1e-13]], [[0.0, 1.0], [0.3, 0.7], [0.0, 1.0]], loss=ends)
    for weights in (None, [1.0, 2.0, 0.5, 0.0]):
        for loss, targets in [
            ({"type": "cross_entropy", "label_smoothing": 0.3, "weight": [0.5, 2.0]}, [0, -100, 1, 1]),
            ({"type": "cross_entropy", "label_smoothing": 1.0, "weight": [0.5, 2.0]}, [0, 1, 1, 1]),
            ({"type": "cross_entropy", "ignore_index": 1, "weight": [0.5, 2.0]}, [0, 1, 1, 0]),
            ({"type": "cross_entropy", "weight": [0.0, 2.0]}, [0, 1, 1, 0]),
            ({"type": "cross_entropy", "label_smoothing": 0.3, "weight": [0.5, 2.0]}, [[0.1, 0.9], [0.0, 1.0], [0.5, 0.5], [0.2, 0.2]]),
            ({"type": "nll", "ignore_index": 0, "weight": [0.5, 2.0]}, [0, 1, 1, 0]),
            ({"type": "binary_cross_entropy_with_logits", "pos_weight": [0.0, 3.0]}, [[0.1, 0.9], [0.0, 1.0], [0.5, 0.5], [0.2, 0.2]]),
        ]:
            loss = {**loss, "reduction": reduction}
            add(f"{loss}, sample_weights {weights}", IDENTITY, PAIRS, targets, loss=loss, sample_weights=weights)

text = ",\n".join(json.dumps(case, allow_nan=False) for case in cases)
pathlib.Path(__file__).with_name("kinks.json").write_text(f"[\n{text}\n]\n")
print(f"kinks.json: {len(cases)} cases")
