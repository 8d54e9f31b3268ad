"""Which features keep their pieces in an additive model."""

import numpy as np
import torch

from sk_spectral.data.batches import TensorDataset
from sk_spectral.data.dataset import Data
from sk_spectral.data.splitting import Splitter
from sk_spectral.search.baseline import LinearMaps
from sk_spectral.search.piece_pruning import prune_pieces
from sk_spectral.training.losses import LogLoss, SquaredError

SOURCES = np.array([0, 1, 2, 0, 0, 1, 1])
"""Three features, and two bends each of the first two."""


def encoded(n_samples=400, seed=0):
    X = np.random.default_rng(seed).normal(size=(n_samples, 3))
    inputs = [X[:, 0], X[:, 1], X[:, 2]]
    inputs += [np.maximum(X[:, f] - knot, 0.0) for f in (0, 1) for knot in (-0.5, 0.5)]
    inputs = np.stack(inputs, axis=1)
    return inputs - inputs.mean(axis=0)


def kept(y, loss, largest_rise, weight=None, n_outputs=1):
    rows = TensorDataset(torch.as_tensor(encoded()), torch.as_tensor(y), weight)
    folds = Splitter.of(Data(np.zeros((400, 1)), None, encoded())).folds(0)
    maps = []
    for out in folds:
        inside = torch.as_tensor(~out)
        part = None if weight is None else weight[inside]
        maps.append(
            LinearMaps(TensorDataset(rows.X[inside], rows.y[inside], part), n_outputs, True)
        )
    found = [of_fold(1e-4) for of_fold in maps]
    return prune_pieces(found, rows, folds, SOURCES, loss, largest_rise)[0]


NOISE = 0.3 * np.random.default_rng(1).normal(size=400)
BENT = encoded() @ [1.0, -1.0, 0.5, 0.0, -3.0, 0.0, 0.0] + NOISE
BOTH = BENT + encoded() @ [0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0]


def test_a_feature_that_does_not_bend_loses_its_pieces():
    np.testing.assert_array_equal(kept(BENT[:, None], SquaredError(), 1e-3), SOURCES_OF_BENT)
    assert kept(BOTH[:, None], SquaredError(), 1e-3).all()


SOURCES_OF_BENT = np.array([True, True, True, True, True, False, False])


def test_more_leave_where_more_may_be_lost():
    assert kept(BOTH[:, None], SquaredError(), 100.0).sum() == 3
    # The bend that is missed least leaves first.
    missed = [encoded()[:, 3:5] @ [0.0, -3.0], encoded()[:, 5:7] @ [2.0, 0.0]]
    lines = [np.polyval(np.polyfit(encoded()[:, f], m, 1), encoded()[:, f]) for f, m in
             enumerate(missed)]  # fmt: skip
    lost = [np.mean((m - line) ** 2) for m, line in zip(missed, lines, strict=True)]
    found = kept(BOTH[:, None], SquaredError(), 1.1 * min(lost))
    least = int(np.argmin(lost))
    assert not found[3:][SOURCES[3:] == least].any()
    assert found[3:][SOURCES[3:] != least].all()


def test_classes_and_weights_are_judged_alike():
    codes = (np.median(BENT) < BENT).astype(np.int64)
    np.testing.assert_array_equal(kept(codes, LogLoss(), 2e-3), SOURCES_OF_BENT)
    three = np.digitize(BENT, np.quantile(BENT, [0.33, 0.67]))
    np.testing.assert_array_equal(kept(three, LogLoss(), 2e-3, n_outputs=3), SOURCES_OF_BENT)
    # Rows of no weight tell nothing: here all those that would miss the first bend.
    X = encoded()
    weight = np.where(X[:, 0] < np.quantile(X[:, 0], 0.6), 1.0, 1e-12)
    weight = torch.as_tensor(weight / weight.mean())
    assert kept(BENT[:, None], SquaredError(), 1e-3, weight=weight).sum() == 3


def test_what_pruning_is_worth_is_told_by_rows_that_had_no_say_in_it():
    """The targets of a fold decide nothing of the outputs on it, where the maps are given."""
    rows = TensorDataset(torch.as_tensor(encoded()), torch.as_tensor(BENT[:, None]))
    folds = Splitter.of(Data(np.zeros((400, 1)), None, encoded())).folds(0)
    maps = [LinearMaps(TensorDataset(rows.X[~out], rows.y[~out]), 1, True)(1e-4) for out in folds]
    given = maps, rows, folds, SOURCES, SquaredError()
    kept, pruned = prune_pieces(*given, 1e-3)
    n_first = int(folds[0].sum())
    changed = rows.y.clone()
    changed[folds[0]] += 5.0 * torch.as_tensor(encoded()[folds[0]][:, 5:6])
    other = TensorDataset(rows.X, changed)
    _, again = prune_pieces(maps, other, *given[2:], 1e-3)
    assert torch.equal(again[:n_first], pruned[:n_first])
    assert not torch.equal(again[n_first:], pruned[n_first:])
    # Where nothing may be lost, and no bend is missed by chance, they are those of the maps.
    whole = torch.cat([
        rows.X[out] @ torch.as_tensor(W[:, :-1]).T + torch.as_tensor(W[:, -1])
        for out, W in zip(folds, maps, strict=True)
    ])  # fmt: skip
    _, untouched = prune_pieces(*given, -100.0)
    torch.testing.assert_close(untouched, whole)
    assert kept.sum() == 5
