"""Architecture search in spectral space, as scikit-learn estimators.

The house, each room importing only those below it:

    estimators   the scikit-learn contract: check, store, delegate
    search       from a trained network to what is left of it; knows no estimator
    training     from a network and rows to a trained network
    data         from checked arrays to batches
    model        what is left: predicts, and can be read
    spectral     the mathematics

Beside them `datasets`, whose needed architecture is known, and on top `inspection`, which repeats
searches, `display`, `export` and `report`, the command.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sk_spectral.estimators import (
        SpectralNASClassifier,
        SpectralNASClassifierCV,
        SpectralNASRegressor,
        SpectralNASRegressorCV,
        spectral_path,
    )
    from sk_spectral.spectral import SpectralNetwork

__all__ = [
    "SpectralNASClassifier",
    "SpectralNASClassifierCV",
    "SpectralNASRegressor",
    "SpectralNASRegressorCV",
    "SpectralNetwork",
    "spectral_path",
]
__version__ = "0.2.0"

_ROOMS = ("data", "estimators", "model", "search", "spectral", "training")
_ROOM_OF = {
    "SpectralNASClassifier": "estimators",
    "SpectralNASClassifierCV": "estimators",
    "SpectralNASRegressor": "estimators",
    "SpectralNASRegressorCV": "estimators",
    "SpectralNetwork": "spectral",
    "spectral_path": "estimators",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for at its first use: `model` alone needs neither torch nor skorch."""
    if name in _ROOMS:
        return import_module(f"{__name__}.{name}")
    if name in _ROOM_OF:
        value = getattr(import_module(f"{__name__}.{_ROOM_OF[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_ROOMS})
