"""What is left after a search: predicts, and can be read.

May import of `spectral` what needs no torch: fitted networks predict with NumPy alone.
"""

from sk_spectral.model.compact import CompactNetwork
from sk_spectral.model.encoding import Encoding
from sk_spectral.model.path import PathPoint, TopologyPath
from sk_spectral.model.pieces import Pieces
from sk_spectral.model.topology import Topology
from sk_spectral.model.topology_sample import TopologySample

__all__ = [
    "CompactNetwork",
    "Encoding",
    "PathPoint",
    "Pieces",
    "Topology",
    "TopologyPath",
    "TopologySample",
]

# Files of fitted estimators name these by the room, so that a move within it breaks none.
for _class in (CompactNetwork, Encoding, PathPoint, Pieces, Topology, TopologyPath, TopologySample):
    _class.__module__ = __name__
