"""What a fitted search says in the user's units: outputs, and the linear part of them."""

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import is_regressor
from sklearn.utils.validation import check_is_fitted, validate_data

from sk_spectral.data.targets import Targets
from sk_spectral.estimators.inputs import say_which
from sk_spectral.estimators.persistence import Persistent
from sk_spectral.model.compact import CompactNetwork
from sk_spectral.training.threads import limited_threads

Array = NDArray[Any]

FLOATS = (np.float64, np.float32)


class Predictor(Persistent):
    """Reads the compact network."""

    compact_: CompactNetwork
    n_features_in_: int

    @property
    @abstractmethod
    def _targets(self) -> Targets:
        """What was fitted to."""

    @abstractmethod
    def _checked_y(self, y: Array, name: str) -> Array:
        """The y of rows, if it holds what can be predicted; `name` is for messages."""

    @abstractmethod
    def _targets_of(self, y: Array, *, reset: bool, **asked: Any) -> Targets:
        """Targets of all rows, which `reset` learns from these."""

    @property
    def linear_coef_(self) -> Array:
        """Direct block from the inputs to the outputs, in your units: the linear part.

        Shape (n_outputs, n_features), for a regressor fitted to y of one dimension (n_features,).
        """
        return self._as_y(self.compact_.weights[-1][:, : self.n_features_in_].copy())

    @property
    def linear_intercept_(self) -> Any:
        """What the outputs add to it, in your units: shape (n_outputs,), or a float likewise."""
        intercepts = self.compact_.without_center().intercepts
        if intercepts is None:
            return self._as_y(np.zeros(len(self.compact_.weights[-1])))
        return self._as_y(intercepts[-1].copy())

    def _as_y(self, by_output: Array) -> Any:
        """First axis left out where y has none for outputs."""
        return by_output

    def _outputs(self, X: ArrayLike) -> Array:
        """Outputs of the compact network, shape (n_samples, n_outputs)."""
        check_is_fitted(self)
        with np.errstate(all="ignore"):  # of a sum that is to find what is not finite
            rows: Array = validate_data(self, X, dtype=FLOATS, reset=False)
        with limited_threads(float(len(rows)) * self.compact_.n_parameters):
            return self.compact_(rows)

    def _decoded(self, X: ArrayLike) -> Array:
        """What the outputs predict, in the form that y had."""
        outputs = self._outputs(X)
        return self._targets.decode(outputs)

    def _validated(
        self, X: ArrayLike, y: ArrayLike, reset: bool, suffix: str = ""
    ) -> tuple[Array, Array]:
        """X and y as scikit-learn takes them; messages about later ones name these."""
        numeric = {"y_numeric": True} if is_regressor(self) else {}
        try:
            with np.errstate(all="ignore"):  # as above
                return validate_data(
                    self, X, y, dtype=FLOATS, multi_output=True, reset=reset, **numeric
                )
        except (ValueError, TypeError) as error:
            raise say_which(error, y, suffix) from error
