"""Which features keep their pieces in a network, by what it says without them."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_spectral.data.batches import TensorDataset
from sk_spectral.search.iterative_pruning import IterativePruning
from sk_spectral.spectral.network import SpectralNetwork

_FEW_LEFT = 0.2


def drop_bends(pruning: IterativePruning, train: TensorDataset, sources: NDArray[np.intp]) -> None:
    """Do without the pieces of features whose bends the network does not need.

    A feature that loses its pieces keeps the line that is nearest to each. Those leave together
    whose lines do as well before any refit, the least needed first; if too much is lost after it,
    half of them. Where but a fifth would be left, it is first tried without any.

    Parameters
    ----------
    pruning : IterativePruning
        Whose best network reads all inputs.
    train : TensorDataset
        The rows that it was trained on.
    sources : int array of shape (n_inputs,)
        Feature of each input: the features themselves, then their pieces.
    """
    n_features = int(sources.max()) + 1
    slopes = slopes_of_pieces(train, sources)
    order = _least_needed_first(pruning, slopes, sources)
    most = _most_without_refit(pruning, slopes, sources, order)
    attempts = [most, most // 2]
    if 0 < len(order) - most <= _FEW_LEFT * len(order):
        attempts.insert(0, len(order))
    network, masks = pruning.best.network, pruning.best.unit_masks
    for n_dropped in filter(None, attempts):
        kept = torch.as_tensor(~np.isin(sources, order[:n_dropped]) | _are_features(sources))
        what = f"pieces of {len(order) - n_dropped} of {n_features} features"
        narrow = without_inputs(network, kept, slopes, sources)
        if pruning.attempt(what, masks, narrow, kept.to(pruning.evaluator.X.device)):
            return


def slopes_of_pieces(rows: TensorDataset, sources: NDArray[np.intp]) -> Tensor:
    """By input, the slope of the line in its feature that is nearest to it; 1 for a feature."""
    X = rows.X.double()
    own = X[:, torch.as_tensor(sources, device=X.device)]
    weighted = own if rows.sample_weight is None else own * rows.sample_weight[:, None]
    square = (weighted * own).sum(0)
    slopes = (weighted * X).sum(0) / torch.where(square > 0, square, 1.0)
    slopes[: int(sources.max()) + 1] = 1.0
    return slopes


def without_inputs(
    network: SpectralNetwork, kept: Tensor, slopes: Tensor, sources: NDArray[np.intp]
) -> SpectralNetwork:
    """The network that reads fewer inputs, what it read of others moved to their features.

    Exact for all blocks but those to the first layer, W_10 = λ_1 φ_0 − φ_0 λ_0, of which the input
    eigenvalues are the best.
    """
    lam, phi = (values[0].detach() for values in (network.eigenvalues, network.eigenvectors))
    read = torch.cat([kept.to(phi.device), kept.new_ones(phi.shape[1] - len(kept)).to(phi.device)])
    narrow = SpectralNetwork(
        (int(kept.sum()), *network.layer_sizes[1:]),
        activation=network.activation,
        fit_intercept=network.fit_intercept,
        train_input_eigenvalues=network.eigenvalues[0].requires_grad,
        generator=torch.Generator(),
        device="cpu",
        dtype=phi.dtype,
    ).to(phi.device)
    dropped = (~kept).nonzero().squeeze(1).to(phi.device)
    onto = torch.as_tensor(sources, device=phi.device)[dropped]
    share = slopes.to(phi)[dropped]
    columns, weighted = phi.clone(), phi * lam
    for values in (columns, weighted):
        values.index_add_(1, onto, values[:, dropped] * share)
    square = columns.square().sum(0)
    best = (columns * weighted).sum(0) / torch.where(square > 0, square, 1.0)
    changed = torch.zeros_like(lam, dtype=torch.bool)
    changed[onto] = True
    with torch.no_grad():
        for own, others in zip(narrow.parameters(), network.parameters(), strict=True):
            if own.shape == others.shape:
                own.copy_(others)
        narrow.eigenvectors[0].copy_(columns[:, read])
        narrow.eigenvalues[0].copy_(torch.where(changed, best, lam)[read])
    return narrow


def _are_features(sources: NDArray[np.intp]) -> NDArray[np.bool_]:
    return np.arange(len(sources)) <= sources.max()


def _outputs_without(
    pruning: IterativePruning,
    slopes: Tensor,
    sources: NDArray[np.intp],
    features: NDArray[np.intp],
) -> Tensor:
    """What the network says where the pieces of some features are the lines nearest to them."""
    bent = np.flatnonzero(np.isin(sources, features) & ~_are_features(sources))
    X = pruning.X.clone()
    X[:, bent] = X[:, sources[bent]] * slopes[bent].to(X)
    return pruning.best.network.evaluate(X, pruning.best.unit_masks)


def _least_needed_first(
    pruning: IterativePruning, slopes: Tensor, sources: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Features that have pieces."""
    bent = np.unique(sources[~_are_features(sources)])
    rises = [
        pruning.rise(_outputs_without(pruning, slopes, sources, bent[i : i + 1]))
        for i in range(len(bent))
    ]
    return bent[np.argsort(rises, kind="stable")]


def _most_without_refit(
    pruning: IterativePruning,
    slopes: Tensor,
    sources: NDArray[np.intp],
    order: NDArray[np.intp],
) -> int:
    """How many of them, the first, can lose their pieces as the network is, by bisection."""
    low, high = 0, len(order) + 1
    while high - low > 1:
        middle = (low + high) // 2
        outputs = _outputs_without(pruning, slopes, sources, order[:middle])
        if pruning.rise(outputs) <= pruning.limit():
            low = middle
        else:
            high = middle
    return low
