"""Knots at quantiles: ties, weights, few values, and how many there are."""

import numpy as np
import pytest

from sk_spectral.data.dataset import Data
from sk_spectral.data.knots import knots_of, place_pieces
from sk_spectral.data.scaling import Scaling

RNG = np.random.RandomState(0)


def data_of(X, weight=None):
    return Data(np.zeros((len(X), 1)), weight, np.asarray(X, dtype=np.float64))


def test_knots_are_quantiles_from_the_least_value_to_the_largest():
    values = RNG.normal(size=1000)
    knots = knots_of(values, None, 9)
    assert (knots[0], knots[-1]) == (values.min(), values.max())
    for knot, share in zip(knots[1:-1], np.arange(1, 8) / 8, strict=True):
        assert np.mean(values <= knot) == pytest.approx(share, abs=2e-3)
    assert set(knots) <= set(values)


def test_a_weight_of_two_is_two_rows():
    values, weight = RNG.normal(size=60).round(1), RNG.randint(1, 5, 60)
    np.testing.assert_array_equal(
        knots_of(values, weight.astype(float), 7), knots_of(np.repeat(values, weight), None, 7)
    )


def test_few_values_are_knots_themselves_and_two_are_none():
    np.testing.assert_array_equal(knots_of(np.array([3.0, 1, 2, 2, 1]), None, 5), [1, 2, 3])
    assert len(knots_of(np.array([0.0, 1, 1]), None, 5)) == 0
    assert len(knots_of(np.ones(4), None, 5)) == 0


def test_ties_make_fewer_knots():
    values = np.concatenate([np.zeros(900), np.arange(1.0, 101.0)])
    knots = knots_of(values, None, 5)
    assert knots.tolist() == [0.0, 100.0] or len(np.unique(knots)) == len(knots) < 5


def test_pieces_join_between_the_knots_of_each_number():
    X = np.column_stack([RNG.normal(size=200), RNG.rand(200) > 0.5, RNG.randint(0, 4, 200)])
    pieces = place_pieces(data_of(X), 6)
    assert pieces.n_by_feature.tolist() == [5, 0, 3]
    for feature in (0, 2):
        own = pieces.feature == feature
        np.testing.assert_array_equal(pieces.end[own][:-1], pieces.start[own][1:])
    assert pieces.low[1] == -np.inf
    width = np.ptp(X[:, 0])
    assert pieces.low[0] == pytest.approx(X[:, 0].min() - 0.5 * width)
    assert pieces.high[0] == pytest.approx(X[:, 0].max() + 0.5 * width)


@pytest.mark.parametrize("n_knots", [0, 2])
def test_fewer_than_three_knots_make_no_pieces(n_knots):
    assert place_pieces(data_of(RNG.normal(size=(50, 2))), n_knots) is None


@pytest.mark.parametrize(
    ("n_samples", "n_features", "expected"),
    [(50, 2, 4), (250, 2, 10), (1000, 2, 13), (8000, 2, 26), (99_000, 2, 33), (1000, 200, 5),
     (1000, 600, 0)],
)  # fmt: skip
def test_knots_grow_with_rows_and_are_fewer_for_many_features(n_samples, n_features, expected):
    pieces = place_pieces(data_of(RNG.normal(size=(n_samples, n_features))), "auto")
    most = 0 if pieces is None else int(pieces.n_by_feature.max()) + 1
    assert most == expected


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rounding_errors_and_what_has_no_inverse_have_no_pieces(dtype):
    rounded = (0.1 * (1.0 + np.finfo(dtype).eps * (np.arange(60) % 3))).astype(dtype)
    tiny = np.finfo(dtype).tiny
    X = np.column_stack([rounded, np.arange(60, dtype=dtype), 0 * rounded + tiny * 1e-3])
    X[:, 2] *= np.arange(60) % 4
    assert len(np.unique(X[:, 0])) == 3
    assert len(np.unique(X[:, 2])) == 4
    expected = [0, 4, 0] if dtype is np.float64 else [0, 4, 3]
    assert place_pieces(Data(np.zeros((60, 1)), None, X), 5).n_by_feature.tolist() == expected
    scaling = Scaling.fit(Data(np.zeros((60, 1)), None, X), centered=True, complete=True, n_knots=5)
    assert scaling.silent_inputs()[:3].tolist() == [n == 0 for n in expected]


def test_knots_closer_than_numbers_with_an_inverse_are_a_step():
    X = np.array([0.0, 1e-310, 1.0, 2.0, 0.5])[:, None]
    pieces = place_pieces(data_of(X), 5)
    np.testing.assert_array_equal(pieces.encode(X)[:, 1], [0, 1, 1, 1, 1])


def test_values_that_cannot_be_scaled_have_no_pieces():
    X = np.column_stack([np.linspace(-1e305, 1e305, 60), np.arange(60.0)])
    assert place_pieces(data_of(X), 5).n_by_feature.tolist() == [0, 4]
