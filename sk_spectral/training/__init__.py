"""From a network and rows to a trained network.

May import `data`, `model` and `spectral`.
"""

from sk_spectral.training.callbacks import RecordTopology
from sk_spectral.training.config import TrainingConfig
from sk_spectral.training.losses import LogLoss, SquaredError
from sk_spectral.training.net import SpectralNet
from sk_spectral.training.replicas import Replica, train_replicas

__all__ = [
    "LogLoss",
    "RecordTopology",
    "Replica",
    "SpectralNet",
    "SquaredError",
    "TrainingConfig",
    "train_replicas",
]
