"""The linear baseline that hidden units have to beat: ridge or logistic regression."""

from collections.abc import Iterable
from math import inf, isfinite, nan
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sk_spectral.data.batches import TensorDataset
from sk_spectral.data.sparse import SparseRows, is_sparse
from sk_spectral.search.candidate import Candidate, no_units, with_linear_map
from sk_spectral.search.convex import GeneralizedLinearMaps
from sk_spectral.search.evaluation import Evaluator
from sk_spectral.search.logistic import LogisticRegressions
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.loss import ElementwiseLoss, Loss
from sk_spectral.training.losses import SquaredError
from sk_spectral.training.robust_losses import BoundedSlopeLoss

SHRINKAGES = (10.0, 1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-6)
"""Shrinkages to try, from strong to weak; the last is in effect least squares."""

Array = NDArray[np.float64]

_ROWS_AT_ONCE = 4096
_FLATTEST = 1e-14  # smallest curvature, relative to that of a column, that is not taken for 0


class LinearMaps:
    """Linear maps of the same rows, by shrinkage: cheapest from strong to weak.

    Ridge and logistic regressions, and those of the other losses.

    No estimator is fitted for them, of which a tracker of experiments would tell the user.

    Parameters
    ----------
    rows : TensorDataset
        Its y of shape (n_samples, n_outputs) for least squares, of truth values for labels, or of
        class codes.
    n_outputs : int
        1 for two classes.
    fit_intercept : bool
        Whether a map has a last column for the intercept, which is not shrunk.
    read : bool array of shape (n_inputs,), optional
        Inputs to read; by default all.
    loss : Loss, optional
        By default the squared error of numbers.
    """

    def __init__(
        self,
        rows: TensorDataset,
        n_outputs: int,
        fit_intercept: bool,
        read: NDArray[np.bool_] | None = None,
        loss: Loss | None = None,
    ) -> None:
        self._read = read
        X, y = rows.X, rows.y.cpu().numpy()
        X = X.matrix if isinstance(X, SparseRows) else X.cpu().numpy()
        if read is not None:
            n_read = int(read.sum())
            X = X[:, :n_read] if read[:n_read].all() else X[:, read]
        weight = rows.weight_array()
        self._n_outputs, self._fit_intercept, self._factor = n_outputs, fit_intercept, 1.0
        self._found: dict[float, NDArray[np.float64] | None] = {}
        self._classes = None
        self._by_label: list[_OneLabel] | None = None
        if y.dtype == bool:
            self._by_label = [_OneLabel(X, label, weight, fit_intercept) for label in y.T]
            return
        self._of_numbers: RidgeRegressions | GeneralizedLinearMaps
        if y.ndim == 2 and not isinstance(loss, ElementwiseLoss) and is_sparse(X):
            loss, self._factor = BoundedSlopeLoss([-inf], [inf], [0.5]), 2.0 / n_outputs
        if y.ndim == 2 and (loss is None or isinstance(loss, SquaredError)):
            self._of_numbers = RidgeRegressions(X, y, weight, fit_intercept)
            return
        if y.ndim == 2 and isinstance(loss, ElementwiseLoss):
            given = X, y, weight, fit_intercept, loss, n_outputs
            self._of_numbers = GeneralizedLinearMaps(*given)
            return
        self._classes, codes = np.unique(y, return_inverse=True)
        if len(self._classes) > 1:
            self._logistic = LogisticRegressions(X, codes, weight, fit_intercept)

    def __call__(self, shrinkage: float) -> NDArray[np.float64] | None:
        """Map with the weight `shrinkage` of ‖W‖² against the mean squared error.

        Of ½‖W‖² against the mean of any other loss.

        Returns
        -------
        array of shape (n_outputs, n_inputs + fit_intercept), or None where the rows hold one class
        """
        if shrinkage not in self._found:
            W = self._fit(shrinkage)
            if W is not None and self._read is not None:
                W = of_all_inputs(W, self._read)
            self._found[shrinkage] = W
        return self._found[shrinkage]

    def _fit(self, shrinkage: float) -> NDArray[np.float64] | None:
        if self._by_label is not None:
            return np.vstack([of_label(shrinkage) for of_label in self._by_label])
        if self._classes is None:
            return self._of_numbers(self._factor * shrinkage)
        if len(self._classes) < 2:
            return None
        W = self._logistic(shrinkage)
        if len(self._classes) < self._n_outputs:
            W = _for_all_classes(W, self._classes, self._n_outputs, self._fit_intercept)
        return W


