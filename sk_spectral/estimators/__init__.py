"""The scikit-learn contract: check, store, delegate.

May import every other room.
"""

from sk_spectral.estimators.classifier import SpectralNASClassifier
from sk_spectral.estimators.classifier_cv import SpectralNASClassifierCV
from sk_spectral.estimators.path import spectral_path
from sk_spectral.estimators.regressor import SpectralNASRegressor
from sk_spectral.estimators.regressor_cv import SpectralNASRegressorCV

__all__ = [
    "SpectralNASClassifier",
    "SpectralNASClassifierCV",
    "SpectralNASRegressor",
    "SpectralNASRegressorCV",
    "spectral_path",
]

# Files of fitted estimators name these by the room, so that a move within it breaks none.
for _class in (
    SpectralNASClassifier,
    SpectralNASClassifierCV,
    SpectralNASRegressor,
    SpectralNASRegressorCV,
):
    _class.__module__ = __name__
