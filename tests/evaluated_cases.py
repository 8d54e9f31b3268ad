"""Networks with a known truth, and judges of what may leave them."""

import torch
from spectral_cases import randomize

from sk_spectral import SpectralNetwork
from sk_spectral.search.evaluation import Evaluator
from sk_spectral.training.losses import SquaredError


def network_with_truth(sizes=(3, 12, 10, 2), silent=()):
    """A network whose units in `silent` (first hidden layer) write next to nothing."""
    network = randomize(
        SpectralNetwork(sizes, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    )
    X = torch.rand(200, sizes[0], generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    with torch.no_grad():
        network.eigenvectors[1][:, list(silent)] *= 1e-4
    return network, X


def evaluator_of(X, y, *, tol=0.01, independent=False, weight=None):
    loss = SquaredError()
    return Evaluator(
        X, lambda outputs: loss(outputs, y), loss.divergence, weight,
        constant_loss=float(loss(y.mean(dim=0).expand_as(y), y).mean()),
        tol=tol, independent=independent,
    )  # fmt: skip
