"""Where files written before there were rooms say that `Topology` is; it is in `model`."""

from sk_spectral.model import Topology

__all__ = ["Topology"]