class _OneLabel:
    """Logistic maps of one of several labels; an intercept where all rows have it, or none."""

    def __init__(
        self,
        X: NDArray[Any],
        label: NDArray[np.bool_],
        weight: NDArray[np.float64] | None,
        fit_intercept: bool,
    ) -> None:
        self._logistic = None
        if label.any() and not label.all():
            self._logistic = LogisticRegressions(X, label.astype(np.int64), weight, fit_intercept)
        odds = np.log((label.sum() + 0.5) / (len(label) - label.sum() + 0.5))
        self._constant = np.zeros((1, X.shape[1] + fit_intercept))
        if fit_intercept:
            self._constant[0, -1] = odds

    def __call__(self, shrinkage: float) -> NDArray[np.float64]:
        return self._constant if self._logistic is None else self._logistic(shrinkage)


class RidgeRegressions:
    """Maps W with the least mean squared error + shrinkage ‖W‖².

    Parameters
    ----------
    X, y : arrays of shape (n_samples, n_features) and (n_samples, n_outputs)
    weight : array of shape (n_samples,), or None
    fit_intercept : bool
        Whether W has a last column for the intercept, which is not shrunk.
    """

    def __init__(
        self, X: NDArray[Any], y: NDArray[Any], weight: NDArray[Any] | None, fit_intercept: bool
    ) -> None:
        total = len(X) if weight is None else weight.sum()
        self._of_reduced(*_reduced(X, y, weight, fit_intercept), fit_intercept, total)

    @classmethod
    def of_parts(
        cls, parts: Iterable[TensorDataset], read: NDArray[np.bool_] | None, fit_intercept: bool
    ) -> "RidgeRegressions":
        """Of rows that come some at a time: of the inputs in `read`, by default of all."""
        found = cls.__new__(cls)
        found._of_reduced(*_reduced_parts(parts, read, fit_intercept))
        return found

    def _of_reduced(
        self,
        R: NDArray[Any],
        y: NDArray[Any],
        mean_X: NDArray[Any],
        mean_y: NDArray[Any],
        fit_intercept: bool,
        total: float,
    ) -> None:
        n_features = R.shape[1]
        self._fit_intercept, self._total = fit_intercept, total
        self._mean_X, self._mean_y = mean_X, mean_y
        # What is below the triangle of X is 0, and tells nothing of W.
        self._R, self._y = R[:n_features], y[:n_features]
        self._norms = np.linalg.norm(self._R, axis=0)
        self._norms[self._norms == 0] = 1.0
        scaled = self._R / self._norms
        self._wide = len(self._R) < n_features
        self._gram = self._R @ self._R.T if self._wide else scaled.T @ scaled
        self._moments = self._y if self._wide else scaled.T @ self._y

    def __call__(self, shrinkage: float) -> NDArray[np.float64]:
        """W of shape (n_outputs, n_features + fit_intercept).

        By the smaller of (RᵀR + αI) W = Rᵀy, in columns of norm 1, and W = Rᵀ (RRᵀ + αI)⁻¹ y.
        """
        alpha, gram = shrinkage * self._total, self._gram.copy()
        diagonal = np.diag_indices_from(gram)
        if self._wide:
            gram[diagonal] += max(alpha, _FLATTEST * gram[diagonal].max(initial=0.0))
            W = (self._R.T @ np.linalg.solve(gram, self._moments)).T
        else:
            gram[diagonal] += np.maximum(alpha / self._norms / self._norms, _FLATTEST)
            W = np.linalg.solve(gram, self._moments).T / self._norms
        return np.column_stack([W, self._mean_y - W @ self._mean_X]) if self._fit_intercept else W


def of_all_inputs(W: Array, read: NDArray[np.bool_]) -> Array:
    """A map of the inputs in `read`, and of a constant if it has a column more, as one of all."""
    own = np.append(read, np.ones(W.shape[1] - int(read.sum()), dtype=bool))
    whole = np.zeros((len(W), len(own)))
    whole[:, own] = W
    return whole


