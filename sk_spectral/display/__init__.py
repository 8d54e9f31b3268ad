"""Pictures of what was learned, in the form of scikit-learn's displays.

May import `spectral`, `model`, `estimators` and `inspection`; matplotlib is imported where
something is drawn.
"""

from sk_spectral.display.cross_validation import CrossValidationDisplay
from sk_spectral.display.effects import EffectDisplay
from sk_spectral.display.path import PathDisplay
from sk_spectral.display.sample import TopologySampleDisplay
from sk_spectral.display.topology import SpectrumDisplay, TopologyDisplay
from sk_spectral.display.training import TrainingDisplay

__all__ = [
    "CrossValidationDisplay",
    "EffectDisplay",
    "PathDisplay",
    "SpectrumDisplay",
    "TopologyDisplay",
    "TopologySampleDisplay",
    "TrainingDisplay",
]
