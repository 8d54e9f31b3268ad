"""From the trained network to what is left of it: the best linear map, or the units that pay."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import inf

import numpy as np
from numpy.typing import NDArray

from sk_spectral.data.batches import TensorDataset
from sk_spectral.search.baseline import LinearMaps, best_baseline
from sk_spectral.search.bend_pruning import drop_bends
from sk_spectral.search.candidate import Candidate
from sk_spectral.search.evaluation import Evaluator
from sk_spectral.search.fine_tuning import FineTuning
from sk_spectral.search.iterative_pruning import (
    IterativePruning,
    Limits,
    drop_layers,
    halve_units,
)
from sk_spectral.search.out_of_fold import OutOfFold
from sk_spectral.search.pruning import prune, unpruned
from sk_spectral.search.significance import (
    ON_ROWS_SET_APART,
    SHARE_OF_ERROR,
    most_gain_of_pieces,
)
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.loss import standard_error


def select(
    network: SpectralNetwork,
    evaluator: Evaluator,
    train: TensorDataset,
    valid: TensorDataset | None = None,
    compared: OutOfFold | None = None,
    fine_tuning: FineTuning | None = None,
    report: Callable[[str], None] = lambda line: None,
    sources: NDArray[np.intp] | None = None,
    ladder: list[Candidate] | None = None,
) -> Candidate:
    """The best linear map where hidden units do not beat it, else the units that pay.

    Units that act on their linear side alone cannot be dropped one by one: together they are part
    of the linear map, which has to be fitted anew without them.

    Parameters
    ----------
    network : SpectralNetwork
        As it was trained.
    evaluator : Evaluator
    train, valid : TensorDataset
        The rows that the network was fitted to, and linear maps are, and those by which it was
        stopped.
    compared : OutOfFold, optional
        Folds by which units were preferred. Without them the rows of the evaluator decide.
    fine_tuning : FineTuning, optional
        Trains what is left further. Without it the network is pruned as it is.
    report : callable
        Told of each step in a line.
    sources : int array of shape (n_inputs,), optional
        Feature of each input. Linear maps of the features are a step below those of pieces, too.
    ladder : list of Candidate, optional
        Linear maps from `baselines`, where these are known.

    Returns
    -------
    Candidate
        With a shrinkage if it is the linear map.
    """
    n_features = None if sources is None else int(sources.max()) + 1
    if compared is not None and not evaluator.independent:
        ladder = []
    elif ladder is None:
        ladder = baselines(network, evaluator, train, n_features)
    candidate = (prune if fine_tuning is None else unpruned)(network, evaluator)
    best = min(ladder, key=lambda linear: linear.loss_after, default=None)
    pays = candidate.has_units and (best is None or evaluator.prefers(candidate, best))
    if compared is None and best is not None and not pays:
        report("no hidden unit: they do not beat the best linear map")
        return replace(_lowest(ladder, evaluator), loss_before=candidate.loss_before)
    if fine_tuning is None:
        return candidate
    linear_loss, loss, tolerance = inf if best is None else best.loss_after, None, 0.0
    if compared is not None and not evaluator.independent:
        linear_loss, loss = compared.mean_linear_loss(), compared.mean_loss()
        # Divergences of outputs go with the square of what these are divided by.
        tolerance = SHARE_OF_ERROR * compared.mean_gain()[1] / compared.temperature**2
    refit = partial(fine_tuning.refit, rows=fine_tuning.rows_for(train), valid=valid)
    limits = Limits(linear_loss, loss, tolerance)
    pruning = IterativePruning(network, evaluator, limits, refit, report)
    if sources is not None and sources.max() + 1 < len(sources):
        drop_bends(pruning, train, sources)
    drop_layers(pruning)
    halve_units(pruning)
    others = [candidate for candidate in pruning.tried if candidate is not pruning.best]
    return replace(pruning.best, tried=(*ladder, *others))


def baselines(
    network: SpectralNetwork,
    evaluator: Evaluator,
    train: TensorDataset,
    n_features: int | None = None,
) -> list[Candidate]:
    """The best linear map of the features, and that of all inputs where these are more."""
    n_inputs = train.X.shape[1]
    steps = [None] if n_features is None or n_features == n_inputs else [n_features, None]
    found = [baseline(network, evaluator, train, n_read) for n_read in steps]
    return [best for best in found if best is not None]


def baseline(
    network: SpectralNetwork, evaluator: Evaluator, train: TensorDataset, n_read: int | None
) -> Candidate | None:
    """The best linear map of the first `n_read` inputs, or of all."""
    read = None if n_read is None else np.arange(train.X.shape[1]) < n_read
    maps = LinearMaps(train, network.layer_sizes[-1], network.fit_intercept, read, evaluator.loss)
    return best_baseline(network, evaluator, maps, n_read)


def most_gain_on_rows(ladder: list[Candidate], evaluator: Evaluator) -> float:
    """Share of the loss of the lowest step that the one above, of pieces as well, may do without.

    By the evaluator's rows; if they were trained on, by what is seen alone.
    """
    if len(ladder) < 2:
        return 0.0
    lowest, above = (evaluator.losses(step.network, step.unit_masks) for step in ladder)
    error = standard_error(lowest - above) if evaluator.independent else 0.0
    return most_gain_of_pieces(float((lowest - above).mean()), error, ladder[0].loss_after)


def _lowest(ladder: list[Candidate], evaluator: Evaluator) -> Candidate:
    """The simplest that none above beats."""
    lowest = ladder[0]
    for candidate in ladder[1:]:
        if evaluator.prefers(candidate, lowest):
            lowest = candidate
    return lowest


KEEPS_LINEAR = (
    "alone keeps the network linear: without the penalty hidden units beat the best linear map."
)


def over_regularisation(
    free: SpectralNetwork,
    penalised: SpectralNetwork,
    found: Candidate,
    evaluator: Evaluator,
    train: TensorDataset,
    compared: OutOfFold | None,
    sources: NDArray[np.intp] | None = None,
) -> str | None:
    """What the penalty does, for a warning, if the loss falls without it.

    Below that of the linear map, if one was found; else, by two standard errors on rows of the
    evaluator's own, below the loss of the network as it was trained and of what was found in it.

    Parameters
    ----------
    free, penalised : SpectralNetwork
        Trained without the penalty, and with it.
    found : Candidate
        What was found with the penalty.
    evaluator : Evaluator
    train : TensorDataset
        What both were trained on.
    compared : OutOfFold or None
        Folds by which units were preferred with the penalty.
    """
    if not found.has_units:
        without = select(free, evaluator, train, compared=compared, sources=sources)
        return KEEPS_LINEAR if without.shrinkage is None else None
    losses, trained = (
        evaluator.losses(network, network.active_units()) for network in (free, penalised)
    )
    loss = float(losses.mean())
    limit = evaluator.tolerated(loss) + ON_ROWS_SET_APART * standard_error(trained - losses)
    if min(float(trained.mean()), found.loss_after) <= limit:
        return None
    return (
        "holds the growth of the network back: without the penalty the loss on validation rows is "
        f"{loss:.3g}, with it {found.loss_after:.3g}."
    )
