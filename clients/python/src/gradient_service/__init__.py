"""The loss and every gradient of a multilayer perceptron, computed by the gradient service."""

from .answer import Answer, GradientNorms, LayerGradients, LayerNorms, LayerTrace
from .client import Client, gradients
from .datasets import Chunks, Dataset
from .jobs import Job, Progress
from .problem import Finding, Problem
from .request import Batch, Extra, Layer

__all__ = [
    "Answer",
    "Batch",
    "Chunks",
    "Client",
    "Dataset",
    "Extra",
    "Finding",
    "GradientNorms",
    "Job",
    "Layer",
    "LayerGradients",
    "LayerNorms",
    "LayerTrace",
    "Problem",
    "Progress",
    "gradients",
]
