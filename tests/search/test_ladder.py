"""Linear maps of features, and of their pieces as well, on rows held out."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from sk_spectral.data.batches import TensorDataset
from sk_spectral.data.dataset import Data
from sk_spectral.data.splitting import Splitter
from sk_spectral.search.ladder import compare_linear_maps, split_by_folds
from sk_spectral.training.losses import LogLoss, SquaredError


def rows_of(bend, n_samples=300, noise=0.3):
    """Three features, and as a fourth input the bend of the first."""
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(n_samples, 3, generator=generator, dtype=torch.float64)
    y = X.sum(1, keepdim=True) + bend * X[:, :1].abs()
    y += noise * torch.randn(n_samples, 1, generator=generator, dtype=torch.float64)
    return TensorDataset(torch.cat([X, X[:, :1].abs()], dim=1), y)


def folds_of(rows):
    return Splitter.of(Data(rows.y.numpy(), None, rows.X.numpy())).folds(0)


def steps(rows, **settings):
    return compare_linear_maps(
        rows, folds_of(rows), SquaredError(), 1, True, sources=np.array([0, 1, 2, 0]), **settings
    )


def out_of_fold(rows, n_inputs, shrinkage):
    """Squared errors by scikit-learn, in the order of the folds."""
    X, y, losses = rows.X.numpy()[:, :n_inputs], rows.y.numpy()[:, 0], []
    for out in folds_of(rows):
        ridge = Ridge(alpha=shrinkage * (~out).sum()).fit(X[~out], y[~out])
        losses.append((ridge.predict(X[out]) - y[out]) ** 2)
    return np.concatenate(losses)


def test_pieces_that_pay_are_kept_and_a_network_has_to_beat_them():
    rows = rows_of(1.0)
    found = steps(rows)
    assert found.n_read is None
    assert found.kept is None
    expected = out_of_fold(rows, 4, found.shrinkage)
    np.testing.assert_allclose(found.linear, expected, rtol=1e-6)
    simpler = min(out_of_fold(rows, 3, s).mean() for s in (1e-6, 1e-4, 1e-3, 1e-2, 1e-1))
    assert found.most_gain_of_pieces > 1.0 - expected.mean() / simpler
    assert not found.has_network


def test_pieces_that_say_nothing_are_left_out():
    rows = rows_of(0.0)
    found = steps(rows)
    assert found.n_read == 3
    losses = found.linear if found.kept is None else found.kept
    np.testing.assert_allclose(losses, out_of_fold(rows, 3, found.shrinkage), rtol=1e-6)
    assert found.mean_kept_loss() == pytest.approx(float(losses.mean()))
    assert found.most_gain_of_pieces < 0.02


def test_a_gain_that_is_not_sure_is_compared_with_but_not_kept():
    rows = rows_of(0.1)
    found = steps(rows)
    differences = out_of_fold(rows, 3, found.shrinkage) - found.linear.numpy()
    assert differences.mean() > 0
    most = differences.mean() + 2 * differences.std() / 300**0.5
    before = out_of_fold(rows, 3, found.shrinkage).mean()
    assert found.most_gain_of_pieces == pytest.approx(most / before, rel=1e-6)
    assert found.n_read == 3
    assert found.mean_kept_loss() > found.mean_linear_loss()


def test_a_share_of_the_loss_is_asked_for_in_addition():
    rows = rows_of(0.2)
    assert steps(rows).n_read is None
    assert steps(rows, tol=0.8).n_read == 3


def test_too_few_rows_compare_linear_maps_alone():
    rows = rows_of(0.0, 8)
    found = compare_linear_maps(rows, folds_of(rows), SquaredError(), 1, True)
    assert not found.has_network
    assert not found.prefers_units()
    assert len(found.linear) == 8


def test_a_fold_that_leaves_one_class_cannot_be_compared():
    y = torch.tensor([0] * 20 + [1] * 5)
    X = torch.randn(25, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    held_out = [y.numpy() == 1, y.numpy() == 0]
    assert compare_linear_maps(TensorDataset(X, y), held_out, LogLoss(), 1, True) is None


def test_rows_are_fitted_to_or_tested_on_fold_by_fold():
    weight = torch.rand(300, generator=torch.Generator().manual_seed(1)).double()
    rows = rows_of(0.0)
    rows = TensorDataset(rows.X, rows.y, weight)
    folds = folds_of(rows)
    fitted, tested, y, weights = split_by_folds(rows, folds)
    order = np.concatenate([np.flatnonzero(out) for out in folds])
    torch.testing.assert_close(torch.cat(tested), rows.X[order])
    torch.testing.assert_close(y, rows.y[order])
    torch.testing.assert_close(weights, weight[order])
    for some, out in zip(fitted, folds, strict=True):
        torch.testing.assert_close(some.X, rows.X[~out])
        assert float(some.sample_weight.mean()) == pytest.approx(1.0)
