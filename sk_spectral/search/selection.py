"""From the trained network to what is left of it: the best linear map, or the units that pay."""

from collections.abc import Callable
from math import inf

import torch
from torch import Tensor

from sk_spectral.data.batches import TensorRows
from sk_spectral.search.baseline import STANDARD_ERRORS, LinearMaps, best_rival
from sk_spectral.search.evaluation import Judge
from sk_spectral.search.iterative_pruning import halve
from sk_spectral.search.out_of_fold import OutOfFold
from sk_spectral.search.pruning import Pruning, prune
from sk_spectral.search.refit import RelaxedFit
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.losses import standard_error

_SHARE_OF_ERROR = 0.25
"""Of the standard error with which folds know the gain of units: so much may be lost for fewer."""


def reduce(
    network: SpectralNetwork,
    judge: Judge,
    train: TensorRows,
    compared: OutOfFold | None = None,
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
    compared : OutOfFold, optional
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


KEEPS_LINEAR = (
    "alone keeps the network linear: without the penalty hidden units beat the best linear map."
)


def how_held_back(
    free: SpectralNetwork,
    train: TensorRows,
    judge: Judge,
    compared: OutOfFold | None,
    found: Pruning,
    trained: Tensor,
) -> str | None:
    """What the penalty does, for a warning, if the loss falls without it.

    Below that of the linear map, if one was found; else, by two standard errors on rows of the
    judge's own, below the loss of the network as it was trained and of what was found in it.

    Parameters
    ----------
    free : SpectralNetwork
        Trained without the penalty; may be changed.
    train : TensorRows
        What it was trained on.
    judge : Judge
    compared : OutOfFold or None
        Folds by which units were preferred with the penalty.
    found : Pruning
        What was found with the penalty.
    trained : Tensor of shape (n_samples,)
        Losses, by the judge, of the network trained with the penalty.
    """
    if not any(mask.any() for mask in found.unit_masks):
        return KEEPS_LINEAR if reduce(free, judge, train, compared)[1] is None else None
    losses = judge.losses(free, free.active_units())
    loss = float(losses.mean())
    limit = judge.limit(loss) + STANDARD_ERRORS * standard_error(trained - losses)
    if min(float(trained.mean()), found.loss_after) <= limit:
        return None
    return (
        "holds the growth of the network back: without the penalty the loss on validation rows is "
        f"{loss:.3g}, with it {found.loss_after:.3g}."
    )
