"""Gradients through the service equal torch's own."""

from __future__ import annotations

import unittest

import torch
from torch import nn

from gradient_service.torch import service_loss


def gradients_of(model: nn.Module, inputs: torch.Tensor, loss: torch.Tensor) -> list[torch.Tensor]:
    tensors = [*model.parameters(), inputs]
    gradients = torch.autograd.grad(loss, tensors)
    return [loss.detach(), *gradients]


class Torch(unittest.TestCase):
    def setUp(self) -> None:
        torch.manual_seed(7)

    def same(self, model: nn.Sequential, loss: str, own: nn.Module, targets: torch.Tensor, dtype: torch.dtype) -> None:
        model = model.to(dtype)
        inputs = torch.randn(5, 4, dtype=dtype, requires_grad=True)
        tolerance = 1e-12 if dtype is torch.float64 else 1e-5
        ours = gradients_of(model, inputs, service_loss(model, inputs, targets, loss).mul(3))
        theirs = gradients_of(model, inputs, own(model(inputs), targets).mul(3))
        self.assertEqual(len(ours), len(list(model.parameters())) + 2)
        for our, their in zip(ours, theirs, strict=True):
            self.assertEqual(our.dtype, their.dtype)
            self.assertTrue(torch.allclose(our, their, rtol=tolerance, atol=tolerance), f"{our} is not {their}")

    def test_activations_with_their_options(self) -> None:
        activations = [
            *(nn.Tanh(), nn.ReLU(), nn.LeakyReLU(0.3), nn.ELU(0.7), nn.GELU("tanh"), nn.SiLU(), nn.Softplus(2, 10)),
            *(nn.Hardtanh(-0.5, 0.5), nn.LogSigmoid(), nn.Softmax(1), nn.LogSoftmax(-1), nn.Softshrink(0.2), nn.Identity()),
        ]
        for activation in activations:
            with self.subTest(str(activation)):
                model = nn.Sequential(nn.Linear(4, 6), activation, nn.Linear(6, 3, bias=False))
                self.same(model, "mse", nn.MSELoss(), torch.randn(5, 3).double(), torch.float64)

    def test_class_indices_in_float32(self) -> None:
        model = nn.Sequential(nn.Linear(4, 6), nn.Sigmoid(), nn.Linear(6, 3))
        targets = torch.tensor([0, 2, 1, 1, 0])
        self.same(model, "cross_entropy", nn.CrossEntropyLoss(), targets, torch.float32)

    def test_a_penalty(self) -> None:
        model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)).double()
        inputs, targets = torch.randn(5, 4).double(), torch.randn(5, 3).double()
        decay = sum(0.15 * (parameter**2).sum() for parameter in model.parameters())
        ours = service_loss(model, inputs, targets, penalty={"l2": 0.3, "biases": True})
        parameters = list(model.parameters())
        gradients = torch.autograd.grad(nn.MSELoss()(model(inputs), targets) + decay, parameters)
        for our, their in zip(torch.autograd.grad(ours, parameters), gradients, strict=True):
            self.assertTrue(torch.allclose(our, their, rtol=1e-12, atol=1e-12), f"{our} is not {their}")

    def test_unsupported_models(self) -> None:
        inputs, targets = torch.zeros(1, 2), torch.zeros(1, 2)
        for model, message in (
            (nn.Sequential(), "at least one"),
            (nn.Sequential(nn.Tanh()), "expected nn.Linear before Tanh"),
            (nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Tanh()), "expected nn.Linear before Tanh"),
            (nn.Sequential(nn.Linear(2, 2), nn.PReLU()), "no activation PReLU"),
            (nn.Sequential(nn.Linear(2, 2), nn.Flatten()), "no activation Flatten"),
            (nn.Sequential(nn.Linear(2, 2), nn.Softmax(0)), "over a sample's units"),
        ):
            with self.subTest(message), self.assertRaisesRegex(ValueError, message):
                service_loss(model, inputs, targets)
