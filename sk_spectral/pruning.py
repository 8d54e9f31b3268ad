"""Which hidden units may go: the largest set whose loss is not missed."""

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from sk_spectral.network import SpectralNetwork

RELATIVE_FLOOR = 1e-4
"""Share of the constant predictor's loss that may always be added: it keeps a noise-free linear
task linear, whose loss is all but 0."""

STANDARD_ERRORS = 2.0
"""Standard errors of the difference on validation rows by which hidden units must beat the best
linear map."""

ERRORS_FORGIVEN = 0.5
"""Standard errors of the difference on validation rows by which half the units may be worse than
the best."""

_LARGEST_SHARE_KEPT = 0.9
_VALUES_FOR_IMPORTANCE = 1 << 14
_ROWS_AT_ONCE = 2048


@dataclass(frozen=True)
class Judge:
    """The rows and the rule by which hidden units are judged.

    Attributes
    ----------
    X : Tensor of shape (n_samples, n_features)
    loss_of : callable
        Loss of each row, shape (n_samples,), for the outputs of a network on X.
    sample_weight : Tensor of shape (n_samples,) and mean 1, or None
    constant_loss : float
        Loss of the best constant predictor. Where it is 0 no hidden unit stays.
    tol : float or None
        A smaller network may lose ``tol * loss + 1e-4 * constant_loss`` on the trained one. None
        lets no unit go but those that read nothing.
    independent : bool
        Whether the network was trained on other rows than these.
    """

    X: Tensor
    loss_of: Callable[[Tensor], Tensor]
    sample_weight: Tensor | None
    constant_loss: float
    tol: float | None
    independent: bool

    def losses(self, network: SpectralNetwork, masks: list[Tensor]) -> Tensor:
        """Weighted loss of each row with the hidden units in `masks` alone."""
        losses = self.loss_of(network.evaluate(self.X, masks))
        return losses if self.sample_weight is None else losses * self.sample_weight

    def limit(self, loss: float) -> float:
        """Largest loss that may take the place of `loss`."""
        return loss * (1.0 + (self.tol or 0.0)) + RELATIVE_FLOOR * self.constant_loss


@dataclass(frozen=True)
class Pruning:
    """What was kept, and what that cost.

    Attributes
    ----------
    unit_masks : list of bool tensors, one for each hidden layer
        True for the units that stay.
    loss_before, loss_after : float
        Loss of the network as trained and with only these units.
    """

    unit_masks: list[Tensor]
    loss_before: float
    loss_after: float


@dataclass(frozen=True)
class LastRefit:
    """The parameters from which a refit set out, and for how many epochs."""

    parameters: dict[str, Tensor]
    n_epochs: int


