"""Where files written before there were rooms say that `CompactNetwork` is; it is in `model`."""

from sk_spectral.model import CompactNetwork

__all__ = ["CompactNetwork"]
