"""Gradients through the service equal torch's own, over every activation and loss of torch.nn."""

from __future__ import annotations

import unittest
import warnings
from typing import Any

import torch
from torch import nn
from torch.nn.modules import activation as activations
from torch.nn.modules import dropout as dropouts
from torch.nn.modules import loss as losses
from torch.nn.utils import parametrizations, weight_norm

from gradient_service import Batch, Layer, gradients
from gradient_service.torch import service_loss

ACTIVATIONS: dict[str, list[nn.Module]] = {
    "CELU": [nn.CELU(), nn.CELU(0.6)],
    "ELU": [nn.ELU(), nn.ELU(0.7)],
    "GELU": [nn.GELU(), nn.GELU("tanh")],
    "Hardshrink": [nn.Hardshrink(), nn.Hardshrink(0.2)],
    "Hardsigmoid": [nn.Hardsigmoid()],
    "Hardswish": [nn.Hardswish()],
    "Hardtanh": [nn.Hardtanh(), nn.Hardtanh(-0.5, 0.25)],
    "LeakyReLU": [nn.LeakyReLU(), nn.LeakyReLU(0.3)],
    "LogSigmoid": [nn.LogSigmoid()],
    "LogSoftmax": [nn.LogSoftmax(-1)],
    "Mish": [nn.Mish()],
    "RReLU": [nn.RReLU().eval(), nn.RReLU(0.2, 0.6).eval()],
    "ReLU": [nn.ReLU(), nn.ReLU(inplace=True)],
    "ReLU6": [nn.ReLU6()],
    "SELU": [nn.SELU()],
    "SiLU": [nn.SiLU()],
    "Sigmoid": [nn.Sigmoid()],
    "Softmax": [nn.Softmax(1), nn.Softmax(-1)],
    "Softplus": [nn.Softplus(), nn.Softplus(2, 1)],
    "Softshrink": [nn.Softshrink(), nn.Softshrink(0.2)],
    "Softsign": [nn.Softsign()],
    "Tanh": [nn.Tanh()],
    "Tanhshrink": [nn.Tanhshrink()],
    "Threshold": [nn.Threshold(0, 0)],
}

REFUSED: dict[str, tuple[nn.Module, str]] = {
    "GLU": (nn.GLU(), "no activation GLU.*: it multiplies one half of the units by the other"),
    "MultiheadAttention": (nn.MultiheadAttention(6, 2), "no activation MultiheadAttention(.|\n)*: it has CELU, ELU"),
    "PReLU": (nn.PReLU(), "no activation PReLU.*: it learns its slope; nn.LeakyReLU has a fixed one"),
    "RReLU": (nn.RReLU(), r"no activation RReLU.*: in training its slope is random: call model.eval\(\)"),
    "Softmax": (nn.Softmax(0), "over a sample's units"),
    "Softmax2d": (nn.Softmax2d(), "no activation Softmax2d"),
    "Softmin": (nn.Softmin(1), "nn.Softmax after a layer with negated weights"),
    "Threshold": (nn.Threshold(0.1, 0.1), r"only nn.Threshold\(0, 0\), which is nn.ReLU"),
}

RANDOM = torch.Generator().manual_seed(5)
ANY = torch.randn(5, 3, generator=RANDOM).double()
SHARES = torch.softmax(ANY, 1)
CLASSES = torch.tensor([0, 2, 1, 1, 0])
SIGNS = torch.where(ANY > 0, 1.0, -1.0).double()
WEIGHT = torch.tensor([0.5, 2.0, 1.5]).double()

Case = tuple[nn.Module, torch.Tensor, "nn.Module | None"]
LOSSES: dict[str, list[Case]] = {
    "BCELoss": [(nn.BCELoss(), SHARES, nn.Sigmoid()), (nn.BCELoss(reduction="sum"), SHARES, nn.Sigmoid())],
    "BCEWithLogitsLoss": [(nn.BCEWithLogitsLoss(), SHARES, None), (nn.BCEWithLogitsLoss(pos_weight=WEIGHT), SHARES, None)],
    "CrossEntropyLoss": [
        (nn.CrossEntropyLoss(), CLASSES, None),
        (nn.CrossEntropyLoss(WEIGHT, ignore_index=2, label_smoothing=0.1), CLASSES, None),
        (nn.CrossEntropyLoss(WEIGHT, label_smoothing=0.1), SHARES, None),
    ],
    "HuberLoss": [(nn.HuberLoss(), ANY, None), (nn.HuberLoss(delta=0.3, reduction="sum"), ANY, None)],
    "KLDivLoss": [
        (nn.KLDivLoss(reduction="batchmean"), SHARES, nn.LogSoftmax(1)),
        (nn.KLDivLoss(reduction="sum", log_target=True), SHARES.log(), nn.LogSoftmax(1)),
    ],
    "L1Loss": [(nn.L1Loss(), ANY, None)],
    "MSELoss": [(nn.MSELoss(), ANY, None), (nn.MSELoss(reduction="sum"), ANY, None)],
    "NLLLoss": [(nn.NLLLoss(), CLASSES, nn.LogSoftmax(1)), (nn.NLLLoss(WEIGHT, ignore_index=0), CLASSES, nn.LogSoftmax(1))],
    "NLLLoss2d": [],
    "PoissonNLLLoss": [
        (nn.PoissonNLLLoss(), CLASSES[:, None].expand(5, 3).double(), None),
        (nn.PoissonNLLLoss(log_input=False, full=True, eps=1e-3), CLASSES[:, None].expand(5, 3).double(), nn.Softplus()),
    ],
    "SmoothL1Loss": [(nn.SmoothL1Loss(), ANY, None), (nn.SmoothL1Loss(beta=0.3), ANY, None)],
    "SoftMarginLoss": [(nn.SoftMarginLoss(), SIGNS, None)],
}


