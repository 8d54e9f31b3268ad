"""Which indicators the features of a table need, and what a missing number counts as."""

import numpy as np
import pytest

from sk_spectral.data import Data, encoding
from sk_spectral.data.encoding import learn_encoding
from sk_spectral.data.knots import place_pieces

NAN = np.nan
NUMBERS, CATEGORY = np.array([False]), np.array([True])


def column(*values):
    return np.array(values, dtype=float)[:, None]


def test_a_missing_number_counts_as_the_weighted_mean_and_has_an_indicator():
    X = column(1.0, NAN, 4.0, 2.0)
    found = learn_encoding(X, NUMBERS, np.array([1.0, 5.0, 2.0, 1.0]))
    assert found.fill.tolist() == [(1.0 + 8.0 + 2.0) / 4.0]
    assert found.feature.tolist() == [0]
    assert np.isnan(found.value).all()
    twice = learn_encoding(X[[0, 1, 2, 2, 3]], NUMBERS)
    assert twice.fill.tolist() == found.fill.tolist()


def test_numbers_that_are_all_there_or_never_have_none():
    assert learn_encoding(column(1.0, 2.0), NUMBERS).feature.tolist() == []
    never = learn_encoding(column(NAN, NAN), NUMBERS)
    assert (never.fill.tolist(), never.feature.tolist()) == ([0.0], [])
    huge = learn_encoding(column(1e308, 1.5e308, -1e308), NUMBERS)
    assert np.isfinite(huge.fill).all()


def test_a_category_has_an_indicator_for_each_value_of_two_rows_and_for_missing_ones():
    found = learn_encoding(column(0, 0, 1, 1, 2, 3, 3, NAN), CATEGORY)
    assert np.isnan(found.fill).all()
    np.testing.assert_array_equal(found.value, [0.0, 1.0, 3.0, NAN])
    without = learn_encoding(column(0, 0, 1, 1, 2, 3, 3), CATEGORY)
    assert without.value.tolist() == [0.0, 1.0, 3.0]


def test_of_two_values_one_says_all():
    assert learn_encoding(column(0, 1, 1), CATEGORY).value.tolist() == [1.0]
    three = learn_encoding(column(0, 0, 1, 1, NAN), CATEGORY)
    np.testing.assert_array_equal(three.value, [0.0, 1.0, NAN])


def test_the_most_frequent_values_have_indicators(monkeypatch):
    monkeypatch.setattr(encoding, "_MOST_OF_A_FEATURE", 2)
    codes = column(*[0] * 2, *[1] * 5, *[2] * 3, *[3] * 4)
    assert learn_encoding(codes, CATEGORY).value.tolist() == [1.0, 3.0]


@pytest.mark.parametrize("weight", [None, np.array([1.0, 1.0, 1.0, 0.0, 0.0])])
def test_rows_without_weight_have_no_say(weight):
    found = learn_encoding(column(0, 1, 1, 2, 2), CATEGORY, weight)
    assert found.value.tolist() == ([1.0, 2.0] if weight is None else [1.0])


def test_numbers_beside_many_categories_bend_as_they_would_alone():
    rng = np.random.default_rng(0)
    number, codes = rng.normal(size=2000), rng.integers(400, size=2000)
    X = np.column_stack([number, codes]).astype(float)
    found = learn_encoding(X, np.array([False, True]))
    data = Data(np.zeros((2000, 1)), None, found.encode(X), encoding=found)
    assert data.n_features > 300
    pieces = place_pieces(data, "auto")
    alone = place_pieces(Data(np.zeros((2000, 1)), None, number[:, None]), "auto")
    np.testing.assert_array_equal(pieces.knots(0), alone.knots(0))
    assert set(pieces.feature) == {0}


def test_what_was_filled_in_is_no_knot():
    X = np.where(np.arange(400) % 2 == 0, np.nan, np.arange(400.0))[:, None]
    found = learn_encoding(X, NUMBERS)
    data = Data(np.zeros((400, 1)), None, found.encode(X), encoding=found)
    assert data.is_missing(0).sum() == 200
    assert data.is_missing(1) is None
    knots = place_pieces(data, "auto").knots(0)
    seen = place_pieces(Data(np.zeros((200, 1)), None, X[1::2]), len(knots)).knots(0)
    np.testing.assert_array_equal(knots, seen)