def unit_importances(
    network: SpectralNetwork,
    X: Tensor,
    sample_weight: Tensor | None = None,
    unit_masks: list[Tensor] | None = None,
) -> list[Tensor]:
    """Mean squared first-order change of the outputs when a unit alone is silenced.

    E[‖∂ŷ/∂x_ij · x_ij‖²], the mean over the rows.

    Parameters
    ----------
    network : SpectralNetwork
    X : Tensor of shape (n_samples, n_features)
        Where rows times outputs are over 16,384, evenly spaced rows are used.
    sample_weight : Tensor of shape (n_samples,), optional
    unit_masks : list of bool tensors, optional
        Units that are there, all by default.

    Returns
    -------
    list of Tensor of shape (n_l,), one for each hidden layer
    """
    step = -(-len(X) * network.layer_sizes[-1] // _VALUES_FOR_IMPORTANCE)
    X = X[::step]
    weight = X.new_ones(len(X)) if sample_weight is None else sample_weight[::step]
    hidden = network.layer_sizes[1:-1]
    importances = [X.new_zeros(size) for size in hidden]
    for part, share in zip(
        X.split(_ROWS_AT_ONCE), (weight / weight.sum()).split(_ROWS_AT_ONCE), strict=True
    ):
        # The gradient for a mask of 1 by row and unit is x_ij times the gradient for x_ij.
        masks = [part.new_ones(len(part), size) for size in hidden]
        if unit_masks is not None:
            masks = [mask * there for mask, there in zip(masks, unit_masks, strict=True)]
        masks = [mask.requires_grad_() for mask in masks]
        for output in network(part, masks).sum(dim=0):
            changes = torch.autograd.grad(output, masks, retain_graph=True)
            for importance, change in zip(importances, changes, strict=True):
                importance += share @ change.square()
    return importances


def prune(network: SpectralNetwork, judge: Judge) -> Pruning:
    """Find the largest set of hidden units without which the loss stays within the judge's limit.

    Whole layers leave first, then units, each in order of importance, the least first; how many
    units is found by bisection. A unit that leaves has its activation set to 0 and still passes
    the carry. Bisection takes the loss to rise with every unit that leaves; where it does not, more
    can leave afterwards, so it is repeated until nothing does. The network is left as it is.
    """
    kept = network.active_units()
    before = after = float(judge.losses(network, kept).mean())
    if judge.tol is None:
        return Pruning(kept, before, before)
    limit = judge.limit(before)
    nothing = [torch.zeros_like(mask) for mask in kept]
    linear = float(judge.losses(network, nothing).mean())
    if linear <= limit or judge.constant_loss == 0:
        return Pruning(nothing, before, linear)

    importances = unit_importances(network, judge.X, judge.sample_weight)
    for layer in sorted(range(len(kept)), key=lambda i: float(importances[i].sum())):
        masks = [*kept[:layer], nothing[layer], *kept[layer + 1 :]]
        loss = float(judge.losses(network, masks).mean())
        if loss <= limit:
            kept, after = masks, loss

    while True:
        order = _least_important_first(importances, kept)
        # Dropping `low` of them is allowed; dropping `high` is not.
        low, high = 0, len(order)
        while high - low > 1:
            middle = (low + high) // 2
            masks = _without(kept, order[:middle])
            loss = float(judge.losses(network, masks).mean())
            if loss <= limit:
                low, best, after = middle, masks, loss
            else:
                high = middle
        if low == 0:
            return Pruning(kept, before, after)
        kept = best


def halve(
    network: SpectralNetwork,
    judge: Judge,
    refit: Callable[[list[Tensor]], int],
    report: Callable[[str], None] = lambda line: None,
) -> tuple[Pruning, LastRefit | None]:
    """Drop the less important half of the hidden units, refit the rest, and so on.

    While the loss stays within the judge's limit for the least loss that was seen; a step that is
    too much is taken back and smaller ones are tried, to the root of a half and to the root of
    that. The first step refits all units. The network ends with the parameters of the last refit
    that was kept.

    Parameters
    ----------
    network : SpectralNetwork
    judge : Judge
        With rows that `refit` does not train on.
    refit : callable
        Trains the network further with these masks for the hidden layers, and says for how many
        epochs.
    report : callable
        Told of each step in a line.

    Returns
    -------
    Pruning
    LastRefit or None
        How to make the last refit that was kept again, to more rows.
    """
    masks = network.active_units()
    least = judge.losses(network, masks)
    before = float(least.mean())
    best = Pruning(masks, before, before)
    here = deepcopy(network.state_dict())
    share, last = 1.0, None
    while share < _LARGEST_SHARE_KEPT or share == 1.0:
        importances = unit_importances(network, judge.X, judge.sample_weight, best.unit_masks)
        order = _least_important_first(importances, best.unit_masks)
        n_kept = int(share * len(order))
        if n_kept == 0:
            break
        masks = _without(best.unit_masks, order[: len(order) - n_kept])
        n_epochs = refit(masks)
        losses = judge.losses(network, masks)
        loss = float(losses.mean())
        if loss < least.mean():
            least = losses
        error = _standard_error(losses - least)
        limit = judge.limit(float(least.mean())) + ERRORS_FORGIVEN * error
        is_kept = loss <= limit
        verdict = "kept" if is_kept else f"over {limit:.4g}, taken back"
        report(f"{n_kept} of {len(order)} hidden units, refitted: loss {loss:.4g}, {verdict}")
        if is_kept:
            best, last = Pruning(masks, before, loss), LastRefit(here, n_epochs)
            here = deepcopy(network.state_dict())
        else:
            network.load_state_dict(here)
        share = 0.5 if share == 1.0 else share if is_kept else share**0.5
    return best, last


def prefer_perceptron(
    network: SpectralNetwork,
    pruning: Pruning,
    judge: Judge,
    linear_maps: Iterable[Any],
    standard_errors: float = STANDARD_ERRORS,
) -> tuple[Pruning, int | None]:
    """Fall back on the best linear map where hidden units do not beat it.

    Units that act on their linear side alone cannot be dropped one by one: together they are part
    of the linear map, which has to be fitted anew without them. On rows of its own the judge also
    forgives a difference within some standard errors: less cannot be told from noise, by which the
    epoch to stop at was chosen, too.

    Parameters
    ----------
    network : SpectralNetwork
        Becomes the perceptron where that is preferred, and is left as it is elsewhere.
    pruning : Pruning
        What was kept of it.
    judge : Judge
    linear_maps : iterable of arrays of shape (n_outputs, n_0), or None
        Rivals in order of decreasing shrinkage; the one with the least loss is taken.
    standard_errors : float

    Returns
    -------
    Pruning
        `pruning` itself, or that of the perceptron.
    int or None
        Which linear map was preferred, if one was.
    """
    nothing = [torch.zeros_like(mask) for mask in pruning.unit_masks]
    best = None
    for index, linear_map in enumerate(linear_maps):
        if linear_map is None:
            continue
        rival = deepcopy(network)
        rival.set_perceptron(torch.as_tensor(linear_map))
        losses = judge.losses(rival, nothing)
        if best is None or losses.mean() < best[1].mean():
            best = rival, losses, index
        elif judge.independent:
            break  # less and less shrinkage, past its best
    if best is None:
        return pruning, None
    rival, losses, index = best
    excess = losses - judge.losses(network, pruning.unit_masks)
    forgiven = 0.0
    if judge.independent:
        forgiven = standard_errors * _standard_error(excess)
    already_linear = not any(mask.any() for mask in pruning.unit_masks)
    too_much = judge.limit(pruning.loss_before) + forgiven
    if not already_linear and float(losses.mean()) > too_much:
        return pruning, None
    network.load_state_dict(rival.state_dict())
    return Pruning(nothing, pruning.loss_before, float(losses.mean())), index


def _standard_error(differences: Tensor) -> float:
    """Of their mean."""
    return float(differences.std(correction=0)) / len(differences) ** 0.5


def _least_important_first(importances: list[Tensor], kept: list[Tensor]) -> Tensor:
    """Indices of the kept units in the concatenated layers, the least important first."""
    candidates = torch.cat(kept).nonzero().squeeze(1)
    return candidates[torch.cat(importances)[candidates].argsort(stable=True)]


def _without(kept: list[Tensor], dropped: Tensor) -> list[Tensor]:
    flat = torch.cat(kept)
    flat[dropped] = False
    return list(torch.split(flat, [len(mask) for mask in kept]))
