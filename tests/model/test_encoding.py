"""Missing values and categories as columns of numbers."""

import numpy as np
import pytest

from sk_spectral.model import CompactNetwork, Encoding, Pieces, Topology

NAN = np.nan
# A number that may be missing, a category of codes 0 to 2 of which 1 is rare, and a number.
ENCODING = Encoding(
    fill=np.array([1.5, NAN, 0.0]),
    feature=np.array([0, 1, 1, 1]),
    value=np.array([NAN, 0.0, 2.0, NAN]),
)
X = np.array([[1.0, 0.0, 5.0], [NAN, 2.0, NAN], [3.0, 1.0, 0.0], [0.0, NAN, 1.0], [2.0, -1.0, 2.0]])
COLUMNS = np.array(
    [
        [1.0, 0.0, 5.0, 0.0, 1.0, 0.0, 0.0],
        [1.5, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0],
        [3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        [2.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0],
    ]
)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_columns_are_features_filled_in_and_then_indicators(dtype):
    encoded = ENCODING.encode(X.astype(dtype))
    assert encoded.dtype == dtype
    np.testing.assert_array_equal(encoded, COLUMNS)
    assert ENCODING.sources.tolist() == [0, 1, 2, 0, 1, 1, 1]
    assert ENCODING.is_category.tolist() == [False, True, False]
    assert ENCODING.n_features == 3


def test_where_there_is_nothing_to_do_rows_are_given_back():
    plain = Encoding(np.zeros(3), np.empty(0, dtype=np.intp), np.empty(0))
    numbers = np.nan_to_num(X)
    assert plain.encode(numbers) is numbers
    np.testing.assert_array_equal(plain.encode(X), numbers)


def network(**made):
    """Additive, of the columns above; the last feature bends once."""
    W = np.array([[1.0, 0.0, 2.0, 0.5, -1.0, 1.0, 3.0, 4.0]])
    pieces = Pieces(
        np.full(7, -np.inf), np.full(7, np.inf), np.array([2]), np.array([0.0]), np.array([2.0])
    )
    return CompactNetwork((W,), (np.array([0.25]),), "relu", (), pieces=pieces, **made)


def test_a_network_reads_features_and_tells_of_features():
    compact = network(encoding=ENCODING)
    inputs = np.column_stack([COLUMNS, np.clip(COLUMNS[:, 2] / 2.0, 0.0, 1.0)])
    np.testing.assert_allclose(compact(X), inputs @ compact.weights[0].T + 0.25)
    assert (compact.n_features, compact.n_columns, compact.n_inputs) == (3, 7, 8)
    assert compact.sources.tolist() == [0, 1, 2, 0, 1, 1, 1, 2]
    assert compact.layer_sizes == (3, 1)
    assert compact.n_pieces.tolist() == [0, 0, 1]
    topology = Topology.from_compact(compact)
    assert topology.n_pieces == (0, 0, 1)
    assert topology.gamma_norm == pytest.approx(4.0)  # of pieces, indicators are linear
    squares = [1.0 + 0.25, 1.0 + 1.0 + 9.0, 4.0 + 16.0]
    np.testing.assert_allclose(compact.input_shares(), np.array(squares) / sum(squares))


def test_indicators_count_with_their_variance_where_that_is_known():
    compact = network(encoding=ENCODING)
    variances = np.array([7.0, 7.0, 7.0, 0.1, 0.2, 0.1, 0.2, 7.0])
    squares = np.array([1.0 + 0.025, 0.2 + 0.1 + 1.8, 4.0 + 16.0])
    np.testing.assert_allclose(compact.input_shares(variances), squares / squares.sum())


def test_missing_values_and_categories_have_effects_of_their_own():
    compact = network(encoding=ENCODING)
    np.testing.assert_allclose(compact.partial_effect(0, [2.0, NAN])[:, 0], [2.0, 1.5 + 0.5])
    effects = compact.partial_effect(1, [0.0, 1.0, 2.0, NAN, -1.0])[:, 0]
    np.testing.assert_allclose(effects, [-1.0, 0.0, 1.0, 3.0, 0.0])


def test_a_unit_that_reads_two_values_of_one_category_joins_nothing():
    hidden = np.array([[0.0, 0.0, 0.0, 0.0, 1.0, -1.0, 1.0]])
    output = np.array([[0.0] * 7 + [1.0]])
    masks = (np.ones(1, dtype=bool),)
    one = CompactNetwork((hidden, output), None, "relu", masks, encoding=ENCODING)
    assert not one.joins_inputs()
    hidden[0, 0] = 1.0
    assert one.joins_inputs()
