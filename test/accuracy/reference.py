"""The exact values and first and second derivatives of activations and losses, by mpmath, and PyTorch's.

Reads from the file of its argument a list of {"name", "options", "target"?, "points"}; with a target it is a loss. Writes a list of
{"value", "derivative", "second", "torch": {"value", "derivative"}}. An exact number is a pair: the nearest float64, and the float64
nearest to the rest.
"""

import json
import sys

import torch
from mpmath import erfc, exp, expm1, log, log1p, mp, mpf, pi, sign, sinh, sqrt, tanh

mp.dps = 60
# Beyond, exp(-|z|) is 0 in float64, whatever it is multiplied by.
FAR = 3000


def decay(z):
    """exp(-|z|)."""
    return exp(-abs(z)) if abs(z) < FAR else mpf(0)


def sigmoid(z):
    e = decay(z)
    return 1 / (1 + e) if z >= 0 else e / (1 + e)


def softplus(z):
    return max(z, mpf(0)) + log1p(decay(z))


def squared_sech(z):
    e = decay(2 * z)
    return 4 * e / (1 + e) ** 2


def tanh_far(z):
    return tanh(z) if abs(z) < FAR else sign(z)


def normal(z):
    """The probability and the density."""
    if abs(z) > 100:
        return mpf(z > 0), mpf(0)
    return erfc(-z / sqrt(2)) / 2, exp(-z * z / 2) / sqrt(2 * pi)


def clamp(z, low, high):
    return min(max(z, low), high), mpf(low < z < high)


def gelu(z, approximate="none"):
    if approximate == "none":
        below, density = normal(z)
        return z * below, below + z * density
    cubic = mpf("0.044715")
    inner = 2 * sqrt(2 / pi) * (z + cubic * z**3)
    slope = 2 * sqrt(2 / pi) * (1 + 3 * cubic * z**2)
    s = sigmoid(inner)
    return z * s, s + z * s * sigmoid(-inner) * slope


def silu(z):
    s = sigmoid(z)
    return z * s, s + z * s * sigmoid(-z)


def mish(z):
    e = decay(z)
    t = e * (2 + e) / (2 + 2 * e + e * e) if z < 0 else (1 + 2 * e) / (1 + 2 * e + 2 * e * e)
    return z * t, t + z * sigmoid(z) * (1 - t * t)


def tanhshrink(z):
    value = z**3 / 3 - 2 * z**5 / 15 + 17 * z**7 / 315 if abs(z) < 1e-8 else z - tanh_far(z)
    return value, tanh_far(z) ** 2


def exponential_linear(z, positive, negative):
    return (positive * z, mpf(positive)) if z > 0 else (negative * (expm1(z) if z > -FAR else mpf(-1)), negative * decay(z))


SELU_SCALE, SELU_ALPHA = mpf(1.0507009873554805), mpf(1.6732632423543772)

activations = {
    "tanh": lambda z: (tanh_far(z), squared_sech(z)),
    "sigmoid": lambda z: (sigmoid(z), sigmoid(z) * sigmoid(-z)),
    "relu": lambda z: (max(z, mpf(0)), mpf(z > 0)),
    "relu6": lambda z: clamp(z, 0, 6),
    "leaky_relu": lambda z, negative_slope=0.01: (z, mpf(1)) if z > 0 else (mpf(negative_slope) * z, mpf(negative_slope)),
    "elu": lambda z, alpha=1: exponential_linear(z, 1, mpf(alpha)),
    "selu": lambda z: exponential_linear(z, SELU_SCALE, SELU_SCALE * SELU_ALPHA),
    "celu": lambda z, alpha=1: (z, mpf(1)) if z > 0 else (alpha * (expm1(z / alpha) if z > -FAR else mpf(-1)), decay(z / alpha)),
    "gelu": gelu,
    "silu": silu,
    "mish": mish,
    "softplus": lambda z, beta=1, threshold=20: (
        (z, mpf(1)) if beta * z > threshold else (softplus(beta * z) / beta, sigmoid(beta * z))
    ),
    "softsign": lambda z: (z / (1 + abs(z)), 1 / (1 + abs(z)) ** 2),
    "hardtanh": lambda z: clamp(z, -1, 1),
    # PyTorch's derivative is the float32 nearest to 1/6.
    "hardsigmoid": lambda z: (min(max(z + 3, 0), 6) / 6, mpf(0.1666666716337204) * (-3 < z < 3)),
    "hardswish": lambda z: (z * min(max(z + 3, 0), 6) / 6, mpf(0) if z <= -3 else mpf(1) if z >= 3 else (2 * z + 3) / 6),
    "logsigmoid": lambda z: (-softplus(-z), sigmoid(-z)),
    "tanhshrink": tanhshrink,
    "softshrink": lambda z, lambd=0.5: (sign(z) * max(abs(z) - lambd, 0), mpf(abs(z) > lambd)),
    "hardshrink": lambda z, lambd=0.5: (z * (abs(z) > lambd), mpf(abs(z) > lambd)),
    "exp": lambda z: (exp(z), exp(z)) if abs(z) < FAR else (mpf(0), mpf(0)) if z < 0 else (mpf("inf"), mpf("inf")),
    # Of two units, z and 0: output and derivative of the first one.
    "softmax": lambda z: (sigmoid(z), sigmoid(z) * sigmoid(-z)),
    "log_softmax": lambda z: (-softplus(-z), sigmoid(-z)),
}


def log_cosh(y, t):
    d = abs(y - t)
    value = log1p(2 * sinh(d / 2) ** 2) if d < 1 else d + log1p(decay(2 * d)) - log(2)
    return value, sign(y - t) * tanh_far(d)


