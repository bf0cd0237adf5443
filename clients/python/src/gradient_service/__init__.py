"""The loss and every gradient of a multilayer perceptron, computed by the gradient service."""

from .answer import Answer, GradientNorms, LayerGradients, LayerNorms, LayerTrace
from .client import Client, gradients
from .problem import Finding, Problem
from .request import Batch, Extra, Layer

__all__ = [
    "Answer",
    "Batch",
    "Client",
    "Extra",
    "Finding",
    "GradientNorms",
    "Layer",
    "LayerGradients",
    "LayerNorms",
    "LayerTrace",
    "Problem",
    "gradients",
]
