"""The best linear map, the rival that hidden units have to beat."""

from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from sk_spectral.batches import TensorRows

SHRINKAGES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-6)
"""Shrinkages to try, from strong to weak; the last is in effect least squares."""

_ROWS_AT_ONCE = 4096


class LinearMaps:
    """Ridge or logistic maps of the same rows, by shrinkage.

    Parameters
    ----------
    rows : TensorRows
        Its y of shape (n_samples, n_outputs) for least squares, or of class codes.
    n_outputs : int
        1 for two classes.
    fit_intercept : bool
        Whether a map has a last column for the intercept, which is not shrunk.
    """

    def __init__(self, rows: TensorRows, n_outputs: int, fit_intercept: bool) -> None:
        self._X, self._y = rows.X.cpu().numpy(), rows.y.cpu().numpy()
        weight = rows.sample_weight
        self._weight = None if weight is None else weight.cpu().double().numpy()
        self._n_samples, self._n_outputs = len(rows), n_outputs
        self._fit_intercept = fit_intercept
        if self._y.ndim == 2:
            self._reduced = _reduced(self._X, self._y, self._weight, fit_intercept)

    def __call__(self, shrinkage: float) -> NDArray[np.float64] | None:
        """Map with the weight `shrinkage` of ‖W‖² against the mean squared error.

        Of ½‖W‖² against the mean log loss for classes.

        Returns
        -------
        array of shape (n_outputs, n_features + fit_intercept), or None where the rows hold one
        class
        """
        total = shrinkage * self._n_samples  # the penalties are relative to sums over rows
        return self._ridge(total) if self._y.ndim == 2 else self._logistic(total)

    def _ridge(self, alpha: float) -> NDArray[np.float64]:
        X, y, mean_X, mean_y = self._reduced
        W = np.atleast_2d(Ridge(alpha=alpha, fit_intercept=False).fit(X, y).coef_)
        return np.column_stack([W, mean_y - W @ mean_X]) if self._fit_intercept else W

    def _logistic(self, total: float) -> NDArray[np.float64] | None:
        classes = np.unique(self._y)
        if len(classes) < 2:
            return None
        model = LogisticRegression(C=1.0 / total, fit_intercept=self._fit_intercept, max_iter=500)
        with catch_warnings():
            simplefilter("ignore", ConvergenceWarning)
            model.fit(self._X, self._y, sample_weight=self._weight)
        W = np.asarray(model.coef_, dtype=np.float64)
        if self._fit_intercept:
            W = np.column_stack([W, model.intercept_])
        if len(classes) < self._n_outputs:
            W = _for_all_classes(W, classes, self._n_outputs, self._fit_intercept)
        return W


def nonlinear_share(
    X: NDArray[Any], outputs: NDArray[Any], weight: NDArray[Any] | None, fit_intercept: bool
) -> float:
    """Share of the variance of `outputs` that no linear map of X has, summed over the outputs.

    Without an intercept, of the mean square in place of the variance.
    """
    reduced_X, reduced_outputs, _, _ = _reduced(X, outputs, weight, fit_intercept)
    total = float(np.square(reduced_outputs).sum())
    if total == 0:
        return 0.0
    W = np.linalg.lstsq(reduced_X, reduced_outputs, rcond=None)[0]
    return float(np.square(reduced_outputs - reduced_X @ W).sum()) / total


def _reduced(
    X: NDArray[Any], y: NDArray[Any], weight: NDArray[Any] | None, centered: bool
) -> tuple[NDArray[np.float64], ...]:
    """At most n_features + n_outputs rows with the same squared errors, and the means taken off.

    The triangle R of (X, y) = QR, each row by the root of its weight, found part by part. No copy
    of X is made, and every shrinkage is fitted to R alone.
    """
    mean_X, mean_y = np.zeros(X.shape[1]), np.zeros(y.shape[1])
    if centered:
        share = np.full(len(X), 1.0 / len(X)) if weight is None else weight / weight.sum()
        mean_X, mean_y = np.einsum("i,ij->j", share, X), share @ y
    R = np.empty((0, X.shape[1] + y.shape[1]))
    step = max(4 * R.shape[1], _ROWS_AT_ONCE)
    for start in range(0, len(X), step):
        part = slice(start, start + step)
        rows = np.column_stack([X[part] - mean_X, y[part] - mean_y])
        if weight is not None:
            rows *= np.sqrt(weight[part])[:, None]
        R = np.linalg.qr(np.vstack([R, rows]), mode="r")
    return R[:, : X.shape[1]], R[:, X.shape[1] :], mean_X, mean_y


def _for_all_classes(
    fitted: NDArray[np.float64], classes: NDArray[np.int64], n_outputs: int, fit_intercept: bool
) -> NDArray[np.float64]:
    """Add the outputs of classes without a row, all but impossible by their intercept."""
    if len(classes) == 2:
        fitted = np.vstack([-0.5 * fitted, 0.5 * fitted])
    full = np.zeros((n_outputs, fitted.shape[1]))
    if fit_intercept:
        full[:, -1] = fitted[:, -1].min() - 10.0
    full[classes] = fitted
    return full