def smooth_l1(y, t, beta=1):
    d = y - t
    return (d * d / beta / 2, d / beta) if abs(d) < beta else (abs(d) - mpf(beta) / 2, sign(d))


def huber(y, t, delta=1):
    d = y - t
    return (d * d / 2, d) if abs(d) < delta else (delta * (abs(d) - mpf(delta) / 2), delta * sign(d))


def clamped_log(p):
    return max(log(p), mpf(-100)) if p > 0 else mpf(-100)


def binary_cross_entropy(y, t):
    value = -(t * clamped_log(y) + (1 - t) * (max(log1p(-y), mpf(-100)) if y < 1 else mpf(-100)))
    # PyTorch's bound is the float32 nearest to 1e-12.
    return value, (y - t) / max((1 - y) * y, mpf(9.999999960041972e-13))


def poisson_nll(y, t, log_input=True, eps=1e-8):
    if log_input:
        return (exp(y) - t * y, exp(y) - t) if abs(y) < FAR else (-t * y, -t) if y < 0 else (mpf("inf"), mpf("inf"))
    return y - t * log(y + mpf(eps)), (y + mpf(eps) - t) / (y + mpf(eps))


losses = {
    "mse": lambda y, t: ((y - t) ** 2, 2 * (y - t)),
    "l1": lambda y, t: (abs(y - t), sign(y - t)),
    "log_cosh": log_cosh,
    "smooth_l1": smooth_l1,
    "huber": huber,
    "binary_cross_entropy": binary_cross_entropy,
    "binary_cross_entropy_with_logits": lambda y, t: (
        t * softplus(-y) + (1 - t) * softplus(y),
        (1 - t) * sigmoid(y) - t * sigmoid(-y),
    ),
    # Of two logits, y and 0; the target is the first class.
    "cross_entropy": lambda y, t: (softplus(-y), -sigmoid(-y)),
    "kl_div": lambda y, t: (t * (log(t) - y), -t),
    "poisson_nll": poisson_nll,
    "soft_margin": lambda y, t: (softplus(-t * y), -t * sigmoid(-t * y)),
    "hinge": lambda y, t: (max(mpf(0), 1 - t * y), -t if 1 - t * y >= 0 else mpf(0)),
    "squared_hinge": lambda y, t: (max(mpf(0), 1 - t * y) ** 2, -2 * t * max(mpf(0), 1 - t * y)),
}

F = torch.nn.functional


def with_second_logit(y):
    return torch.stack([y, torch.zeros_like(y)], 1)


torch_activations = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "exp": torch.exp,
    "softmax": lambda z: F.softmax(with_second_logit(z), 1)[:, 0],
    "log_softmax": lambda z: F.log_softmax(with_second_logit(z), 1)[:, 0],
}

torch_losses = {
    "mse": lambda y, t: F.mse_loss(y, t, reduction="none"),
    "l1": lambda y, t: F.l1_loss(y, t, reduction="none"),
    "log_cosh": lambda y, t: (y - t) + F.softplus(-2 * (y - t)) - torch.log(torch.tensor(2.0, dtype=torch.float64)),
    "cross_entropy": lambda y, t: F.cross_entropy(
        with_second_logit(y), torch.zeros(len(y), dtype=torch.long), reduction="none"
    ),
    "kl_div": lambda y, t: F.kl_div(y, t, reduction="none"),
    "soft_margin": lambda y, t: F.soft_margin_loss(y, t, reduction="none"),
    "hinge": lambda y, t: (1 - t * y).clamp(min=0),
    "squared_hinge": lambda y, t: (1 - t * y).clamp(min=0) ** 2,
}


def torch_function(name, options, is_loss):
    if not is_loss:
        return torch_activations.get(name) or (lambda z: getattr(F, name)(z, **options))
    if name in torch_losses:
        return lambda y, t: torch_losses[name](y, t, **options)
    function = getattr(F, name, None) or getattr(F, name + "_loss")
    return lambda y, t: function(y, t, reduction="none", **options)


def pair(exact):
    nearest = float(exact)
    return [nearest, float(exact - mpf(nearest))] if abs(nearest) < float("inf") else [None, 0]


def second(function, z):
    """The derivative of the derivative: a central difference with 60 digits."""
    step = mpf("1e-22") * max(1, abs(z))
    return (function(z + step)[1] - function(z - step)[1]) / (2 * step)


def measure(name, options, points, target=None):
    if target is None:
        function = lambda z: activations[name](z, **options)
    else:
        function = lambda z: losses[name](z, mpf(target), **options)
    exact = [function(mpf(z)) for z in points]
    z = torch.tensor(points, dtype=torch.float64, requires_grad=True)
    arguments = [z] if target is None else [z, torch.full_like(z, target).detach()]
    value = torch_function(name, options, target is not None)(*arguments)
    (derivative,) = torch.autograd.grad(value.sum(), z)
    finite = lambda numbers: [x if abs(x) < float("inf") else None for x in numbers.tolist()]
    return {
        "value": [pair(value) for value, _ in exact],
        "derivative": [pair(derivative) for _, derivative in exact],
        # Within a step of 0, of 1 and of the target there may be a kink.
        "second": [pair(second(function, mpf(z))) if abs(z) > 1e-21 and z not in (1, target) else [None, 0] for z in points],
        "torch": {"value": finite(value), "derivative": finite(derivative)},
    }


with open(sys.argv[1]) as file:
    cases = json.load(file)
print(json.dumps([measure(**case) for case in cases]))
