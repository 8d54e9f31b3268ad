"""Moments of rows that come a few at a time, against those of all of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sk_spectral.data.running_moments import RunningMoments

WEIGHT = np.random.default_rng(1).uniform(0.1, 2.0, 300)


def table(n_samples=300):
    A = np.random.default_rng(0).normal(size=(n_samples, 4)) * [1.0, 1e3, 1e-3, 1.0] + [
        0.0,
        5.0,
        1.0,
        -2.0,
    ]
    return np.column_stack([A, np.ones(n_samples), A[:, 0] > 0])


def of(rows, weight=None):
    return RunningMoments.of(lambda: [rows], weight)


def held_against_numpy(found, A, weight):
    mean = np.average(A, axis=0, weights=weight)
    np.testing.assert_allclose(found.mean, mean, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(
        found.deviation**2, np.average((A - mean) ** 2, axis=0, weights=weight), atol=1e-12,
        rtol=1e-10,
    )  # fmt: skip
    np.testing.assert_array_equal(found.low, A.min(axis=0))
    np.testing.assert_array_equal(found.high, A.max(axis=0))


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("stops", [(7,), (1, 2, 3), (100, 200), tuple(range(10, 300, 10))])
def test_moments_of_chunks_are_those_of_the_whole(weighted, stops):
    A = table()
    weight = WEIGHT if weighted else None
    pieces = np.split(np.arange(300), stops)
    found = None
    for rows in pieces:
        new = of(A[rows], None if weight is None else weight[rows])
        found = new if found is None else found.and_of(new)
    held_against_numpy(found, A, weight)
    assert found.weight == pytest.approx(300 if weight is None else weight.sum())
    assert found.constant.tolist() == [False] * 4 + [True, False]
    assert found.two_valued.tolist() == [False] * 4 + [True, True]


def test_the_order_in_which_chunks_come_changes_nothing_but_roundings():
    A = table()
    one = of(A[:50]).and_of(of(A[50:60])).and_of(of(A[60:]))
    other = of(A[60:]).and_of(of(A[:50]).and_of(of(A[50:60])))
    np.testing.assert_allclose(one.mean, other.mean, rtol=1e-10)
    np.testing.assert_allclose(one.deviation, other.deviation, rtol=1e-10)
    np.testing.assert_array_equal(one.two_valued, other.two_valued)


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=6),
    st.lists(st.integers(0, 3), min_size=1, max_size=6),
)
def test_a_column_of_chunks_has_two_values_where_all_its_rows_have_no_third(first, second):
    a, b = (np.array(numbers, dtype=float)[:, None] for numbers in (first, second))
    found = of(a).and_of(of(b))
    assert found.two_valued[0] == (len({*first, *second}) <= 2)
    assert found.constant[0] == (len({*first, *second}) == 1)


def test_what_varies_in_the_last_digits_alone_is_constant():
    x = 1e6 * (1.0 + 1e-15 * np.arange(5))
    assert of(x[:, None]).constant[0]
    assert not of((x + np.arange(5))[:, None]).constant[0]
    assert of(np.zeros((5, 1))).constant[0]


@pytest.mark.parametrize("center", [0.0, -3.5])
def test_the_scale_around_a_center_is_the_root_of_the_mean_square_distance(center):
    A = table()[:, :4]
    expected = np.sqrt(np.mean((A - center) ** 2, axis=0))
    np.testing.assert_allclose(of(A).scale_around(np.full(4, center)), expected, rtol=1e-10)


def test_a_constant_column_has_a_scale_of_1_wherever_it_is():
    assert of(np.full((4, 1), 9.0)).scale_around(np.zeros(1)) == 1.0


def test_rows_of_which_only_a_scale_is_known_count_by_their_weight():
    A = table()[:, :4]
    mean, scale = A[:200].mean(axis=0), A[:200].std(axis=0)
    found = RunningMoments.taken_as(200.0, mean, scale).and_of(of(A[200:]))
    np.testing.assert_allclose(found.mean, A.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(found.deviation, A.std(axis=0), rtol=1e-9)
    assert not found.constant.any()
    assert not found.two_valued.any()


def test_a_column_that_had_no_scale_is_constant_until_another_value_comes():
    known = RunningMoments.taken_as(10.0, np.array([3.0]), np.array([np.inf]))
    assert known.constant[0]
    assert known.and_of(of(np.full((2, 1), 3.0))).constant[0]
    varied = known.and_of(of(np.array([[3.0], [4.0]])))
    assert not varied.constant[0]
    assert varied.mean[0] == pytest.approx((11 * 3.0 + 4.0) / 12)
