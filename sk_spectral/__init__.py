"""Architecture search in spectral space, as scikit-learn estimators.

The house, each room importing only those below it:

    estimators   the scikit-learn contract: check, store, delegate
    search       from a trained network to what is left of it; knows no estimator
    training     from a network and rows to a trained network
    data         from checked arrays to batches
    model        what is left: predicts, and can be read
    spectral     the mathematics

Beside them `datasets`, whose needed architecture is known, and on top `display` and `export`.
"""

import sys

from sk_spectral import data, model
from sk_spectral.estimators import SpectralNASClassifier, SpectralNASRegressor
from sk_spectral.spectral import SpectralNetwork

__all__ = ["SpectralNASClassifier", "SpectralNASRegressor", "SpectralNetwork"]
__version__ = "0.1.0"

# Where files written before there were rooms say that their classes are.
for _former, _room in (("compact", model), ("topology", model), ("preparation", data)):
    sys.modules[f"{__name__}.{_former}"] = _room
