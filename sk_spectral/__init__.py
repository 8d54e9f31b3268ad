"""Architecture search in spectral space, as scikit-learn estimators."""

from sk_spectral.estimators import SpectralNASClassifier, SpectralNASRegressor
from sk_spectral.network import SpectralNetwork

__all__ = ["SpectralNASClassifier", "SpectralNASRegressor", "SpectralNetwork"]
__version__ = "0.1.0"
