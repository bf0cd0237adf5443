"""The modules of torch.nn that the service computes, by its names for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

from .arrays import array_of
from .request import Layer

_ACTIVATIONS: dict[type[nn.Module], tuple[str, ...]] = {
    nn.CELU: ("celu", "alpha"),
    nn.ELU: ("elu", "alpha"),
    nn.GELU: ("gelu", "approximate"),
    nn.Hardshrink: ("hardshrink", "lambd"),
    nn.Hardsigmoid: ("hardsigmoid",),
    nn.Hardswish: ("hardswish",),
    nn.Hardtanh: ("hardtanh", "min_val", "max_val"),
    nn.LeakyReLU: ("leaky_relu", "negative_slope"),
    nn.LogSigmoid: ("logsigmoid",),
    nn.LogSoftmax: ("log_softmax",),
    nn.Mish: ("mish",),
    nn.ReLU: ("relu",),
    nn.ReLU6: ("relu6",),
    nn.SELU: ("selu",),
    nn.SiLU: ("silu",),
    nn.Sigmoid: ("sigmoid",),
    nn.Softmax: ("softmax",),
    nn.Softplus: ("softplus", "beta", "threshold"),
    nn.Softshrink: ("softshrink", "lambd"),
    nn.Softsign: ("softsign",),
    nn.Tanh: ("tanh",),
    nn.Tanhshrink: ("tanhshrink",),
}
"""The service's name of an activation, and its options, which are attributes of the module."""

_LOSSES: dict[type[nn.Module], tuple[str, ...]] = {
    nn.BCELoss: ("binary_cross_entropy",),
    nn.BCEWithLogitsLoss: ("binary_cross_entropy_with_logits", "pos_weight"),
    nn.CrossEntropyLoss: ("cross_entropy", "weight", "ignore_index", "label_smoothing"),
    nn.HuberLoss: ("huber", "delta"),
    nn.KLDivLoss: ("kl_div", "log_target"),
    nn.L1Loss: ("l1",),
    nn.MSELoss: ("mse",),
    nn.NLLLoss: ("nll", "weight", "ignore_index"),
    nn.PoissonNLLLoss: ("poisson_nll", "log_input", "full", "eps"),
    nn.SmoothL1Loss: ("smooth_l1", "beta"),
    nn.SoftMarginLoss: ("soft_margin",),
}
"""The same of a loss; `reduction` is an option of each."""

_HINTS: dict[type[nn.Module], str] = {
    nn.GLU: "it multiplies one half of the units by the other; the activations of the service act on each unit, or are softmax",
    nn.PReLU: "it learns its slope; nn.LeakyReLU has a fixed one",
    nn.RReLU: "in training its slope is random: call model.eval()",
    nn.Softmin: "nn.Softmax after a layer with negated weights and biases is the same",
    nn.Threshold: "only nn.Threshold(0, 0), which is nn.ReLU()",
    nn.MultiLabelSoftMarginLoss: "with reduction='mean' it is nn.BCEWithLogitsLoss()",
}

_DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)


def layers_of(model: nn.Module, inputs: Tensor) -> tuple[list[nn.Linear], list[Layer], Tensor]:
    """The linear modules of a model, its layers as the service has them, and the inputs of the first one.

    Raises ValueError for what the service does not compute.
    """
    linears: list[nn.Linear] = []
    activations: list[dict[str, Any] | None] = []
    for module in _modules(model):
        if _plain(module, nn.Linear):
            linears.append(module)
            activations.append(None)
        elif _plain(module, nn.Flatten):
            inputs = _flattened(module, inputs, is_first=not linears)
        elif not _is_identity(module):
            activation = _activation(module)
            if not linears or activations[-1] is not None:
                raise ValueError(f"expected nn.Linear before {module}: a layer is nn.Linear and at most one activation")
            activations[-1] = activation
    if not linears:
        raise ValueError(f"expected a model with at least one nn.Linear, got {model}")
    layers = [
        Layer(array_of(linear.weight, "weight"), None if linear.bias is None else array_of(linear.bias, "bias"), activation)
        for linear, activation in zip(linears, activations, strict=True)
    ]
    return linears, layers, inputs


def loss_of(module: nn.Module) -> dict[str, Any]:
    """The service's name and options of a loss module. Raises ValueError if it has none."""
    name, *options = _entry(_LOSSES, module, "loss")
    if module.reduction == "none":
        raise ValueError(f"expected {module} with reduction='mean' or 'sum': torch needs one number to go back from")
    if getattr(module, "weight", None) is not None and "weight" not in options:
        raise ValueError(f"the service has no weight per element for {module}: leave it out, or use sample_weights")
    values = {option: getattr(module, option) for option in ("reduction", *options)}
    given = {option: array_of(value, option) if isinstance(value, Tensor) else value for option, value in values.items()}
    return {"type": name} | {option: value for option, value in given.items() if value is not None}


def _modules(module: nn.Module) -> Iterator[Any]:
    """The modules of nested sequences, in order."""
    if module._forward_hooks or module._forward_pre_hooks:
        raise ValueError(
            f"{module} has hooks, which the service does not run. Run a lazy module once; take weight_norm from parametrizations"
        )
    if _plain(module, nn.Sequential):
        for child in module.children():
            yield from _modules(child)
    else:
        yield module


def _plain(module: nn.Module, kind: type[nn.Module]) -> bool:
    """Whether a module computes what `kind` does: a subclass may have its own forward()."""
    return isinstance(module, kind) and type(module).forward is kind.forward


def _is_identity(module: Any) -> bool:
    if isinstance(module, _DROPOUTS) and module.training and module.p > 0:
        raise ValueError(f"expected {module} in evaluation: call model.eval(); the service drops no units at random")
    return isinstance(module, (nn.Identity, *_DROPOUTS))


def _flattened(module: Any, inputs: Tensor, is_first: bool) -> Tensor:
    """The inputs after a module that flattens them. Between layers a sample is flat already."""
    if module.start_dim != 1 or module.end_dim != -1:
        raise ValueError(f"expected nn.Flatten(), which flattens each sample, got {module}")
    flat: Tensor = module(inputs) if is_first else inputs
    return flat


def _activation(module: Any) -> dict[str, Any]:
    if _plain(module, nn.RReLU) and not module.training:
        return {"type": "leaky_relu", "negative_slope": (module.lower + module.upper) / 2}
    if _plain(module, nn.Threshold) and module.threshold == 0 and module.value == 0:
        return {"type": "relu"}
    name, *options = _entry(_ACTIVATIONS, module, "activation")
    if getattr(module, "dim", None) not in (None, 1, -1):
        raise ValueError(f"expected {module} over a sample's units, dim 1 or -1")
    return {"type": name} | {option: getattr(module, option) for option in options}


def _entry(table: dict[type[nn.Module], tuple[str, ...]], module: nn.Module, what: str) -> tuple[str, ...]:
    kind = next((kind for kind in type(module).__mro__ if kind in table), None)
    # Only ReLU6 inherits forward().
    if kind is not None and _plain(module, kind):
        return table[kind]
    hint = next((text for kind, text in _HINTS.items() if isinstance(module, kind)), None)
    known = ", ".join(sorted(kind.__name__ for kind in table))
    raise ValueError(f"the service has no {what} {module}: {hint or f'it has {known}'}")
