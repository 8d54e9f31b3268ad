import numpy as np
import pytest

from sk_spectral.data.dataset import Data
from sk_spectral.data.splitting import MOST_ROWS, N_FOLDS, Splitter


def data_of(y, X=None, seed=0):
    X = np.random.default_rng(seed).normal(size=(len(y), 3)) if X is None else X
    return Data(np.asarray(y), None, X)


def folds_of(data, seed=0):
    return Splitter.of(data).folds(seed)


def test_folds_hold_each_row_out_once():
    held_out = folds_of(data_of(np.zeros((50, 1))))
    assert len(held_out) == N_FOLDS
    assert (np.sum(held_out, axis=0) == 1).all()
    assert min(out.sum() for out in held_out) == 10


def test_equal_rows_are_in_one_fold_and_do_not_change_the_others():
    X, y = np.random.default_rng(0).normal(size=(40, 3)), np.arange(40.0)[:, None]
    once = folds_of(data_of(y, X), 3)
    twice = np.r_[np.arange(40), np.arange(10)]
    repeated = folds_of(data_of(y[twice], X[twice]), 3)
    for out, out_repeated in zip(once, repeated, strict=True):
        np.testing.assert_array_equal(out_repeated, out[twice])


@pytest.mark.parametrize("scale", [1e-170, 1e-3, 1e12])
def test_neither_the_order_of_rows_nor_their_unit_changes_the_folds(scale):
    X, y = np.random.default_rng(0).normal(size=(40, 3)), np.zeros((40, 1))
    order = np.random.default_rng(1).permutation(40)
    for out, out_shuffled in zip(
        folds_of(data_of(y, X)), folds_of(data_of(y, scale * X[order])), strict=True
    ):
        np.testing.assert_array_equal(out_shuffled, out[order])


def test_rows_of_equal_X_are_in_one_fold_whatever_their_targets():
    """Else a network that learns the shares by cell would be tested on the opposite of them."""
    X, y = np.repeat(np.arange(30.0), 10)[:, None], np.arange(300) % 2
    for out in folds_of(data_of(y, X)):
        assert out.sum() == 60
        assert len(np.unique(X[out])) == 6
        assert y[out].mean() == 0.5


def test_folds_are_by_class_where_classes_allow_it():
    y = np.repeat([0, 1], [90, 10])
    assert [int(y[out].sum()) for out in folds_of(data_of(y))] == [2] * N_FOLDS
    rare = np.repeat([0, 1], [98, 2])
    assert len(folds_of(data_of(rare))) == N_FOLDS


def test_few_different_rows_have_as_many_folds_or_are_repetitions_of_an_experiment():
    few = Splitter.of(data_of(np.zeros((9, 1)), np.repeat(np.arange(3.0), 3)[:, None]))
    assert few.n_groups == len(few.folds(0)) == 3
    experiment = Splitter.of(data_of(np.zeros((120, 1)), np.repeat(np.arange(3.0), 40)[:, None]))
    assert experiment.n_groups == 120


@pytest.mark.parametrize("n_samples", [1000, MOST_ROWS + 1000])
def test_copies_of_a_row_are_set_apart_together(n_samples):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, 2))
    X[0] = 0.0, 1.0
    rows = np.r_[np.arange(n_samples), rng.integers(0, 40, 500)]
    X, y = X[rows], (rows < 40).astype(int)
    X[-1] = -0.0, 1.0
    rows[-1] = 0
    train, valid = Splitter.of(data_of(y, X)).set_apart(0.1, 0)
    assert len(train) + len(valid) == len(rows)
    assert not set(rows[train]) & set(rows[valid])
    assert len(np.unique(rows[valid])) == n_samples // 10
    assert len(np.unique(rows[valid][y[valid] == 1])) == 4


def test_rows_are_set_apart_by_class_in_a_part_as_well():
    y = np.repeat([0, 1], [80, 20])
    part = Splitter.of(data_of(y)).take(np.r_[0:40, 80:100])
    train, valid = part.set_apart(0.2, 0)
    assert (len(train), len(valid)) == (48, 12)
    assert y[np.r_[0:40, 80:100]][valid].sum() == 4


def test_one_row_of_each_is_left_whatever_the_fraction():
    for fraction in (0.01, 0.99):
        train, valid = Splitter.of(data_of(np.zeros((2, 1)))).set_apart(fraction, 0)
        assert (len(train), len(valid)) == (1, 1)
