"""Repeated searches: shares, means and spreads computed from the topologies themselves."""

import json
import pickle

import numpy as np
import pytest
from compact_cases import cut

from sk_spectral.model import Topology, TopologySample
from sk_spectral.search.compaction import compact_network

SIZES = (4, 5, 6, 2)
GROWN, OTHER = (Topology.from_compact(cut(SIZES, everything=some)[2]) for some in (False, True))
LINEAR = Topology.from_compact(
    compact_network(cut(SIZES)[0], [np.zeros(n, dtype=bool) for n in SIZES[1:-1]])
)
SAMPLE = TopologySample((GROWN, OTHER, LINEAR, LINEAR))


def test_shares_of_verdicts_and_blocks():
    assert SAMPLE.verdicts == {"linear": 0.5, "additive": 0.0, "network": 0.5}
    expected = np.mean([t.active_blocks for t in SAMPLE.topologies], axis=0)
    np.testing.assert_array_equal(SAMPLE.block_shares, expected)
    assert SAMPLE.block_shares[3, 0] == 1.0  # the linear map is there in all
    assert 0 < SAMPLE.block_shares[3, 2] < 1


def test_units_and_norms_are_those_of_each_repeat():
    assert len(SAMPLE) == 4
    for r, topology in enumerate(SAMPLE.topologies):
        assert tuple(SAMPLE.n_active_units[r]) == topology.n_active_units
        assert SAMPLE.gamma_norms[r] == topology.gamma_norm
    assert SAMPLE.n_pieces.shape == (4, 4)


def test_the_table_holds_mean_deviation_and_range():
    lines = SAMPLE.summary().splitlines()
    assert lines[0] == SAMPLE.headline()
    norms = SAMPLE.gamma_norms
    name, mean, deviation, least, most = lines[3].split()
    assert name == "‖Γ‖"
    expected = norms.mean(), norms.std(ddof=1), norms.min(), norms.max()
    found = [float(cell) for cell in (mean, deviation, least, most)]
    assert found == pytest.approx(expected, rel=5e-3)
    assert [line.split()[0] for line in lines[3:]] == ["‖Γ‖", "units", "units", "parameters"]


def test_the_headline_tells_the_most_frequent_first():
    sample = TopologySample((LINEAR, LINEAR, GROWN))
    assert sample.headline().startswith("linear in 2 of 3, network in 1 of 3; ")
    assert TopologySample((LINEAR,)).headline() == "linear in 1 of 1"
    assert repr(sample) == f"TopologySample({sample.headline()})"
    assert sample._repr_html_().startswith("<div><p>linear in 2 of 3")


def test_json_and_pickle_keep_all():
    for again in (
        TopologySample.from_dict(json.loads(json.dumps(SAMPLE.to_dict()))),
        pickle.loads(pickle.dumps(SAMPLE)),
    ):
        assert again.summary() == SAMPLE.summary()
        assert again.to_dict() == SAMPLE.to_dict()


def test_topologies_of_different_configurations_are_no_sample():
    other = Topology.from_compact(cut((3, 6, 1))[2])
    with pytest.raises(ValueError, match="layers are of the same sizes"):
        TopologySample((GROWN, other))
    with pytest.raises(ValueError, match="layers are of the same sizes"):
        TopologySample(())
