"""Where files written before there were rooms say that `Scaling` is; it is in `data`."""

from sk_spectral.data import Scaling

__all__ = ["Scaling"]