def gradients_of(model: nn.Module, inputs: torch.Tensor, loss: torch.Tensor) -> list[torch.Tensor]:
    tensors = [*model.parameters(), inputs]
    gradients = torch.autograd.grad(loss, tensors)
    return [loss.detach(), *gradients]


class Torch(unittest.TestCase):
    def setUp(self) -> None:
        torch.manual_seed(7)

    def same(self, model: nn.Module, own: nn.Module, targets: torch.Tensor, inputs: torch.Tensor | None = None) -> None:
        """Both with a loss module."""
        dtype = next(model.parameters()).dtype
        inputs = (torch.randn(5, 4, dtype=dtype) if inputs is None else inputs).requires_grad_()
        tolerance = 1e-12 if dtype is torch.float64 else 1e-5
        ours = gradients_of(model, inputs, service_loss(model, inputs, targets, own).mul(3))
        theirs = gradients_of(model, inputs, own(model(inputs), targets).mul(3))
        self.assertEqual(len(ours), len(list(model.parameters())) + 2)
        for our, their in zip(ours, theirs, strict=True):
            self.assertEqual((our.dtype, our.shape), (their.dtype, their.shape))
            self.assertTrue(torch.allclose(our, their, rtol=tolerance, atol=tolerance), f"{our} is not {their}")

    def refused(self, message: str, model: nn.Module, loss: Any = "mse", inputs: torch.Tensor | None = None) -> None:
        with self.subTest(message), self.assertRaisesRegex(ValueError, message):
            service_loss(model, torch.zeros(1, 2) if inputs is None else inputs, torch.zeros(1, 2), loss)

    def test_every_activation(self) -> None:
        self.assertEqual(ACTIVATIONS.keys() | REFUSED.keys(), set(activations.__all__))
        for activation in [module for modules in ACTIVATIONS.values() for module in modules]:
            with self.subTest(str(activation)):
                self.same(nn.Sequential(nn.Linear(4, 6), activation, nn.Linear(6, 3, bias=False)).double(), nn.MSELoss(), ANY)
        for module, message in REFUSED.values():
            self.refused(message, nn.Sequential(nn.Linear(2, 6), module))

    def test_every_loss(self) -> None:
        without = {name for name in losses.__all__ if name not in LOSSES}
        for cases in LOSSES.values():
            for loss, targets, last in cases:
                with self.subTest(f"{loss} {vars(loss)}"):
                    layers = [nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3), *([last] if last else [])]
                    self.same(nn.Sequential(*layers).double(), loss, targets)
        for name in without:
            loss = getattr(nn, name)(2) if name == "AdaptiveLogSoftmaxWithLoss" else getattr(nn, name)()
            self.refused(f"the service has no loss {name}", nn.Linear(2, 2), loss)
        self.refused("reduction='mean' or 'sum'", nn.Linear(2, 2), nn.MSELoss(reduction="none"))
        self.refused("leave it out, or use sample_weights", nn.Linear(2, 2), nn.BCELoss(torch.ones(1, 2)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.same(nn.Sequential(nn.Linear(4, 3), nn.LogSoftmax(1)).double(), losses.NLLLoss2d(WEIGHT), CLASSES)

    def test_float32_and_bfloat16(self) -> None:
        model = nn.Sequential(nn.Linear(4, 6), nn.Sigmoid(), nn.Linear(6, 3))
        self.same(model, nn.CrossEntropyLoss(), CLASSES)
        inputs = torch.randn(5, 4).bfloat16()
        small = model.bfloat16()
        loss = service_loss(small, inputs, CLASSES, "cross_entropy")
        loss.backward()
        self.assertEqual((loss.dtype, small[0].weight.grad.dtype), (torch.bfloat16, torch.bfloat16))
        exact = nn.CrossEntropyLoss()(model.double()(inputs.double()), CLASSES)
        self.assertAlmostEqual(loss.item(), exact.item(), 2)

    def test_nested_sequences_dropout_and_flatten(self) -> None:
        block = nn.Sequential(nn.Linear(6, 6), nn.Sequential(nn.ReLU6(), nn.Dropout(0.5)), nn.Flatten())
        body = nn.Sequential(nn.Flatten(), nn.Identity(), nn.AlphaDropout(0.2), nn.Linear(4, 6), nn.Tanh(), block, nn.Linear(6, 3))
        self.same(body.double().eval(), nn.MSELoss(), ANY, torch.randn(5, 2, 2).double())
        self.same(nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.0)).double(), nn.MSELoss(), ANY)
        self.same(nn.Linear(4, 3).double(), nn.MSELoss(), ANY)
        for name in dropouts.__all__:
            self.refused("call model.eval", nn.Sequential(nn.Linear(2, 2), getattr(nn, name)()))

    def test_parametrized_weights(self) -> None:
        for parametrize in (parametrizations.orthogonal, parametrizations.spectral_norm):
            with self.subTest(parametrize.__name__):
                model = nn.Sequential(parametrize(nn.Linear(4, 4)), nn.Tanh(), nn.Linear(4, 3)).double()
                # In training, each reading of a spectral norm changes it.
                self.same(model.eval(), nn.MSELoss(), ANY)
                service_loss(model.train(), torch.ones(5, 4).double(), ANY).backward()

    def test_a_penalty_and_sample_weights(self) -> None:
        model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)).double()
        inputs, weights = torch.randn(5, 4).double(), torch.rand(5).double()
        decay = sum(0.15 * (parameter**2).sum() for parameter in model.parameters())
        ours = service_loss(model, inputs, ANY, penalty={"l2": 0.3, "biases": True}, sample_weights=weights)
        theirs = (((model(inputs) - ANY) ** 2).mean(1) * weights).sum() / weights.sum() + decay
        parameters = list(model.parameters())
        pairs = zip(torch.autograd.grad(ours, parameters), torch.autograd.grad(theirs, parameters), strict=True)
        for our, their in pairs:
            self.assertTrue(torch.allclose(our, their, rtol=1e-12, atol=1e-12), f"{our} is not {their}")

    def test_unsupported_models(self) -> None:
        class Twice(nn.Linear):  # type: ignore[misc, unused-ignore]
            def forward(self, input: torch.Tensor) -> torch.Tensor:
                return 2 * super().forward(input)

        hooked = nn.Linear(2, 2)
        hooked.register_forward_hook(lambda module, inputs, outputs: 2 * outputs)
        self.refused("at least one nn.Linear", nn.Sequential())
        self.refused("expected nn.Linear before Tanh", nn.Sequential(nn.Tanh()))
        self.refused("a layer is nn.Linear and at most one activation", nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Tanh()))
        self.refused("no activation LayerNorm.*: it has CELU", nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2)))
        self.refused("which flattens each sample", nn.Sequential(nn.Linear(2, 2), nn.Flatten(0)))
        self.refused("no activation Twice", nn.Sequential(Twice(2, 2)))
        self.refused("has hooks, which the service does not run", nn.Sequential(hooked))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.refused("has hooks", weight_norm(nn.Linear(2, 2)))
            self.refused("Run a lazy module once", nn.Sequential(nn.LazyLinear(2)))

    def test_tensors_in_place_of_arrays(self) -> None:
        linear = nn.Linear(2, 1)
        inputs = torch.tensor([[3.0, 4.0]])
        loss = nn.MSELoss()(linear(inputs), torch.zeros(1, 1))
        loss.backward()
        for cast, dtype in ((torch.Tensor.float, "float32"), (torch.Tensor.double, "float64"), (torch.Tensor.bfloat16, "float32")):
            with self.subTest(cast):
                layers: list[Any] = [{"weights": cast(linear.weight), "biases": linear.bias}]
                answer = gradients(layers, {"inputs": cast(inputs).requires_grad_(), "targets": torch.zeros(1, 1)})
                weight: Any = linear.weight.grad
                self.assertEqual(answer.gradients[0].weights.dtype.name, dtype)
                relative = 0.05 if cast is torch.Tensor.bfloat16 else 1e-6
                self.assertTrue(abs(answer.gradients[0].weights / weight.numpy() - 1).max() < relative)
        with self.assertRaisesRegex(TypeError, r"batch.inputs: expected a dense tensor, got a sparse one .*: write .to_dense\(\)"):
            gradients([Layer([[1.0, 2.0]])], Batch(inputs.to_sparse(), [[0.0]]))  # type: ignore[arg-type, unused-ignore]
