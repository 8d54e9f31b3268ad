"""Which hidden units may go: the largest set whose loss is not missed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from sk_spectral.batches import TensorRows
from sk_spectral.losses import LogLoss, SquaredError, weighted_mean
from sk_spectral.network import SpectralNetwork

RELATIVE_FLOOR = 1e-4
"""Share of the constant predictor's loss that may always be added: it keeps a noise-free linear
task linear, whose loss is all but 0."""

_VALUES_FOR_IMPORTANCE = 1 << 14
_MOST_PROBES = 16
_ROWS_AT_ONCE = 2048


@dataclass(frozen=True)
class Judge:
    """The rows and the rule by which hidden units are judged.

    Attributes
    ----------
    X : Tensor of shape (n_samples, n_features)
    loss_of : callable
        Loss of each row, shape (n_samples,), for the outputs of a network on X.
    divergence_of : callable
        Likewise, how far outputs are from those of another network.
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
    divergence_of: Callable[[Tensor, Tensor], Tensor]
    sample_weight: Tensor | None
    constant_loss: float
    tol: float | None
    independent: bool

    @classmethod
    def of_rows(
        cls,
        loss: SquaredError | LogLoss,
        network: SpectralNetwork,
        train: TensorRows,
        valid: TensorRows | None,
        tol: float | None,
    ) -> Self:
        """Judge on validation rows where there are some."""
        rows = train if valid is None else valid
        template = rows.X.new_empty(len(rows), network.layer_sizes[-1])
        constant = loss(loss.best_constant(template, train.y, train.sample_weight), rows.y)
        return cls(
            rows.X,
            loss_of=lambda outputs: loss(outputs, rows.y),
            divergence_of=loss.divergence,
            sample_weight=rows.sample_weight,
            constant_loss=float(weighted_mean(constant, rows.sample_weight)),
            tol=tol,
            independent=valid is not None,
        )

    def losses(self, network: SpectralNetwork, masks: list[Tensor]) -> Tensor:
        """Weighted loss of each row with the hidden units in `masks` alone."""
        return self.weighted(self.loss_of(network.evaluate(self.X, masks)))

    def weighted(self, values: Tensor) -> Tensor:
        """Values of the rows by their weights."""
        return values if self.sample_weight is None else values * self.sample_weight

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


def unit_importances(
    network: SpectralNetwork,
    X: Tensor,
    sample_weight: Tensor | None = None,
    unit_masks: list[Tensor] | None = None,
) -> list[Tensor]:
    """Mean squared first-order change of the outputs when a unit alone is silenced.

    E[‖∂ŷ/∂x_ij · x_ij‖²], the mean over the rows. Above 16 outputs estimated without bias by
    E[(vᵀ ∂ŷ/∂x_ij · x_ij)²], v being 16 vectors of random signs for each row, always the same.

    Parameters
    ----------
    network : SpectralNetwork
    X : Tensor of shape (n_samples, n_features)
        Where rows times outputs, or signs, are over 16,384, evenly spaced rows are used.
    sample_weight : Tensor of shape (n_samples,), optional
    unit_masks : list of bool tensors, optional
        Units that are there, all by default.

    Returns
    -------
    list of Tensor of shape (n_l,), one for each hidden layer
    """
    n_outputs = network.layer_sizes[-1]
    step = -(-len(X) * min(n_outputs, _MOST_PROBES) // _VALUES_FOR_IMPORTANCE)
    X = X[::step]
    weight = X.new_ones(len(X)) if sample_weight is None else sample_weight[::step]
    hidden = network.layer_sizes[1:-1]
    importances = [X.new_zeros(size) for size in hidden]
    generator = torch.Generator().manual_seed(0)
    for part, share in zip(
        X.split(_ROWS_AT_ONCE), (weight / weight.sum()).split(_ROWS_AT_ONCE), strict=True
    ):
        # The gradient for a mask of 1 by row and unit is x_ij times the gradient for x_ij.
        masks = [part.new_ones(len(part), size) for size in hidden]
        if unit_masks is not None:
            masks = [mask * there for mask, there in zip(masks, unit_masks, strict=True)]
        masks = [mask.requires_grad_() for mask in masks]
        outputs = network(part, masks)
        for probe in _probes(outputs, generator):
            changes = torch.autograd.grad(outputs, masks, probe, retain_graph=True)
            for importance, change in zip(importances, changes, strict=True):
                importance += share @ change.square()
    return importances


def _probes(outputs: Tensor, generator: torch.Generator) -> Iterator[Tensor]:
    """Gradients to ask for: each output in turn, or 16 times random signs of all, over √16."""
    n_outputs = outputs.shape[1]
    for i in range(min(n_outputs, _MOST_PROBES)):
        probe = torch.zeros_like(outputs)
        if n_outputs <= _MOST_PROBES:
            probe[:, i] = 1.0
        else:
            signs = torch.randint(2, outputs.shape, generator=generator)
            probe.copy_((2 * signs - 1) / _MOST_PROBES**0.5)
        yield probe


def prune(network: SpectralNetwork, judge: Judge, among: list[Tensor] | None = None) -> Pruning:
    """Find the largest set of hidden units without which the loss stays within the judge's limit.

    Whole layers leave first, then units, each in order of importance, the least first; how many
    units is found by bisection. A unit that leaves has its activation set to 0 and still passes
    the carry. Bisection takes the loss to rise with every unit that leaves; where it does not, more
    can leave afterwards, so it is repeated until nothing does. The network is left as it is. Where
    `among` is given, units outside these masks are out from the start.
    """
    kept = network.active_units()
    if among is not None:
        kept = [active & mask for active, mask in zip(kept, among, strict=True)]
    before = after = float(judge.losses(network, kept).mean())
    if judge.tol is None:
        return Pruning(kept, before, before)
    limit = judge.limit(before)
    nothing = [torch.zeros_like(mask) for mask in kept]
    linear = float(judge.losses(network, nothing).mean())
    if linear <= limit or judge.constant_loss == 0:
        return Pruning(nothing, before, linear)

    importances = unit_importances(network, judge.X, judge.sample_weight, among)
    for layer in sorted(range(len(kept)), key=lambda i: float(importances[i].sum())):
        masks = [*kept[:layer], nothing[layer], *kept[layer + 1 :]]
        loss = float(judge.losses(network, masks).mean())
        if loss <= limit:
            kept, after = masks, loss

    while True:
        order = least_important_first(importances, kept)
        # Dropping `low` of them is allowed; dropping `high` is not.
        low, high = 0, len(order)
        while high - low > 1:
            middle = (low + high) // 2
            masks = without(kept, order[:middle])
            loss = float(judge.losses(network, masks).mean())
            if loss <= limit:
                low, best, after = middle, masks, loss
            else:
                high = middle
        if low == 0:
            return Pruning(kept, before, after)
        kept = best


def least_important_first(importances: list[Tensor], kept: list[Tensor]) -> Tensor:
    """Indices of the kept units in the concatenated layers, the least important first."""
    candidates = torch.cat(kept).nonzero().squeeze(1)
    return candidates[torch.cat(importances)[candidates].argsort(stable=True)]


def without(kept: list[Tensor], dropped: Tensor) -> list[Tensor]:
    """Masks for fewer units, `dropped` being indices in the concatenated layers."""
    flat = torch.cat(kept)
    flat[dropped] = False
    return list(torch.split(flat, [len(mask) for mask in kept]))
