"""The best linear map, the rival that hidden units have to beat."""

from warnings import catch_warnings, simplefilter

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from sk_spectral.batches import TensorRows

SHRINKAGES = (1e-2, 1e-3, 1e-4, 1e-6)
"""Shrinkages to try, from strong to weak; the last is in effect least squares."""


def linear_map(
    rows: TensorRows, shrinkage: float, n_outputs: int, *, fit_intercept: bool
) -> NDArray[np.float64] | None:
    """Ridge or logistic map of the rows.

    Parameters
    ----------
    rows : TensorRows
        Its y of shape (n_samples, n_outputs) for least squares, or of class codes.
    shrinkage : float
        Weight of ‖W‖² against the mean squared error, of ½‖W‖² against the mean log loss.
    n_outputs : int
        1 for two classes.
    fit_intercept : bool
        Whether the map has a last column for the intercept, which is not shrunk.

    Returns
    -------
    array of shape (n_outputs, n_features + fit_intercept), or None where the rows hold one class
    """
    X, y = rows.X.cpu().double().numpy(), rows.y.cpu().numpy()
    weight = None if rows.sample_weight is None else rows.sample_weight.cpu().double().numpy()
    classes = None if y.ndim == 2 else np.unique(y)
    if classes is not None and len(classes) < 2:
        return None
    # Both penalties are relative to sums over rows.
    total = shrinkage * len(X)
    if classes is None:
        model = Ridge(alpha=total, fit_intercept=fit_intercept)
    else:
        model = LogisticRegression(C=1.0 / total, fit_intercept=fit_intercept, max_iter=500)
    with catch_warnings():
        simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y, sample_weight=weight)
    fitted = np.atleast_2d(model.coef_)
    if fit_intercept:
        fitted = np.column_stack([fitted, np.atleast_1d(model.intercept_)])
    if classes is not None and len(classes) < n_outputs:
        fitted = _for_all_classes(fitted, classes, n_outputs, fit_intercept)
    return fitted


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
