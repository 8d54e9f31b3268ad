"""From the trained network to what is left of it: the best linear map, or the units that pay."""

from collections.abc import Callable
from math import inf

import torch
from torch import Tensor

from sk_spectral.data.batches import TensorDataset
from sk_spectral.search.baseline import STANDARD_ERRORS, LinearMaps, best_baseline
from sk_spectral.search.evaluation import Evaluator
from sk_spectral.search.fine_tuning import FineTuning
from sk_spectral.search.iterative_pruning import prune_iteratively
from sk_spectral.search.out_of_fold import OutOfFold
from sk_spectral.search.pruning import Pruning, prune
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.losses import standard_error

_SHARE_OF_ERROR = 0.25
"""Of the standard error with which folds know the gain of units: so much may be lost for fewer."""


def select(
    network: SpectralNetwork,
    evaluator: Evaluator,
    train: TensorDataset,
    compared: OutOfFold | None = None,
    refit: FineTuning | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> tuple[Pruning, float | None]:
    """Become the best linear map where hidden units do not beat it, else drop what does not pay.

    Units that act on their linear side alone cannot be dropped one by one: together they are part
    of the linear map, which has to be fitted anew without them.

    Parameters
    ----------
    network : SpectralNetwork
        Becomes what `Pruning` describes.
    evaluator : Evaluator
    train : TensorDataset
        The rows that the network was fitted to, and linear maps are.
    compared : OutOfFold, optional
        Folds by which units were preferred. Without them the rows of the evaluator decide.
    refit : FineTuning, optional
        Trains what is left further. Without it the network is pruned as it is.
    report : callable
        Told of each step in a line.

    Returns
    -------
    Pruning
    float or None
        Shrinkage of the linear map that was preferred, if one was.
    """
    baseline = best_baseline(
        network, evaluator, LinearMaps(train, network.layer_sizes[-1], network.fit_intercept)
    )
    pruning = prune(network, evaluator) if refit is None else untouched(network, evaluator)
    unclear = compared is None and baseline is not None
    if unclear and not baseline.is_beaten(network, pruning, evaluator):
        report("no hidden unit: they do not beat the best linear map")
        network.set_linear_map(baseline.linear_map)
        nothing = [torch.zeros_like(mask) for mask in pruning.unit_masks]
        after = float(evaluator.losses(network, nothing).mean())
        return Pruning(nothing, pruning.loss_before, after), baseline.shrinkage
    if refit is not None:
        linear_loss, loss = inf if baseline is None else float(baseline.losses.mean()), None
        tolerance = 0.0
        if compared is not None and not evaluator.independent:
            linear_loss, loss = compared.mean_linear_loss(), compared.mean_loss()
            # Divergences of outputs go with the square of what these are divided by.
            tolerance = _SHARE_OF_ERROR * compared.mean_gain()[1] / compared.temperature**2
        pruning, last = prune_iteratively(
            network, evaluator, linear_loss, refit, report, loss, tolerance
        )
        if last is not None:
            refit.keep(pruning.unit_masks, last)
    return pruning, None


def untouched(network: SpectralNetwork, evaluator: Evaluator) -> Pruning:
    """All units that read anything."""
    masks = network.active_units()
    loss = float(evaluator.losses(network, masks).mean())
    return Pruning(masks, loss, loss)


KEEPS_LINEAR = (
    "alone keeps the network linear: without the penalty hidden units beat the best linear map."
)


def over_regularisation(
    free: SpectralNetwork,
    train: TensorDataset,
    evaluator: Evaluator,
    compared: OutOfFold | None,
    found: Pruning,
    trained: Tensor,
) -> str | None:
    """What the penalty does, for a warning, if the loss falls without it.

    Below that of the linear map, if one was found; else, by two standard errors on rows of the
    evaluator's own, below the loss of the network as it was trained and of what was found in it.

    Parameters
    ----------
    free : SpectralNetwork
        Trained without the penalty; may be changed.
    train : TensorDataset
        What it was trained on.
    evaluator : Evaluator
    compared : OutOfFold or None
        Folds by which units were preferred with the penalty.
    found : Pruning
        What was found with the penalty.
    trained : Tensor of shape (n_samples,)
        Losses, by the evaluator, of the network trained with the penalty.
    """
    if not any(mask.any() for mask in found.unit_masks):
        return KEEPS_LINEAR if select(free, evaluator, train, compared)[1] is None else None
    losses = evaluator.losses(free, free.active_units())
    loss = float(losses.mean())
    limit = evaluator.tolerated(loss) + STANDARD_ERRORS * standard_error(trained - losses)
    if min(float(trained.mean()), found.loss_after) <= limit:
        return None
    return (
        "holds the growth of the network back: without the penalty the loss on validation rows is "
        f"{loss:.3g}, with it {found.loss_after:.3g}."
    )
