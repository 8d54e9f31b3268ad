"""The mathematics: a network's adjacency matrix in spectral form, its layers and its penalties.

Imports nothing of the package; torch alone, and only where tensors are computed with:
`activations`, `paths` and `layer_sizes` do without.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sk_spectral.spectral.network import SpectralNetwork

__all__ = ["SpectralNetwork"]


def __getattr__(name: str) -> Any:
    """Import the network, and torch with it, at its first use."""
    if name != "SpectralNetwork":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = import_module(f"{__name__}.network").SpectralNetwork
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
