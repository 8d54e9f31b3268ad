"""What a fitted search says in the user's units: outputs, and the linear part of them."""

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import is_regressor
from sklearn.utils.validation import check_array, check_is_fitted, check_X_y, validate_data

from sk_spectral.data.sparse import is_sparse
from sk_spectral.data.targets import Targets
from sk_spectral.estimators.inputs import say_which
from sk_spectral.estimators.persistence import Persistent
from sk_spectral.estimators.sources import is_source, source_of
from sk_spectral.estimators.table import coder, find_categories, in_order, mixed_column
from sk_spectral.model.compact import CompactNetwork
from sk_spectral.training.threads import limited_threads

Array = NDArray[Any]

FLOATS = (np.float64, np.float32)


class Predictor(Persistent):
    """Reads the compact network."""

    compact_: CompactNetwork
    n_features_in_: int
    categorical_features: Any
    _is_category: NDArray[np.bool_] | None = None
    """None where no column is a category; else by `_coder` they become numbers."""
    _coder: Any = None

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

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.sparse = True
        return tags

    def _as_y(self, by_output: Array) -> Any:
        """First axis left out where y has none for outputs."""
        return by_output

    def _outputs(self, X: ArrayLike) -> Array:
        """Outputs of the compact network, shape (n_samples, n_outputs), block by block."""
        if is_source(X):
            check_is_fitted(self)
            names = getattr(self, "feature_names_in_", None)
            source = source_of(X, features=None if names is None else list(names))
            assert source is not None
            found = [self._outputs(block.X) for block in source.blocks() if len(block)]
            return np.concatenate([np.empty((0, self.n_outputs_)), *found])
        rows = self.to_numbers(X)
        with limited_threads(float(rows.shape[0]) * self.compact_.n_parameters):
            return self.compact_(rows)

    def _decoded(self, X: ArrayLike) -> Array:
        """What the outputs predict, in the form that y had."""
        outputs = self._outputs(X)
        return self._targets.decode(outputs)

    @property
    def n_outputs_(self) -> int:
        """Outputs of the network that predicts: 1 for two classes."""
        return len(self.compact_.weights[-1])

    @property
    def n_layers_(self) -> int:
        """Layers of it, input and output included, that have a unit."""
        return 2 + sum(bool(mask.any()) for mask in self.compact_.unit_masks)

    @property
    def categories_(self) -> list[Array | None]:
        """For each feature its categories, in the order of their codes; None for numbers."""
        found: list[Array | None] = [None] * self.n_features_in_
        if self._is_category is not None:
            known = self._coder.named_transformers_["categories"].categories_
            for j, values in zip(np.flatnonzero(self._is_category), known, strict=True):
                found[j] = values
        return found

    def to_numbers(self, X: ArrayLike) -> Array:
        """Rows as `compact_` takes them: numbers, NaN where they are missing, codes of categories.

        Parameters
        ----------
        X : array-like or frame of shape (n_samples, n_features)

        Returns
        -------
        array, or CSR matrix, of shape (n_samples, n_features)
            Codes are places in `categories_`, -1 for one that is not known.
        """
        check_is_fitted(self)
        finite = True if self.compact_.encoding is None else "allow-nan"
        asked: dict[str, Any] = {"dtype": FLOATS, "accept_sparse": "csr"}
        asked["ensure_all_finite"] = finite
        with np.errstate(all="ignore"):  # of a sum that is to find what is not finite
            if self._is_category is None:
                rows: Array = validate_data(self, X, reset=False, **asked)
                return rows
            coded = self._coded(X, reset=False)
            return np.asarray(check_array(coded, estimator=self, input_name="X", **asked))

    def _coded(self, X: ArrayLike, reset: bool) -> Any:
        """Numbers in place of categories, in the columns that X has."""
        assert self._is_category is not None
        validate_data(self, X, reset=reset, skip_check_array=True)
        if reset:
            try:
                self._coder = coder(self._is_category).fit(X)
            except TypeError as error:
                told = mixed_column(X, self._is_category)
                raise error if told is None else TypeError(told) from error
        return in_order(self._coder.transform(X), self._is_category)

    def _validated(
        self, X: ArrayLike, y: ArrayLike, reset: bool, suffix: str = ""
    ) -> tuple[Array, Array]:
        """X and y as scikit-learn takes them; messages about later ones name these."""
        asked: dict[str, Any] = {"dtype": FLOATS, "accept_sparse": "csr", "multi_output": True}
        knows_missing = reset or getattr(self, "_encoding", None) is not None
        asked["ensure_all_finite"] = "allow-nan" if knows_missing and not is_sparse(X) else True
        if is_regressor(self):
            asked["y_numeric"] = True
        try:
            with np.errstate(all="ignore"):  # as above
                if reset:
                    self._is_category = find_categories(X, self.categorical_features)
                if self._is_category is None:
                    return validate_data(self, X, y, reset=reset, **asked)
                return check_X_y(self._coded(X, reset), y, estimator=self, **asked)
        except (ValueError, TypeError) as error:
            raise say_which(error, y, suffix) from error
