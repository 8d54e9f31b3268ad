"""From the trained network to what is left of it: the best linear map, or the units that pay."""

from collections.abc import Callable

import torch
from torch import Tensor

from sk_spectral.batches import TensorRows
from sk_spectral.crossfit import CrossFit
from sk_spectral.halving import halve
from sk_spectral.network import SpectralNetwork
from sk_spectral.perceptron import LinearMaps
from sk_spectral.pruning import Judge, Pruning, prune
from sk_spectral.refit import RelaxedFit
from sk_spectral.rival import BY_FAR, best_rival

CROSS_FIT_ERRORS = 1.0
"""Standard errors by which units must win in loss where neither side has seen the rows."""

MISTAKE_ERRORS = 2.0
"""Standard errors by which mistakes must be fewer, to the same end."""

_FEWEST_ROWS_FOR_ERRORS = 50


def reduce(
    network: SpectralNetwork,
    judge: Judge,
    train: TensorRows,
    compare: Callable[[], CrossFit | None] = lambda: None,
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
    compare : callable
        Cross-fits the two, or gives None where it cannot; then the rows of the judge decide. It is
        not asked where units win by four standard errors on 50 rows or more of the judge's own.
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
    linear_maps = LinearMaps(train, network.layer_sizes[-1], network.fit_intercept)
    rival = best_rival(network, judge, linear_maps)
    everything = untouched(network, judge)
    obvious = judge.independent and (
        rival is None
        or (
            len(judge.X) >= _FEWEST_ROWS_FOR_ERRORS
            and rival.is_beaten(network, everything, judge, BY_FAR)
        )
    )
    compared = None if obvious else compare()
    if compared is not None and not prefers_units(compared, judge):
        W = torch.as_tensor(linear_maps(compared.shrinkage))
        return _perceptron(network, everything, judge, W), compared.shrinkage
    pruning = everything if refit is not None else prune(network, judge)
    unclear = not obvious and compared is None
    if unclear and rival is not None and not rival.is_beaten(network, pruning, judge):
        return _perceptron(network, pruning, judge, rival.linear_map), rival.shrinkage
    if refit is not None:
        linear_loss = float("inf") if rival is None else float(rival.losses.mean())
        pruning, last = halve(network, judge, linear_loss, refit, report)
        if last is not None:
            refit.keep(pruning.unit_masks, last)
    return pruning, None


def prefers_units(compared: CrossFit, judge: Judge) -> bool:
    """Whether units beat the linear map, neither having seen the rows.

    By a standard error of the loss and what the judge forgives. Or by two of the mistakes, if
    their loss is the least at all, that of a constant included: a few rows that are far off can
    hide in its error what all others tell.
    """
    gain, error = compared.mean_gain()
    loss = compared.mean_loss()
    if gain > CROSS_FIT_ERRORS * error + judge.limit(loss) - loss:
        return True
    fewer, error_of_fewer = compared.mean_mistakes_avoided()
    is_least = gain > 0 and loss < judge.constant_loss
    return is_least and fewer > MISTAKE_ERRORS * error_of_fewer


def untouched(network: SpectralNetwork, judge: Judge) -> Pruning:
    """All units that read anything."""
    masks = network.active_units()
    loss = float(judge.losses(network, masks).mean())
    return Pruning(masks, loss, loss)


def _perceptron(network: SpectralNetwork, before: Pruning, judge: Judge, W: Tensor) -> Pruning:
    network.set_perceptron(W)
    nothing = [torch.zeros_like(mask) for mask in before.unit_masks]
    after = float(judge.losses(network, nothing).mean())
    return Pruning(nothing, before.loss_before, after)
