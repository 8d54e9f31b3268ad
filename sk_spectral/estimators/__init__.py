"""The scikit-learn contract: check, store, delegate.

May import every other room.
"""

from sk_spectral.estimators.classifier import SpectralNASClassifier
from sk_spectral.estimators.regressor import SpectralNASRegressor

__all__ = ["SpectralNASClassifier", "SpectralNASRegressor"]

# Files of fitted estimators name these by the room, so that a move within it breaks none.
for _class in (SpectralNASClassifier, SpectralNASRegressor):
    _class.__module__ = __name__
