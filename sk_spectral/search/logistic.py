"""Logistic regression for one shrinkage after the other."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_spectral.search.convex import ConvexMaps

Array = NDArray[np.float64]


class LogisticRegressions(ConvexMaps):
    """Maps W with the least mean log loss + ½ shrinkage ‖W‖².

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
    y : int array of shape (n_samples,)
        From 0 to K − 1, each being there.
    weight : array of shape (n_samples,), or None
    fit_intercept : bool
        Whether W has a last column for the intercept, which is not shrunk.
    """

    def __init__(
        self, X: NDArray[Any], y: NDArray[Any], weight: Array | None, fit_intercept: bool
    ) -> None:
        n_classes = int(y.max()) + 1
        # One output for two classes, the log odds of the second.
        self._targets = (y[:, None] == np.arange(n_classes))[:, n_classes == 2 :]
        super().__init__(X, self._targets.shape[1], weight, fit_intercept)

    def _slopes(self, P: Array) -> Array:
        return P - self._targets

    def _as_before(self, step: Array) -> Array:
        if self._fit_intercept and len(step) > 1:
            step[:, -1] -= step[:, -1].mean()  # the same for all classes changes nothing
        return step

    def _losses(self, scores: Array) -> tuple[Array, Array]:
        """Log losses, and the probabilities."""
        if scores.shape[1] == 1:
            odds = np.exp(-np.abs(scores))
            likelier = 1.0 / (1.0 + odds)
            P = np.where(scores > 0, likelier, odds * likelier)
            return np.log1p(odds) + np.maximum(scores, 0.0) - self._targets * scores, P
        scores = scores - scores.max(axis=1, keepdims=True)
        P = np.exp(scores)
        total = P.sum(axis=1, keepdims=True)
        P /= total
        return np.log(total) - scores[self._targets][:, None], P

    def _hessian(self, P: Array) -> Array:
        """Of the mean log loss: Σ_i w_i (diag(p_i) − p_i p_iᵀ) ⊗ x_i x_iᵀ."""
        n_outputs, size = P.shape[1], self._W.size
        H = np.zeros((size, size))
        for part, Z in self._parts():
            p, share = P[part], self._share[part]
            if n_outputs == 1:
                H += (Z * (share * p * (1.0 - p))).T @ Z
                continue
            roots = np.sqrt(share)
            A = ((roots * p)[:, :, None] * Z[:, None, :]).reshape(len(Z), size)
            H -= A.T @ A
            by_class = (share * p).T[:, None, :] * Z.T @ Z
            blocks = H.reshape(n_outputs, Z.shape[1], n_outputs, Z.shape[1])
            blocks[np.arange(n_outputs), :, np.arange(n_outputs)] += by_class
        return H
