"""Rows of a table that is held once, whatever part of it is meant."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from sk_spectral.data import dataset
from sk_spectral.data.continuous import ContinuousTargets
from sk_spectral.data.dataset import Data
from sk_spectral.data.targets import ClassTargets

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 4))
Y = RNG.normal(size=(30, 2))
CODES = np.arange(30) % 3
WEIGHT = RNG.uniform(0.5, 2.0, 30)


def test_a_part_of_a_part_is_what_indexing_twice_gives():
    first, second = np.array([5, 3, 29, 3, 0, 17]), np.array([4, 1, 1])
    part = Data(Y, WEIGHT, X).take(first).take(second)
    np.testing.assert_array_equal(np.concatenate(list(part.parts_of_X())), X[first][second])
    np.testing.assert_array_equal(part.y, Y[first][second])
    np.testing.assert_array_equal(part.sample_weight, WEIGHT[first][second])
    assert part.source is X


@pytest.mark.parametrize("values_at_once", [1, 9, 20, 120, 1 << 18])
@pytest.mark.parametrize("rows", [None, np.array([7, 7, 1, 0, 29, 12, 3])])
def test_parts_are_the_rows_in_order_some_at_a_time(monkeypatch, values_at_once, rows):
    monkeypatch.setattr(dataset, "_VALUES_AT_ONCE", values_at_once)
    data = Data(Y, None, X) if rows is None else Data(Y, None, X).take(rows)
    parts = list(data.parts_of_X())
    expected = X if rows is None else X[rows]
    np.testing.assert_array_equal(np.concatenate(parts), expected)
    most = max(1, values_at_once // 4)
    assert [len(part) for part in parts[:-1]] == [most] * (len(parts) - 1)
    assert 1 <= len(parts[-1]) <= most


@pytest.mark.parametrize("rows", [None, np.array([7, 7, 1])])
def test_a_column_is_that_of_the_rows(rows):
    data = Data(Y, None, X) if rows is None else Data(Y, None, X).take(rows)
    for j in range(4):
        np.testing.assert_array_equal(data.column(j), X[:, j] if rows is None else X[rows, j])


def test_parts_that_are_to_have_more_columns_have_fewer_rows(monkeypatch):
    monkeypatch.setattr(dataset, "_VALUES_AT_ONCE", 40)
    assert [len(part) for part in Data(Y, None, X).parts_of_X(8)] == [5] * 6


def test_a_table_without_columns_has_parts_without_columns():
    data = Data(Y, None, X[:, :0])
    assert data.n_features == 0
    assert [part.shape for part in data.parts_of_X()] == [(30, 0)]


def test_targets_are_the_columns_of_y_or_the_classes_up_to_the_largest_code():
    several = Data(Y, None, X).targets
    assert isinstance(several, ContinuousTargets)
    assert several.n_outputs == 2
    for codes, n_outputs in ((CODES, 3), (CODES.clip(max=1), 1), (np.array([4] * 30), 5)):
        classes = Data(codes, None, X).targets
        assert isinstance(classes, ClassTargets)
        assert classes.n_outputs == n_outputs
        np.testing.assert_array_equal(classes.classes, np.arange(codes.max() + 1))


def test_a_part_has_the_targets_of_the_whole_though_it_holds_fewer_classes():
    whole = Data(CODES, None, X)
    part = whole.take(np.flatnonzero(CODES == 0))
    assert part.targets is whole.targets
    assert part.targets.n_outputs == 3


def test_strata_are_codes_of_classes_and_none_of_numbers():
    np.testing.assert_array_equal(Data(CODES, None, X).strata, CODES)
    assert Data(Y, None, X).strata is None


def test_the_total_weight_counts_rows_where_there_are_no_weights():
    assert Data(Y, None, X).total_weight == 30
    data = Data(Y, WEIGHT, X).take(np.arange(5))
    assert data.total_weight == pytest.approx(sum(WEIGHT[:5].tolist()))
    assert len(data) == 5


def test_rows_without_weight_are_left_out_and_others_kept_as_they_are():
    weight = np.where(np.arange(30) % 4 == 0, 0.0, WEIGHT)
    counting = Data(Y, weight, X).without_zero_weights()
    kept = weight > 0
    np.testing.assert_array_equal(np.concatenate(list(counting.parts_of_X())), X[kept])
    np.testing.assert_array_equal(counting.sample_weight, weight[kept])
    for data in (Data(Y, None, X), Data(Y, WEIGHT, X)):
        assert data.without_zero_weights() is data


def test_rows_cannot_be_changed_into_others():
    with pytest.raises(FrozenInstanceError):
        Data(Y, None, X).y = Y[:5]
