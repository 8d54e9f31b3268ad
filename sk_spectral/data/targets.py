"""What is to be predicted: between the user's y, codes to train on, and outputs of a network."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Targets(ABC):
    """Encodes y for a loss, and decodes outputs of a network.

    Attributes
    ----------
    loss : str
        Name of the loss whose least mean is looked for, of regressions as scikit-learn names it;
        "log_loss" of classes, "label_loss" of labels.
    quantiles : tuple of float
        Levels of the loss "quantile", ascending.
    """

    loss: str
    quantiles: tuple[float, ...] = ()

    @property
    def decoding(self) -> str | None:
        """What makes numbers of outputs: "exp" or "sort"; None where they are these."""
        return None

    @property
    def have_units(self) -> bool:
        """Whether outputs have the units of y, of which moments of all rows tell."""
        return False

    @property
    @abstractmethod
    def n_outputs(self) -> int:
        """Outputs that a network needs for them."""

    @property
    @abstractmethod
    def n_strata(self) -> int:
        """How many strata there may be, one where rows are not told apart."""

    @abstractmethod
    def encode(self, y: Array, name: str = "y") -> Array:
        """Numbers to train on, one row each; ValueError for what is not of these targets.

        Parameters
        ----------
        y : array of shape (n_samples,) or (n_samples, n_columns)
        name : str
            Of the argument, for messages.
        """

    @abstractmethod
    def decode(self, outputs: Array) -> Array:
        """What outputs of shape (n_samples, n_outputs) predict, in the form that y had."""

    def units(
        self, y: Array, weight: Array | None, centered: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and scale of the outputs that suit encoded rows, arrays of shape (n_outputs,).

        `centered` says whether the mean may be other than 0.
        """
        return self.no_units()

    def no_units(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean 0 and scale 1 of each output."""
        return np.zeros(self.n_outputs), np.ones(self.n_outputs)

    def in_units(self, y: Array, mean: Array, scale: Array) -> Array:
        """Encoded rows as they are trained on, where outputs have these units."""
        return y

    @abstractmethod
    def strata(self, encoded: Array) -> NDArray[np.int64] | None:
        """Codes by which rows are spread over folds and samples; None to draw them as they come."""


@dataclass(frozen=True, eq=False)
class ClassTargets(Targets):
    """Labels of classes: the outputs are logits, for two classes the log odds of the second.

    Attributes
    ----------
    classes : array of shape (n_classes,)
        Labels, sorted and each once.
    """

    classes: Array

    loss = "log_loss"

    @property
    def n_outputs(self) -> int:
        """One for each class, or one for two."""
        return 1 if len(self.classes) == 2 else len(self.classes)

    @property
    def n_strata(self) -> int:
        """One for each class."""
        return len(self.classes)

    def encode(self, y: Array, name: str = "y") -> NDArray[np.int64]:
        """Index of each label in `classes`, shape (n_samples,)."""
        unknown = np.setdiff1d(y, self.classes)
        if len(unknown):
            raise ValueError(
                f"{name} holds labels that are not among the classes {self.classes.tolist()}: "
                f"{unknown.tolist()}."
            )
        return np.searchsorted(self.classes, y)

    def decode(self, outputs: Array) -> Array:
        """Label of the most probable class of each row."""
        if outputs.shape[1] == 1:
            return self.classes[(outputs[:, 0] > 0).astype(int)]
        return self.classes[outputs.argmax(axis=1)]

    def probabilities(self, outputs: Array) -> NDArray[np.float64]:
        """Of the classes, shape (n_samples, n_classes)."""
        if outputs.shape[1] == 1:
            return np.exp(self.log_probabilities(outputs))
        odds = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    def log_probabilities(self, outputs: Array) -> NDArray[np.float64]:
        """Their logarithms."""
        if outputs.shape[1] == 1:
            # 1 / (1 + exp(±z)): small ones keep their digits
            return -np.logaddexp(0.0, np.hstack([outputs, -outputs]))
        above = outputs - outputs.max(axis=1, keepdims=True)
        return above - np.log(np.exp(above).sum(axis=1, keepdims=True))

    def strata(self, encoded: Array) -> NDArray[np.int64]:
        """The codes themselves."""
        return encoded


@dataclass(frozen=True)
class LabelTargets(Targets):
    """Labels of which a row may have several: the outputs are the log odds of each.

    Attributes
    ----------
    n_labels : int
    """

    n_labels: int

    loss = "label_loss"

    @property
    def n_outputs(self) -> int:
        """One for each label."""
        return self.n_labels

    @property
    def n_strata(self) -> int:
        """One."""
        return 1

    def encode(self, y: Array, name: str = "y") -> NDArray[np.bool_]:
        """Which labels each row has, shape (n_samples, n_labels)."""
        n_labels = y.shape[1] if y.ndim == 2 else 1
        if n_labels != self.n_labels:
            raise ValueError(
                f"{name} has {n_labels} labels, but the rows that were fitted first have "
                f"{self.n_labels}."
            )
        return y.astype(bool)

    def decode(self, outputs: Array) -> NDArray[np.int64]:
        """1 for each label that is more probable than not."""
        return (outputs > 0).astype(np.int64)

    def probabilities(self, outputs: Array) -> NDArray[np.float64]:
        """Of the labels, shape (n_samples, n_labels)."""
        return np.exp(self.log_probabilities(outputs))

    def log_probabilities(self, outputs: Array) -> NDArray[np.float64]:
        """Their logarithms."""
        return -np.logaddexp(0.0, -outputs)

    def strata(self, encoded: Array) -> None:
        """None: combinations of labels are too many."""
