"""The best linear map on the rows of a judge, and whether hidden units beat it there."""

from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor

from sk_spectral.losses import standard_error
from sk_spectral.network import SpectralNetwork
from sk_spectral.perceptron import SHRINKAGES, LinearMaps
from sk_spectral.pruning import Judge, Pruning

STANDARD_ERRORS = 2.0
"""Standard errors of the difference on validation rows by which hidden units must win: less cannot
be told from noise, by which the epoch to stop at was chosen, too."""


@dataclass(frozen=True)
class Rival:
    """A linear map and its losses on the rows of a judge.

    Attributes
    ----------
    linear_map : Tensor of shape (n_outputs, n_0 + fit_intercept)
    shrinkage : float
    losses : Tensor of shape (n_samples,)
        Weighted.
    """

    linear_map: Tensor
    shrinkage: float
    losses: Tensor

    def is_beaten(
        self,
        network: SpectralNetwork,
        pruning: Pruning,
        judge: Judge,
    ) -> bool:
        """Whether what was kept of the network is better by more than the judge's limit.

        On rows of its own the judge also asks for some standard errors of the difference.
        """
        if not any(mask.any() for mask in pruning.unit_masks):
            return False
        forgiven = 0.0
        if judge.independent:
            excess = self.losses - judge.losses(network, pruning.unit_masks)
            forgiven = STANDARD_ERRORS * standard_error(excess)
        return float(self.losses.mean()) > judge.limit(pruning.loss_before) + forgiven


def best_rival(network: SpectralNetwork, judge: Judge, linear_maps: LinearMaps) -> Rival | None:
    """The shrinkage with the least loss on the judge's rows; None where one class is fitted to.

    Rows that were trained on are fitted best with the least shrinkage. The network is left as it
    is.
    """
    nothing = [torch.zeros_like(mask) for mask in network.active_units()]
    best = None
    for shrinkage in SHRINKAGES if judge.independent else SHRINKAGES[-1:]:
        found = linear_maps(shrinkage)
        if found is None:
            return None
        rival = deepcopy(network)
        rival.set_perceptron(torch.as_tensor(found))
        losses = judge.losses(rival, nothing)
        if best is not None and losses.mean() >= best.losses.mean():
            break  # less and less shrinkage, past its best
        best = Rival(torch.as_tensor(found), shrinkage, losses)
    return best
