"""The gradients of a multilayer perceptron and its further derivatives, computed by the gradient service."""

from . import operations
from .aio import AsyncClient, AsyncDatasets, AsyncJob
from .answer import (
    Answer,
    GradientNorms,
    HessianAnswer,
    HvpAnswer,
    JacobianAnswer,
    JvpAnswer,
    LayerGradients,
    LayerNorms,
    LayerTrace,
    Step,
    VjpAnswer,
)
from .check import ArrayCheck, Candidate, CheckAnswer, CheckError, Diagnosis, WorstNumber
from .client import Client, gradients
from .datasets import Chunks, Dataset
from .jobs import Job, Progress
from .operations import Request
from .problem import Finding, Problem
from .request import Batch, Extra, Layer
from .vectors import parameters_to_vector, vector_to_parameters

__all__ = [
    "Answer",
    "ArrayCheck",
    "AsyncClient",
    "AsyncDatasets",
    "AsyncJob",
    "Batch",
    "Candidate",
    "CheckAnswer",
    "CheckError",
    "Chunks",
    "Client",
    "Dataset",
    "Diagnosis",
    "Extra",
    "Finding",
    "GradientNorms",
    "HessianAnswer",
    "HvpAnswer",
    "JacobianAnswer",
    "Job",
    "JvpAnswer",
    "Layer",
    "LayerGradients",
    "LayerNorms",
    "LayerTrace",
    "Problem",
    "Progress",
    "Request",
    "Step",
    "VjpAnswer",
    "WorstNumber",
    "gradients",
    "operations",
    "parameters_to_vector",
    "vector_to_parameters",
]
