"""Means, deviations and extremes of columns, against NumPy and against fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sk_spectral.data.moments import first_equals, moments_of

RNG = np.random.default_rng(0)
X = np.column_stack([
    RNG.normal(3.0, 5.0, 60), RNG.integers(0, 2, 60), np.full(60, -7.0), RNG.integers(-4, 5, 60),
])  # fmt: skip
WEIGHT = RNG.uniform(0.1, 3.0, 60)


def in_parts(rows, size):
    return lambda: [rows[start : start + size] for start in range(0, len(rows), size)]


@pytest.mark.parametrize("size", [1, 7, 60])
@pytest.mark.parametrize("weighted", [True, False])
def test_moments_are_those_of_numpy_however_the_rows_are_split(size, weighted):
    weight = WEIGHT if weighted else None
    moments = moments_of(in_parts(X, size), weight)
    mean = np.average(X, axis=0, weights=weight)
    variance = np.average((X - mean) ** 2, axis=0, weights=weight)
    np.testing.assert_allclose(moments.mean, mean, rtol=1e-12)
    np.testing.assert_allclose(moments.deviation, np.sqrt(variance), rtol=1e-12, atol=1e-14)
    assert moments.deviation[2] == 0  # NumPy rounds
    square = np.average(X**2, axis=0, weights=weight)
    np.testing.assert_allclose(moments.root_mean_square, np.sqrt(square), rtol=1e-12)
    np.testing.assert_array_equal(moments.low, X.min(axis=0))
    np.testing.assert_array_equal(moments.high, X.max(axis=0))
    np.testing.assert_array_equal(moments.spread, np.ptp(X, axis=0))
    np.testing.assert_array_equal(moments.largest, np.abs(X).max(axis=0))
    assert moments.two_valued.tolist() == [False, True, False, False]
    assert moments.constant.tolist() == [False, False, True, False]


def test_weights_are_repetitions():
    weight = np.ceil(WEIGHT).astype(int)
    one = moments_of(in_parts(X, 7), 1.0 * weight)
    other = moments_of(in_parts(np.repeat(X, weight, axis=0), 11))
    np.testing.assert_allclose(one.mean, other.mean, rtol=1e-12)
    np.testing.assert_allclose(one.deviation, other.deviation, rtol=1e-12)


@given(
    st.lists(st.integers(-(2**40), 2**40), min_size=2, max_size=12),
    st.integers(-500, 500),
    st.integers(1, 12),
)
def test_moments_of_any_whole_numbers_in_any_unit_are_those_of_fractions(numbers, power, size):
    unit = 2.0**power
    rows = np.array(numbers, dtype=float)[:, None] * unit
    moments = moments_of(in_parts(rows, size))
    mean = Fraction(sum(numbers), len(numbers))
    variance = sum((number - mean) ** 2 for number in numbers) / len(numbers)
    largest = max(map(abs, numbers)) or 1
    assert moments.mean[0] / unit == pytest.approx(float(mean), abs=1e-14 * largest)
    assert moments.deviation[0] / unit == pytest.approx(float(variance) ** 0.5, rel=1e-9)


@pytest.mark.parametrize(
    ("magnitude", "offset"),
    [(1e-300, 0.0), (1e-170, 1e6), (1.0, 0.0), (1.0, 1e6), (1e150, 1e6), (1e300, 0.0)],
)
def test_moments_neither_overflow_nor_underflow(magnitude, offset):
    x = np.random.default_rng(0).normal(size=100) / 1e3 + offset
    weight = np.random.default_rng(1).uniform(1e-200, 1e200, 100)
    moments = moments_of(lambda: [x[:40, None] * magnitude, x[40:, None] * magnitude], weight)
    share = weight / 1e200
    mean = np.average(x - offset, weights=share)
    deviation = np.sqrt(np.average((x - offset - mean) ** 2, weights=share))
    np.testing.assert_allclose(moments.mean / magnitude, offset + mean)
    np.testing.assert_allclose(moments.deviation / magnitude, deviation, rtol=1e-6)
    np.testing.assert_allclose(moments.root_mean_square / moments.mean, np.hypot(
        1.0, deviation / (offset + mean)), rtol=1e-6)  # fmt: skip


def test_a_range_beyond_the_largest_number_is_the_largest_number():
    largest = np.finfo(np.float64).max
    moments = moments_of(lambda: [np.array([[-largest], [largest]])])
    assert moments.spread == largest
    assert moments.mean == 0
    assert moments.deviation == largest


def test_rows_whose_weights_are_too_small_to_be_seen_count_as_extremes_alone():
    weight = np.r_[1e200, 1e-200 * np.ones(3)]
    moments = moments_of(in_parts(np.array([[1.0], [5.0], [-5.0], [2.0]]), 1), weight)
    assert (moments.mean[0], moments.low[0], moments.high[0]) == (1.0, -5.0, 5.0)
    assert moments.constant[0]


def test_what_has_no_spread_is_constant():
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(3), 100)
    rows = np.column_stack([
        np.full(100, 0.1), shares.sum(axis=1), rng.normal(size=100) * 1e-310,
        1e15 + rng.integers(0, 2, 100), 1e6 + 1e-3 * rng.normal(size=100),
    ])  # fmt: skip
    assert moments_of(lambda: [rows]).constant.tolist() == [True, True, True, False, False]


def test_equal_columns_are_found_among_those_of_equal_range():
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 2, (50, 4)).astype(float)
    rows = np.column_stack(
        [rows, rows[:, 1], rng.normal(size=50), -0.0 * rows[:, 0], 0.0 * rows[:, 0], rows[:, 1]]
    )
    parts = in_parts(rows, 20)
    assert first_equals(parts, moments_of(parts)).tolist() == [0, 1, 2, 3, 1, 5, 6, 6, 1]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@given(seed=st.integers(0, 2**16))
def test_the_first_equal_column_is_the_one_that_comparing_all_finds(dtype, seed):
    rng = np.random.default_rng(seed)
    few = rng.integers(-1, 2, (6, 3)).astype(dtype)
    rows = few[:, rng.integers(0, 3, 8)]
    rows[rng.integers(0, 6), rng.integers(0, 8)] *= -1
    expected = [
        next(i for i in range(8) if np.array_equal(rows[:, i], rows[:, j])) for j in range(8)
    ]
    parts = in_parts(rows, 4)
    assert first_equals(parts, moments_of(parts)).tolist() == expected
