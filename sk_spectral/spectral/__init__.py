"""The mathematics: a network's adjacency matrix in spectral form, its layers and its penalties.

Imports nothing of the package; torch alone.
"""

from sk_spectral.spectral.network import SpectralNetwork

__all__ = ["SpectralNetwork"]
