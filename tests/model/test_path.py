"""The path of networks that were tried: order, what is taken out of it, and what is told."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from compact_cases import cut

from sk_spectral.model import PathPoint, Topology, TopologyPath
from sk_spectral.search.compaction import compact_network

SIZES = (4, 5, 6, 2)
NETWORK = cut(SIZES)[0]


def point(first, second, loss, *, is_kept=False):
    masks = [np.arange(5) < first, np.arange(6) < second]
    compact = compact_network(NETWORK, masks)
    return PathPoint(Topology.from_compact(compact, loss_after=loss), compact, is_kept)


LINEAR, SMALL, KEPT = point(0, 0, 0.9), point(1, 2, 0.3), point(2, 2, 0.2, is_kept=True)
LARGER = replace(point(5, 6, 0.1), compact=None)
PATH = TopologyPath((LINEAR, SMALL, KEPT, LARGER))


def test_points_tell_of_their_topologies():
    assert [p.n_units for p in PATH.points] == [0, 3, 4, 11]
    assert [p.n_parameters for p in PATH.points] == [p.topology.n_parameters for p in PATH.points]
    assert PATH.kept is KEPT
    assert len(PATH) == 4
    assert repr(PATH) == "TopologyPath(n_units=[0, 3, 4, 11], kept=4)"


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, KEPT),
        ({"n_units": 100}, KEPT),
        ({"n_units": 3}, SMALL),
        ({"n_units": 2}, LINEAR),
        ({"n_parameters": SMALL.n_parameters}, SMALL),
        ({"n_parameters": LINEAR.n_parameters, "n_units": 4}, LINEAR),
    ],
)
def test_the_best_of_those_that_are_small_enough_is_taken(limits, expected):
    assert PATH.at(**limits) is expected


def test_where_none_is_so_small_the_smallest_is_named():
    with pytest.raises(ValueError, match="the smallest has 0 units and 10 parameters"):
        PATH.at(n_parameters=3)


def test_the_table_has_a_line_for_each_and_marks_the_one_that_predicts():
    header, *lines = PATH.summary().splitlines()
    assert header.split() == ["units", "by", "layer", "parameters", "‖Γ‖", "loss", "verdict"]
    assert [line.split()[0] for line in lines] == ["0", "3", "4", "11"]
    assert [line.endswith("*") for line in lines] == [False, False, True, False]
    norm = f"{SMALL.topology.gamma_norm:.3g}"
    told = ["3", "1", "+", "2", str(SMALL.n_parameters), norm, "0.3", "network"]
    assert lines[1].split() == told


def test_a_path_over_alpha_has_a_column_for_it_and_none_that_predicts():
    path = TopologyPath((LINEAR, replace(SMALL, alpha=0.1)))
    header, *lines = path.summary().splitlines()
    assert header.split()[:2] == ["alpha", "units"]
    assert [line.split()[:2] for line in lines] == [["0", "0"], ["0.1", "3"]]
    assert path.kept is None
    assert repr(path) == "TopologyPath(n_units=[0, 3])"
    assert path.at(n_units=3).alpha == 0.1


def test_pickles_keep_all():
    again = pickle.loads(pickle.dumps(PATH))
    assert again.summary() == PATH.summary()
    X = np.ones((2, 4))
    np.testing.assert_array_equal(again.at(n_units=3).compact(X), SMALL.compact(X))
