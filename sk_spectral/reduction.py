"""From the trained network to what is left of it: the best linear map, or the units that pay."""

from collections.abc import Callable
from math import inf

import torch

from sk_spectral.batches import TensorRows
from sk_spectral.crossfit import CrossFit
from sk_spectral.halving import halve
from sk_spectral.network import SpectralNetwork
from sk_spectral.perceptron import LinearMaps
from sk_spectral.pruning import Judge, Pruning, prune
from sk_spectral.refit import RelaxedFit
from sk_spectral.rival import best_rival

_SHARE_OF_ERROR = 0.25
"""Of the standard error with which folds know the gain of units: so much may be lost for fewer."""


def reduce(
    network: SpectralNetwork,
    judge: Judge,
    train: TensorRows,
    compared: CrossFit | None = None,
    refit: RelaxedFit | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> tuple[Pruning, float | None]:
    """Become the best linear map where hidden units do not beat it, else drop what does not pay.

    Units that act on their linear side alone cannot be dropped one by one: together they are part
    of the linear map, which has to be fitted anew without them.

    Parameters
    ----------
    network : SpectralNetwork
        Becomes what `Pruning` describes.
    judge : Judge
    train : TensorRows
        The rows that the network was fitted to, and linear maps are.
    compared : CrossFit, optional
        Folds by which units were preferred. Without them the rows of the judge decide.
    refit : RelaxedFit, optional
        Trains what is left further. Without it the network is pruned as it is.
    report : callable
        Told of each step in a line.

    Returns
    -------
    Pruning
    float or None
        Shrinkage of the linear map that was preferred, if one was.
    """
    rival = best_rival(
        network, judge, LinearMaps(train, network.layer_sizes[-1], network.fit_intercept)
    )
    pruning = prune(network, judge) if refit is None else untouched(network, judge)
    unclear = compared is None and rival is not None
    if unclear and not rival.is_beaten(network, pruning, judge):
        report("no hidden unit: they do not beat the best linear map")
        network.set_perceptron(rival.linear_map)
        nothing = [torch.zeros_like(mask) for mask in pruning.unit_masks]
        after = float(judge.losses(network, nothing).mean())
        return Pruning(nothing, pruning.loss_before, after), rival.shrinkage
    if refit is not None:
        linear_loss, loss = inf if rival is None else float(rival.losses.mean()), None
        forgiven = 0.0
        if compared is not None and not judge.independent:
            linear_loss, loss = compared.mean_linear_loss(), compared.mean_loss()
            # Divergences of outputs go with the square of what these are divided by.
            forgiven = _SHARE_OF_ERROR * compared.mean_gain()[1] / compared.temperature**2
        pruning, last = halve(network, judge, linear_loss, refit, report, loss, forgiven)
        if last is not None:
            refit.keep(pruning.unit_masks, last)
    return pruning, None


def untouched(network: SpectralNetwork, judge: Judge) -> Pruning:
    """All units that read anything."""
    masks = network.active_units()
    loss = float(judge.losses(network, masks).mean())
    return Pruning(masks, loss, loss)
