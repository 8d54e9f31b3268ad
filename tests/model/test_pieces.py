"""Piecewise-linear encoding: the values, and that each piece is two ReLU units on one input."""

import numpy as np
import pytest

from sk_spectral.model.compact import CompactNetwork
from sk_spectral.model.pieces import Pieces
from sk_spectral.model.topology import Topology

PIECES = Pieces(
    low=np.array([-1.0, -np.inf, 0.0]),
    high=np.array([5.0, np.inf, 1.0]),
    feature=np.array([0, 0, 2]),
    start=np.array([0.0, 1.0, 0.25]),
    end=np.array([1.0, 4.0, 0.75]),
)
X = np.random.RandomState(0).uniform(-3.0, 8.0, (50, 3))


def test_a_piece_is_the_difference_of_two_relu_units_that_read_one_input():
    encoded = PIECES.encode(X)
    assert encoded.shape == (50, 6)
    for k, f in enumerate(PIECES.feature):
        a, b = PIECES.start[k], PIECES.end[k]
        units = (np.maximum(X[:, f] - a, 0.0) - np.maximum(X[:, f] - b, 0.0)) / (b - a)
        np.testing.assert_allclose(encoded[:, 3 + k], units, atol=1e-12)


def test_features_stay_but_for_what_is_far_beyond_what_was_seen():
    encoded = PIECES.encode(X)
    np.testing.assert_array_equal(encoded[:, 1], X[:, 1])
    np.testing.assert_array_equal(encoded[:, 0], np.clip(X[:, 0], -1.0, 5.0))


def test_single_precision_is_encoded_in_double():
    far = np.float32(1e6) + np.arange(8, dtype=np.float32)[:, None]
    pieces = Pieces(*(np.array([v]) for v in (-np.inf, np.inf, 0, 1e6 + 2.0, 1e6 + 4.0)))
    np.testing.assert_array_equal(pieces.encode(far)[:, 1], [0, 0, 0, 0.5, 1, 1, 1, 1])


def test_knots_are_read_by_feature():
    np.testing.assert_array_equal(PIECES.knots(0), [0.0, 1.0, 4.0])
    assert len(PIECES.knots(1)) == 0
    assert PIECES.n_by_feature.tolist() == [2, 0, 1]
    assert PIECES.sources.tolist() == [0, 1, 2, 0, 0, 2]


def network(direct, hidden):
    """One hidden unit; blocks for the three features and the three pieces."""
    last = np.concatenate([direct, [1.0]])[None]
    return CompactNetwork(
        (np.array([hidden]), last), (np.zeros(1), np.zeros(1)), "relu", (np.ones(1, bool),),
        pieces=PIECES,
    )  # fmt: skip


def test_outputs_are_those_of_the_network_on_what_is_encoded():
    compact = network(np.arange(6.0), np.linspace(-1, 1, 6))
    encoded = PIECES.encode(X)
    unit = np.maximum(encoded @ np.linspace(-1, 1, 6), 0.0)
    np.testing.assert_allclose(compact(X)[:, 0], encoded @ np.arange(6.0) + unit)
    assert compact.layer_sizes == (3, 1, 1)
    assert compact.n_inputs == 6


@pytest.mark.parametrize(
    ("hidden", "joins"),
    [
        ([1.0, 0, 0, 2.0, 3.0, 0], False),
        ([1.0, 0, 0, 0, 0, 2.0], True),
        ([1.0, 1.0, 0, 0, 0, 0], True),
    ],
)
def test_units_that_read_one_feature_and_its_pieces_join_nothing(hidden, joins):
    topology = Topology.from_compact(network(np.ones(6), np.array(hidden)))
    assert topology.joins_inputs is joins
    assert topology.is_additive is not joins
    assert not topology.is_linear
    assert topology.n_pieces == (2, 0, 1)
    assert topology.headline().split("; ")[1] == "3 pieces of 2 features"
    assert topology.summary().splitlines()[-1] == "pieces by feature   0: 2, 2: 1"
    assert "0 (2 pieces)" in topology._repr_html_()
    notes = [line for line in topology.to_dot().splitlines() if "note" in line]
    assert [line.split("label=")[1] for line in notes] == [
        '"feature 0\\n2 pieces", shape=note];',
        '"feature 2\\n1 pieces", shape=note];',
    ]
    again = Topology.from_dict(topology.to_dict())
    assert (again.n_pieces, again.joins_inputs) == (topology.n_pieces, topology.joins_inputs)


def test_richness_counts_a_piece_as_a_hidden_unit_and_shares_belong_to_features():
    direct, hidden = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), np.array([1.0, 0, 0, 0, 2.0, 0])
    compact = network(direct, hidden)
    paths = [4.0, 5.0, 6.0, 1.0, 2.0]  # of pieces to the output; of what the unit reads
    assert Topology.from_compact(compact).gamma_norm == pytest.approx(np.linalg.norm(paths))
    squares = np.array([1 + 16 + 25 + 1 + 4, 4.0, 9 + 36.0])
    np.testing.assert_allclose(compact.input_shares(), squares / squares.sum())


def test_a_network_that_reads_no_piece_has_none():
    weights = np.array([[1.0, 2.0, 3.0, 0.0, 0.0, 0.0]])
    compact = CompactNetwork((weights,), (np.zeros(1),), "relu", (), center=np.arange(6.0))
    linear = compact.with_pieces(PIECES)
    assert linear.pieces is None
    np.testing.assert_allclose(linear(X)[:, 0], (X - np.arange(3)) @ [1.0, 2.0, 3.0])
    assert Topology.from_compact(linear).is_linear
    bent = CompactNetwork((weights + 1.0,), (np.zeros(1),), "relu", ()).with_pieces(PIECES)
    assert bent.pieces is PIECES