def nonlinear_share(
    X: NDArray[Any], outputs: NDArray[Any], weight: NDArray[Any] | None, fit_intercept: bool
) -> float:
    """Share of the variance of `outputs` that no linear map of X has, summed over the outputs.

    Without an intercept, of the mean square in place of the variance. NaN where outputs are not
    finite.
    """
    largest = float(np.abs(outputs).max(initial=0.0))
    if largest == 0:
        return 0.0
    if not isfinite(largest):
        return nan
    # No square of these overflows, and what is small beside them is lost alone.
    outputs = outputs.astype(np.float64) / largest
    reduced_X, reduced_outputs, _, _ = _reduced(X, outputs, weight, fit_intercept)
    total = float(np.square(reduced_outputs).sum())
    if total == 0:
        return 0.0
    W = np.linalg.lstsq(reduced_X, reduced_outputs, rcond=None)[0]
    return float(np.square(reduced_outputs - reduced_X @ W).sum()) / total


def _reduced(
    X: NDArray[Any], y: NDArray[Any], weight: NDArray[Any] | None, centered: bool
) -> tuple[Array, Array, Array, Array]:
    """At most n_features + n_outputs rows with the same squared errors, and the means taken off.

    The triangle R of (X, y) = QR, each row by the root of its weight, found part by part. No copy
    of X is made, and every shrinkage is fitted to R alone.
    """
    mean_X, mean_y = np.zeros(X.shape[1]), np.zeros(y.shape[1])
    if centered:
        share = np.full(len(X), 1.0 / len(X)) if weight is None else weight / weight.sum()
        mean_X, mean_y = np.einsum("i,ij->j", share, X), share @ y
    R: NDArray[np.float64] = np.empty((0, X.shape[1] + y.shape[1]))
    step = max(4 * R.shape[1], _ROWS_AT_ONCE)
    for start in range(0, len(X), step):
        part = slice(start, start + step)
        rows = np.column_stack([X[part] - mean_X, y[part] - mean_y])
        if weight is not None:
            rows *= np.sqrt(weight[part])[:, None]
        R = np.asarray(np.linalg.qr(np.vstack([R, rows]), mode="r"))
    return R[:, : X.shape[1]], R[:, X.shape[1] :], mean_X, mean_y


def _reduced_parts(
    parts: Iterable[TensorDataset], read: NDArray[np.bool_] | None, centered: bool
) -> tuple[Any, ...]:
    """Likewise in one pass: R of (1, X, y), below the first row of which that of centred ones is.

    And whether they are centred, and the total weight.
    """
    R, total, n_inputs = None, 0.0, 0
    for part in parts:
        X = part.X.cpu().double().numpy()
        X = X if read is None else X[:, read]
        n_inputs, weight = X.shape[1], part.weight_array()
        ones = np.ones((len(X), int(centered)))
        rows = np.column_stack([ones, X, part.y.cpu().double().numpy()])
        total += len(X) if weight is None else float(weight.sum())
        if weight is not None:
            rows *= np.sqrt(weight)[:, None]
        R = np.asarray(np.linalg.qr(rows if R is None else np.vstack([R, rows]), mode="r"))
    assert R is not None
    means = R[0, 1:] / R[0, 0] if centered else np.zeros(R.shape[1])
    below = R[1:, 1:] if centered else R
    own, others = np.split(below, [n_inputs], axis=1), np.split(means, [n_inputs])
    return own[0], own[1], others[0], others[1], centered, total


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


def best_baseline(
    network: SpectralNetwork,
    evaluator: Evaluator,
    linear_maps: LinearMaps,
    n_read: int | None = None,
) -> Candidate | None:
    """In place of `network`, the linear map with the least loss on the evaluator's rows.

    Rows that were trained on are fitted best with the least shrinkage. None where they hold one
    class alone. The maps read the first `n_read` inputs.
    """
    nothing, best = no_units(network), None
    for shrinkage in SHRINKAGES if evaluator.independent else SHRINKAGES[-1:]:
        W = linear_maps(shrinkage)
        if W is None:
            return None
        linear = with_linear_map(network, torch.as_tensor(W))
        loss = float(evaluator.losses(linear, nothing).mean())
        if best is not None and loss >= best.loss_after:
            break  # less and less shrinkage, past its best
        best = Candidate.linear(linear, shrinkage, n_read, loss, loss)
    return best
