"""Which features keep their pieces in an additive model, by rows held out."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_spectral.data.batches import TensorDataset
from sk_spectral.training.loss import Loss

Array = NDArray[np.float64]


def prune_pieces(
    maps: Sequence[Array],
    rows: TensorDataset,
    held_out: Sequence[NDArray[np.bool_]],
    sources: NDArray[np.intp],
    loss: Loss,
    largest_rise: float,
) -> tuple[NDArray[np.bool_], Tensor]:
    """Features, and the pieces of those whose bends the rows held out miss.

    A feature that loses its pieces keeps the line that is nearest to what they say. Those whose
    bend is missed least leave first, as many as the mean loss allows.

    Parameters
    ----------
    maps : sequence of arrays of shape (n_outputs, n_inputs + 1)
        By fold, fitted to the others.
    rows : TensorDataset
    held_out : sequence of bool arrays of shape (n_samples,)
    sources : int array of shape (n_inputs,)
        Feature of each input: the features themselves first, then their pieces in their order.
    loss : Loss
    largest_rise : float
        Of the mean loss, that all which leave may cost.

    Returns
    -------
    bool array of shape (n_inputs,)
    Tensor of shape (n_tested, n_outputs)
        Outputs on the rows held out, fold by fold, without the bends that the rows of all other
        folds do not miss: what pruning is worth on rows that had no say in it.
    """
    sizes = [int(out.sum()) for out in held_out]
    order = torch.cat([torch.as_tensor(np.flatnonzero(out)) for out in held_out])
    X, y, weight = rows.take(order.to(rows.y.device))
    outputs = torch.cat(
        [
            part @ torch.as_tensor(W[:, :-1]).to(part).T + torch.as_tensor(W[:, -1]).to(part)
            for part, W in zip(X.split(sizes), maps, strict=True)
        ]
    )
    bends = _bends(maps, rows, held_out, sources)
    weight = torch.ones(len(y)).to(outputs) if weight is None else weight
    fold = torch.repeat_interleave(torch.tensor(sizes)).to(y.device)
    others = [weight * (fold != k) for k in range(len(sizes))]
    leaving, honest = _leaving(outputs, bends, y, [weight, *others], loss, largest_rise)
    pruned = [outputs - sum((bends[place] for place in places), 0.0 * outputs) for places in honest]
    n_features = int(sources.max()) + 1
    kept = np.ones(len(sources), dtype=bool)
    bent = np.unique(sources[n_features:])
    kept[n_features:] = ~np.isin(sources[n_features:], bent[leaving])
    said = [some[fold == k] for k, some in enumerate(pruned)]
    return kept, torch.cat(said)


def _leaving(
    outputs: Tensor,
    bends: list[Tensor],
    y: Tensor,
    weights: list[Tensor],
    loss: Loss,
    largest_rise: float,
) -> tuple[list[int], list[list[int]]]:
    """Places of the bends that may leave by the rows as they weigh, for each weight of these.

    That of the first, and those of the others.
    """
    share = torch.stack([weight / weight.sum() for weight in weights]).double()

    def mean_losses(said: Tensor) -> NDArray[np.float64]:
        return (share @ loss(said, y).double()).cpu().numpy()

    least = mean_losses(outputs)
    alone = np.array([mean_losses(outputs - bend) for bend in bends])
    found = []
    for i, of_these in enumerate(alone.T):
        order, without, n_leaving = np.argsort(of_these, kind="stable"), outputs, 0
        for n, place in enumerate(order, start=1):
            without = without - bends[place]
            if mean_losses(without)[i] <= least[i] + largest_rise:
                n_leaving = n
        found.append([int(place) for place in order[:n_leaving]])
    return found[0], found[1:]


def _bends(
    maps: Sequence[Array],
    rows: TensorDataset,
    held_out: Sequence[NDArray[np.bool_]],
    sources: NDArray[np.intp],
) -> list[Tensor]:
    """By feature that has pieces, what these add beyond a line, on the rows held out in order."""
    n_features = int(sources.max()) + 1
    weight = rows.weight_array()
    share = np.full(len(rows), 1.0 / len(rows)) if weight is None else weight / weight.sum()
    X = rows.X.cpu().double().numpy()
    found = []
    for feature in np.unique(sources[n_features:]):
        own = n_features + np.flatnonzero(sources[n_features:] == feature)
        line = np.column_stack([np.ones(len(X)), X[:, feature]])
        weighted = line * np.sqrt(share)[:, None]
        fitted, *_ = np.linalg.lstsq(weighted, X[:, own] * np.sqrt(share)[:, None], rcond=None)
        pieces = X[:, own] - line @ fitted
        found.append(
            torch.as_tensor(
                np.concatenate(
                    [pieces[out] @ W[:, own].T for out, W in zip(held_out, maps, strict=True)]
                )
            ).to(rows.X)
        )
    return found
