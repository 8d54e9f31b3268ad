"""Which features keep their pieces in an additive model, by rows held out."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_spectral.data.batches import TensorDataset
from sk_spectral.training.losses import LogLoss, SquaredError, weighted_mean

Array = NDArray[np.float64]


def inputs_that_pay(
    maps: Sequence[Array],
    rows: TensorDataset,
    held_out: Sequence[NDArray[np.bool_]],
    sources: NDArray[np.intp],
    loss: SquaredError | LogLoss,
    largest_rise: float,
) -> NDArray[np.bool_]:
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
    loss : SquaredError or LogLoss
    largest_rise : float
        Of the mean loss, that all which leave may cost.

    Returns
    -------
    bool array of shape (n_inputs,)
    """
    order = torch.cat([torch.as_tensor(np.flatnonzero(out)) for out in held_out])
    n_features = int(sources.max()) + 1
    bent = np.unique(sources[n_features:])
    bends = _bends(maps, rows, held_out, sources)
    X, y, weight = rows.take(order.to(rows.y.device))
    outputs = torch.cat(
        [
            part @ torch.as_tensor(W[:, :-1]).to(part).T + torch.as_tensor(W[:, -1]).to(part)
            for part, W in zip(X.split([int(out.sum()) for out in held_out]), maps, strict=True)
        ]
    )

    def mean_loss(said: Tensor) -> float:
        return float(weighted_mean(loss(said, y).double(), weight))

    least = mean_loss(outputs)
    alone = np.array([mean_loss(outputs - bend) for bend in bends])
    leaving, without = 0, outputs
    ascending = np.argsort(alone, kind="stable")
    for n, place in enumerate(ascending, start=1):
        without = without - bends[place]
        if mean_loss(without) <= least + largest_rise:
            leaving = n
    kept = np.ones(len(sources), dtype=bool)
    kept[n_features:] = ~np.isin(sources[n_features:], bent[ascending[:leaving]])
    return kept


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
        weighted = line.T * share
        pieces = X[:, own] - line @ np.linalg.solve(weighted @ line, weighted @ X[:, own])
        found.append(
            torch.as_tensor(
                np.concatenate(
                    [pieces[out] @ W[:, own].T for out, W in zip(held_out, maps, strict=True)]
                )
            ).to(rows.X)
        )
    return found
