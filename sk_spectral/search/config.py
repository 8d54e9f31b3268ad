"""What a search is told: the architecture that it may grow into, and by what it decides."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from sk_spectral.training.config import TrainingConfig


@dataclass(frozen=True)
class SearchConfig:
    """The estimators' parameters of these names and their defaults.

    `warm_start` says that the network may have seen the rows before: then nothing that a search
    would drop is dropped for good.
    """

    hidden_layer_sizes: tuple[int, ...] = (128, 128, 128)
    activation: str = "relu"
    prune_tol: float | None = 0.03
    fit_intercept: bool = True
    train_input_eigenvalues: bool = True
    standardize: bool = True
    n_knots: int | str = 0
    early_stopping: bool | str = "auto"
    validation_fraction: float = 0.1
    warm_start: bool = False
    training: TrainingConfig = field(default_factory=TrainingConfig)

    @property
    def asks_folds(self) -> bool:
        """Whether folds may be asked: not of a network that may have seen the rows before."""
        return not (
            self.prune_tol is None
            or self.early_stopping is False
            or self.training.solver == "lbfgs"
            or self.warm_start
        )

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any]) -> Self:
        """From one mapping of them all; others in it are left out."""
        training = _those_of(TrainingConfig, parameters)
        return cls(**_those_of(cls, parameters), training=TrainingConfig(**training))


def _those_of(config: type, parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {f.name: parameters[f.name] for f in fields(config) if f.name in parameters}
