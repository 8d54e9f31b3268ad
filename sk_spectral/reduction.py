"""From the trained network to what is left of it: the best linear map, or the units that pay."""

from collections.abc import Callable
from copy import deepcopy

import torch
from torch import Tensor

from sk_spectral.batches import TensorRows
from sk_spectral.crossfit import CrossFit
from sk_spectral.network import SpectralNetwork
from sk_spectral.perceptron import SHRINKAGES, LinearMaps
from sk_spectral.pruning import Judge, Pruning, halve, prefer_perceptron, prune

CROSS_FIT_ERRORS = 1.0
"""Standard errors by which units must win where neither side has seen the rows."""

_BY_FAR = 4.0


def reduce(
    network: SpectralNetwork,
    judge: Judge,
    train: TensorRows,
    compare: Callable[[], CrossFit | None] = lambda: None,
    refit: Callable[[list[Tensor]], int] | None = None,
    refit_to_all: Callable[[list[Tensor], int], None] | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> tuple[Pruning, float | None]:
    """Become the best linear map where hidden units do not beat it, else drop what does not pay.

    Parameters
    ----------
    network : SpectralNetwork
        Becomes what `Pruning` describes.
    judge : Judge
    train : TensorRows
        The rows that the network was fitted to, and linear maps are.
    compare : callable
        Cross-fits the two, or gives None where it cannot; then the rows of the judge decide. It is
        not asked where units win by four standard errors on rows of the judge's own.
    refit : callable, optional
        Trains what is left further, as for `halve`. Without it the network is pruned as it is.
    refit_to_all : callable, optional
        Trains what is left for so many epochs on the validation rows, too.
    report : callable
        Told of each step in a line.

    Returns
    -------
    Pruning
    float or None
        Shrinkage of the linear map that was preferred, if one was.
    """
    linear_maps = LinearMaps(train, network.layer_sizes[-1], network.fit_intercept)
    # Rows that were trained on are always fitted best with the least shrinkage.
    shrinkages = SHRINKAGES if judge.independent else SHRINKAGES[-1:]
    everything = untouched(network, judge)
    obvious = judge.independent and _preferred(network, everything, judge, linear_maps) is None
    compared = None if obvious else compare()
    if compared is not None and not prefers_units(compared, judge):
        W = torch.as_tensor(linear_maps(compared.shrinkage))
        return _perceptron(network, everything, judge, W), compared.shrinkage
    pruning = everything if refit is not None else prune(network, judge)
    if not obvious and compared is None:
        rivals = map(linear_maps, shrinkages)
        pruning, preferred = prefer_perceptron(network, pruning, judge, rivals)
        if preferred is not None:
            return pruning, shrinkages[preferred]
    if refit is not None:
        pruning, last = halve(network, judge, refit, report)
        if last is not None and refit_to_all is not None:
            network.load_state_dict(last.parameters)
            refit_to_all(pruning.unit_masks, last.n_epochs)
    return pruning, None


def _preferred(
    network: SpectralNetwork, pruning: Pruning, judge: Judge, linear_maps: LinearMaps
) -> int | None:
    """Which linear map is not beaten by far; the network stays as it is."""
    rivals = map(linear_maps, SHRINKAGES)
    return prefer_perceptron(deepcopy(network), pruning, judge, rivals, _BY_FAR)[1]


def prefers_units(compared: CrossFit, judge: Judge) -> bool:
    """Whether units beat the linear map by a standard error and what the judge forgives."""
    gain, error = compared.mean_gain()
    loss = compared.mean_loss()
    return gain > CROSS_FIT_ERRORS * error + judge.limit(loss) - loss


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
