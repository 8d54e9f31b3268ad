"""Topologies in words."""

from dataclasses import replace

import numpy as np
from compact_cases import cut

from sk_spectral.model.topology import Topology
from sk_spectral.model.topology_text import headline_of, layer_table, name_of, summary_of


def test_print_shows_the_headline_and_the_table():
    topology = Topology.from_compact(cut((4, 5, 6, 2))[2])
    assert str(topology) == topology.summary() == summary_of(topology)
    assert str(topology).splitlines()[0] == topology.headline() == headline_of(topology)


def test_the_table_has_every_layer_and_its_blocks():
    topology = Topology.from_compact(cut((4, 5, 6, 2))[2])
    table = layer_table(topology)
    assert [row[:3] for row in table] == [
        ("input", 4, 4), ("hidden 1", 5, 0), ("hidden 2", 6, 3), ("output", 2, 2),
    ]  # fmt: skip
    assert table[3][3] == [
        ("input", topology.block_norms[3, 0]),
        ("hidden 2", topology.block_norms[3, 2]),
    ]


def test_features_are_named_where_they_have_names():
    topology = Topology.from_compact(cut((4, 6, 2), everything=True)[2])
    bent = replace(topology, n_pieces=(0, 3, 0, 2))
    assert summary_of(bent).endswith("pieces by feature   1: 3, 3: 2")
    named = replace(bent, feature_names=("a", "b", "c", "d"))
    assert summary_of(named).endswith("pieces by feature   b: 3, d: 2")
    assert name_of(named, 2) == "c"
    many = replace(topology, n_pieces=(1,) * 30)
    assert summary_of(many).endswith("19: 1, and 10 more")
    assert np.isfinite(many.gamma_norm)
