import numpy as np
import pytest

from sk_spectral.data.dataset import Data
from sk_spectral.data.splitting import (
    FEWEST_INFORMATIVE,
    MOST_ROWS,
    N_FOLDS,
    Split,
    Splitter,
    folds_tell_more,
)


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


def split_of(data, valid=None, **changes):
    settings = {
        "early_stopping": "auto", "validation_fraction": 0.1, "is_compared": True, "watches": True,
        "random_state": 0,
    }  # fmt: skip
    return Split.of(data, valid, **settings | changes)


def rows_of(data):
    return data.rows.tolist() if data.rows is not None else list(range(len(data)))


@pytest.mark.parametrize(
    ("n_samples", "changes", "n_valid"),
    [
        (99, {}, None),
        (100, {}, 10),
        (100, {"watches": False}, None),
        (100, {"early_stopping": False}, None),
        (99, {"early_stopping": True}, 10),
        (99, {"early_stopping": True, "validation_fraction": 0.5}, 50),
        (99, {"early_stopping": True, "watches": False}, 10),
    ],
)
def test_rows_are_set_apart_where_they_are_asked_for_or_enough(n_samples, changes, n_valid):
    split = split_of(data_of(np.zeros((n_samples, 1))), **changes)
    if n_valid is None:
        assert split.valid is None
        assert split.train is split.whole
    else:
        assert len(split.valid) == n_valid
        both = rows_of(split.train) + rows_of(split.valid)
        assert sorted(both) == list(range(n_samples))


def test_rows_that_the_user_has_set_apart_are_the_only_ones():
    data, valid = data_of(np.zeros((200, 1))), data_of(np.ones((20, 1)))
    split = split_of(data, valid, early_stopping=True)
    assert split.valid is valid
    assert split.train is split.whole is data


@pytest.mark.parametrize("is_compared", [True, False])
def test_folds_are_of_all_rows_where_a_comparison_is_wanted(is_compared):
    split = split_of(data_of(np.zeros((200, 1))), is_compared=is_compared)
    assert (split.splitter is not None) == is_compared
    if is_compared:
        assert len(split.splitter.groups) == 200


def test_one_row_however_often_cannot_be_split():
    split = split_of(data_of(np.zeros((50, 1)), np.ones((50, 2))), early_stopping=True)
    assert split.splitter is None
    assert split.valid is None


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (np.zeros((MOST_ROWS, 1)), True),
        (np.zeros((MOST_ROWS + 1, 1)), False),
        (np.arange(MOST_ROWS + 1) % 2, False),
        # A tenth of the rows set apart: ten of those outside of the largest class, or nine.
        (np.arange(MOST_ROWS + 1) < 10 * FEWEST_INFORMATIVE, False),
        (np.arange(MOST_ROWS + 1) < 10 * FEWEST_INFORMATIVE - 1, True),
    ],
)
def test_folds_tell_more_of_few_rows_and_of_rare_classes(y, expected):
    y = y.astype(int) if y.dtype == bool else y
    assert folds_tell_more(data_of(y, np.zeros((len(y), 1))), 0.1) == expected


@pytest.mark.parametrize("stratified", [True, False])
def test_rows_set_apart_depend_on_the_seed_alone(stratified):
    y = np.arange(60) % 2 if stratified else np.zeros((60, 1))
    one, other, third = (Splitter.of(data_of(y)).set_apart(0.2, seed)[1] for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, other)
    assert not np.array_equal(one, third)
