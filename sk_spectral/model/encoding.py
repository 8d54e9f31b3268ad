"""Missing values and categories as numbers: what comes before pieces and layers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Encoding:
    """Columns of numbers for features that may be missing or categories.

    The first columns are the features themselves: a number that is missing counts as `fill`, a
    category as 0. Indicators follow: 1 where feature `feature[k]` has the value `value[k]`, NaN
    standing for a missing one. A category that none of them stands for has 0 in all of its own.

    Attributes
    ----------
    fill : array of shape (n_features,)
        In the units of X; NaN for a category.
    feature : int array of shape (n_indicators,)
        In ascending order.
    value : array of shape (n_indicators,)
        Codes of categories, or NaN.
    """

    fill: Array
    feature: NDArray[np.intp]
    value: Array

    @property
    def n_features(self) -> int:
        """Columns of X."""
        return len(self.fill)

    @property
    def sources(self) -> NDArray[np.intp]:
        """Feature of each column, shape (n_features + n_indicators,)."""
        return np.concatenate([np.arange(self.n_features), self.feature])

    @property
    def is_category(self) -> NDArray[np.bool_]:
        """Which features are categories, shape (n_features,)."""
        return np.isnan(self.fill)

    def encode(self, X: NDArray[np.floating]) -> NDArray[np.floating]:
        """Columns for rows of X, which itself is given back where there is nothing to do.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            Of numbers, missing ones among them, and codes of categories.

        Returns
        -------
        array of shape (n_samples, n_features + n_indicators)
            In the precision of X.
        """
        missing = np.isnan(X)
        if not len(self.feature) and not self.is_category.any() and not missing.any():
            return X
        encoded = np.empty((len(X), len(self.sources)), dtype=X.dtype)
        own = encoded[:, : self.n_features]
        own[:] = np.where(missing, self.fill, X)
        own[:, self.is_category] = 0.0
        for k, (feature, value) in enumerate(zip(self.feature, self.value, strict=True)):
            there = missing[:, feature] if np.isnan(value) else X[:, feature] == value
            encoded[:, self.n_features + k] = there
        return encoded
