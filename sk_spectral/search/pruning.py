"""Which hidden units may go: the largest set whose loss is not missed."""

from collections.abc import Iterator

import torch
from torch import Tensor

from sk_spectral.search.candidate import Candidate, no_units
from sk_spectral.search.evaluation import Evaluator
from sk_spectral.spectral.network import SpectralNetwork, rows_at_once

_VALUES_FOR_IMPORTANCE = 1 << 14
_MOST_PROBES = 16


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
    generator, size = torch.Generator().manual_seed(0), rows_at_once(X.shape[1])
    for part, share in zip(X.split(size), (weight / weight.sum()).split(size), strict=True):
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


def prune(
    network: SpectralNetwork, evaluator: Evaluator, among: list[Tensor] | None = None
) -> Candidate:
    """Find the largest set of hidden units without which the loss is tolerated by the evaluator.

    Whole layers leave first, then units, each in order of importance, the least first; how many
    units is found by bisection. A unit that leaves has its activation set to 0 and still passes
    the carry. Bisection takes the loss to rise with every unit that leaves; where it does not, more
    can leave afterwards, so it is repeated until nothing does. Where `among` is given, units
    outside these masks are out from the start.
    """
    kept = network.active_units()
    if among is not None:
        kept = [active & mask for active, mask in zip(kept, among, strict=True)]
    before = after = float(evaluator.losses(network, kept).mean())
    if evaluator.tol is None:
        return Candidate(network, kept, before, before)
    limit = evaluator.tolerated(before)
    nothing = no_units(network)
    linear = float(evaluator.losses(network, nothing).mean())
    if linear <= limit or evaluator.constant_loss == 0:
        return Candidate(network, nothing, before, linear)

    importances = unit_importances(network, evaluator.X, evaluator.sample_weight, among)
    for layer in sorted(range(len(kept)), key=lambda i: float(importances[i].sum())):
        masks = [*kept[:layer], nothing[layer], *kept[layer + 1 :]]
        loss = float(evaluator.losses(network, masks).mean())
        if loss <= limit:
            kept, after = masks, loss

    while True:
        order = least_important_first(importances, kept)
        # Dropping `low` of them is allowed; dropping `high` is not.
        low, high = 0, len(order)
        while high - low > 1:
            middle = (low + high) // 2
            masks = without(kept, order[:middle])
            loss = float(evaluator.losses(network, masks).mean())
            if loss <= limit:
                low, best, after = middle, masks, loss
            else:
                high = middle
        if low == 0:
            return Candidate(network, kept, before, after)
        kept = best


def unpruned(network: SpectralNetwork, evaluator: Evaluator) -> Candidate:
    """The network with all units that read anything."""
    masks = network.active_units()
    loss = float(evaluator.losses(network, masks).mean())
    return Candidate(network, masks, loss, loss)


def least_important_first(importances: list[Tensor], kept: list[Tensor]) -> Tensor:
    """Indices of the kept units in the concatenated layers, the least important first."""
    candidates = torch.cat(kept).nonzero().squeeze(1)
    return candidates[torch.cat(importances)[candidates].argsort(stable=True)]


def without(kept: list[Tensor], dropped: Tensor) -> list[Tensor]:
    """Masks for fewer units, `dropped` being indices in the concatenated layers."""
    flat = torch.cat(kept)
    flat[dropped] = False
    return list(torch.split(flat, [len(mask) for mask in kept]))
