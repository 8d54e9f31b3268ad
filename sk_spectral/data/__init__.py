"""From checked arrays to batches: rows, folds, scales.

May import `model` and `spectral`.
"""

from sk_spectral.data.batches import TensorDataset
from sk_spectral.data.continuous import ContinuousTargets
from sk_spectral.data.dataset import Data
from sk_spectral.data.scaling import Scaling
from sk_spectral.data.splitting import Split, Splitter
from sk_spectral.data.targets import ClassTargets, LabelTargets, Targets

__all__ = [
    "ClassTargets",
    "ContinuousTargets",
    "Data",
    "LabelTargets",
    "Scaling",
    "Split",
    "Splitter",
    "Targets",
    "TensorDataset",
]

# Files of fitted estimators name these by the room, so that a move within it breaks none.
for _class in (Scaling,):
    _class.__module__ = __name__
