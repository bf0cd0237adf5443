# python examples/least_squares.py: a network fitted to a curve by Levenberg-Marquardt, with steps from the service, and by scipy's
# least_squares, with Jacobians from the service.
import numpy as np
from scipy.optimize import least_squares

from gradient_service import Batch, Client, Layer, parameters_to_vector, vector_to_parameters

INPUTS = (np.arange(41) / 10 - 2)[:, None]
TARGETS = np.sin(2 * INPUTS) + 0.1 * np.cos(17 * INPUTS)
START = [Layer([[1.0], [1.0], [1.0]], [-1.5, 0.0, 1.5], "tanh"), Layer([[-1.0, 1.0, -1.0]], [0.0])]
SUM_OF_SQUARES = {"type": "mse", "reduction": "sum"}


def by_steps(client, network, damping=1e-3, tolerance=1e-10):
    """The loss at the end, and the number of requests. A request asks for several steps, and the first that lowers the loss is taken."""
    for request in range(1, 101):
        candidates = damping * 10.0 ** np.arange(8)
        answer = client.hessian(network, Batch(INPUTS, TARGETS), SUM_OF_SQUARES, matrix="gauss_newton", damping=candidates)
        lower = [step for step in answer.steps if step.loss is not None and step.loss < answer.loss]
        if not lower:
            return answer.loss, request
        network = vector_to_parameters(parameters_to_vector(network) + parameters_to_vector(lower[0].step), network)
        # With less, a matrix that is singular would be refused.
        damping = max(lower[0].damping / 10, 1e-12)
        if answer.loss - lower[0].loss < tolerance * answer.loss:
            return lower[0].loss, request
    raise RuntimeError("no convergence")


def by_scipy(client, network):
    """The same. scipy asks for residuals and Jacobians one after the other, at the same parameters."""
    requests = 0
    known = {}

    def answer_at(parameters):
        nonlocal requests
        if known.get("at") != parameters.tobytes():
            requests += 1
            layers = vector_to_parameters(parameters, network)
            known.update(at=parameters.tobytes(), answer=client.jacobian(layers, Batch(INPUTS), of="parameters"))
        return known["answer"]

    def residuals(parameters):
        return (answer_at(parameters).outputs - TARGETS).ravel()

    def jacobian(parameters):
        matrix = answer_at(parameters).matrix
        return matrix.reshape(-1, matrix.shape[-1])

    result = least_squares(residuals, parameters_to_vector(network), jacobian, method="lm", ftol=1e-14, xtol=1e-14, gtol=1e-14)
    # Its cost is half of the sum of squares.
    return 2 * result.cost, requests


with Client() as client:
    for name, fit in (("/hessian", by_steps), ("scipy", by_scipy)):
        print("{}: loss {!r} after {} requests".format(name, *fit(client, START)))
