"""Inputs that bend: a number beside its piecewise-linear encoding."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pieces:
    """Piecewise-linear encoding of some features, kept beside the features themselves.

    Piece k of feature f rises from 0 to 1 between two knots: clip((x_f − a_k) / (b_k − a_k), 0, 1)
    (Gorishniy, Rubachev and Babenko, "On Embeddings for Numerical Features in Tabular Deep
    Learning", NeurIPS 2022). It is the difference of two ReLU units that read x_f alone, of
    slope 1 / (b_k − a_k) and thresholds a_k and b_k. Values beyond `low` and `high` count as these.

    Attributes
    ----------
    low, high : arrays of shape (n_features,)
        In the units of X; infinite for features that may be anything.
    feature : int array of shape (n_pieces,)
        Which feature each piece reads, in ascending order.
    start, end : arrays of shape (n_pieces,)
        Its knots a_k < b_k, in the units of X.
    """

    low: Array
    high: Array
    feature: NDArray[np.intp]
    start: Array
    end: Array

    @property
    def n_features(self) -> int:
        """Columns of X."""
        return len(self.low)

    @property
    def sources(self) -> NDArray[np.intp]:
        """Feature of each encoded column, shape (n_features + n_pieces,)."""
        return np.concatenate([np.arange(self.n_features), self.feature])

    @property
    def n_by_feature(self) -> NDArray[np.intp]:
        """Pieces of each feature, shape (n_features,)."""
        return np.bincount(self.feature, minlength=self.n_features)

    def knots(self, feature: int) -> Array:
        """Knots of a feature in ascending order; none where it has no pieces."""
        own = self.feature == feature
        return np.unique(np.concatenate([self.start[own], self.end[own]]))

    def encode(self, X: NDArray[np.floating]) -> Array:
        """Features, then pieces: shape (n_samples, n_features + n_pieces).

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        """
        encoded = np.empty((len(X), self.n_features + len(self.feature)))
        np.clip(X, self.low, self.high, out=encoded[:, : self.n_features])
        pieces = encoded[:, self.n_features :]
        np.subtract(X[:, self.feature], self.start, out=pieces)
        with np.errstate(over="ignore"):  # cut off
            pieces /= self.end - self.start
        np.clip(pieces, 0.0, 1.0, out=pieces)
        return encoded

    def take(self, kept: NDArray[np.bool_]) -> "Pieces":
        """These pieces alone, by a mask of shape (n_pieces,)."""
        return Pieces(self.low, self.high, self.feature[kept], self.start[kept], self.end[kept])
