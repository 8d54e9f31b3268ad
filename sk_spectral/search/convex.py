"""Linear maps of the least mean loss, whatever the loss: one shrinkage after the other."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize

from sk_spectral.data.sparse import is_sparse
from sk_spectral.training.loss import ElementwiseLoss

Array = NDArray[np.float64]

_VALUES_TO_KEEP = 1 << 22
_ROWS_AT_ONCE = 4096
_MOST_COEFFICIENTS, _MOST_PRODUCTS = 100, 5_000_000  # for which a Hessian is built
_MOST_STEPS, _SMALLEST_STEP = 60, 1e-6
_TOLERANCE = 1e-8
_FLATTEST = 1e-12
_LBFGS = {"maxiter": 500, "gtol": 1e-5, "ftol": 1e-14}


class ConvexMaps(ABC):
    """Maps W with the least mean loss + ½ shrinkage ‖W‖², each found from the one before.

    By Newton's method where its Hessian is small, else by L-BFGS.

    Parameters
    ----------
    X : array or CSR matrix of shape (n_samples, n_features)
    n_outputs : int
    weight : array of shape (n_samples,), or None
    fit_intercept : bool
        Whether W has a last column for the intercept, which is not shrunk.
    """

    def __init__(
        self, X: NDArray[Any], n_outputs: int, weight: Array | None, fit_intercept: bool
    ) -> None:
        self._basis = None
        self._is_sparse = is_sparse(X)
        n_samples = X.shape[0]
        if X.shape[1] > n_samples and not self._is_sparse:  # W lies in the space of the rows
            self._basis = np.linalg.qr(X.T.astype(np.float64))[0]
            self._basis[~X.any(axis=0)] = 0.0  # for which a deficient rank leaves rounding errors
            X = X @ self._basis
        self._X, self._fit_intercept = X, fit_intercept
        is_small = np.prod(X.shape) <= _VALUES_TO_KEEP and not self._is_sparse
        self._kept = self._rows(slice(None)) if is_small else None
        share = np.full(n_samples, 1.0 / n_samples) if weight is None else weight / weight.sum()
        self._share = share[:, None]
        self._W = np.zeros((n_outputs, X.shape[1] + fit_intercept))

    def __call__(self, shrinkage: float) -> Array:
        """W of shape (n_outputs, n_features + fit_intercept)."""
        penalty = np.full(self._W.shape[1], shrinkage)
        if self._fit_intercept:
            penalty[-1] = 0.0
        self._W = self._minimised(self._W, penalty)
        if self._basis is None:
            return self._W.copy()
        n_inner = self._basis.shape[1]
        return np.hstack([self._W[:, :n_inner] @ self._basis.T, self._W[:, n_inner:]])

    @abstractmethod
    def _losses(self, scores: Array) -> tuple[Array, Any]:
        """Losses of all rows at these scores, and what slopes and Hessian are made of."""

    @abstractmethod
    def _slopes(self, state: Any) -> Array:
        """Derivatives of the losses by the scores, in the shape of these."""

    @abstractmethod
    def _hessian(self, state: Any) -> Array:
        """Of the mean loss, by all entries of W."""

    def _as_before(self, step: Array) -> Array:
        """A step without what it does not change outputs by."""
        return step

    def _minimised(self, W: Array, penalty: Array) -> Array:
        size = W.size
        small = size <= _MOST_COEFFICIENTS and self._X.shape[0] * size**2 <= _MOST_PRODUCTS
        return self._newton(W, penalty) if small else self._lbfgs(W, penalty)

    def _newton(self, W: Array, penalty: Array) -> Array:
        """Newton's steps, halved until they lessen the objective."""
        scores = self._scores(W)
        value, state = self._objective(scores, W, penalty)
        for _ in range(_MOST_STEPS):
            gradient = self._gradient(state, W, penalty)
            step = _solved(self._hessian(state), np.tile(penalty, len(W)), gradient)
            step = self._as_before(step)
            decrement = float((gradient * step).sum())
            last = decrement <= _TOLERANCE * value
            change, size = self._scores(step), 1.0
            while size > _SMALLEST_STEP:
                new, new_scores = W - size * step, scores - size * change
                new_value, state = self._objective(new_scores, new, penalty)
                if last or new_value <= value - 1e-4 * size * decrement:
                    break
                size *= 0.5
            else:
                return W
            if last:
                return new if new_value < value else W
            W, scores, value = new, new_scores, new_value
        return W

    def _lbfgs(self, W: Array, penalty: Array) -> Array:
        def objective(flat: Array) -> tuple[float, Array]:
            at = flat.reshape(W.shape)
            value, state = self._objective(self._scores(at), at, penalty)
            return value, self._gradient(state, at, penalty).ravel()

        found = minimize(objective, W.ravel(), jac=True, method="L-BFGS-B", options=_LBFGS)
        return found.x.reshape(W.shape)

    def _objective(self, scores: Array, W: Array, penalty: Array) -> tuple[float, Any]:
        """Penalised mean loss, and what its derivatives are made of."""
        losses, state = self._losses(scores)
        return float((self._share * losses).sum()) + 0.5 * float((W * W @ penalty).sum()), state

    def _gradient(self, state: Any, W: Array, penalty: Array) -> Array:
        weighted = self._share * self._slopes(state)
        if self._is_sparse:
            gradient = (self._X.T @ weighted).T
            if self._fit_intercept:
                gradient = np.column_stack([gradient, weighted.sum(axis=0)])
            return gradient + W * penalty
        return sum(weighted[part].T @ Z for part, Z in self._parts()) + W * penalty

    def _rows(self, part: slice) -> Array:
        """Some rows with the constant 1 that the intercept stands for."""
        rows: Any = self._X[part]
        if self._is_sparse:
            rows = rows.toarray()
        Z = np.ones((len(rows), rows.shape[1] + self._fit_intercept))
        Z[:, : rows.shape[1]] = rows
        return Z

    def _parts(self) -> Iterator[tuple[slice, Array]]:
        if self._kept is not None:
            yield slice(None), self._kept
            return
        for start in range(0, self._X.shape[0], _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            yield part, self._rows(part)

    def _scores(self, W: Array) -> Array:
        if self._kept is not None:
            return self._kept @ W.T
        if self._is_sparse:
            n_features = self._X.shape[1]
            return np.asarray(self._X @ W[:, :n_features].T + W[:, n_features:].sum(axis=1))
        scores = np.empty((len(self._X), len(W)))
        for part, Z in self._parts():
            scores[part] = Z @ W.T
        return scores


class GeneralizedLinearMaps(ConvexMaps):
    """Those of a loss that is trained on; of one with kinks, of smooth ones that come near it.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
    y : array of shape (n_samples, n_columns)
    weight : array of shape (n_samples,), or None
    fit_intercept : bool
    loss : ElementwiseLoss
        Of several outputs the mean.
    n_outputs : int
    """

    def __init__(
        self,
        X: NDArray[Any],
        y: NDArray[Any],
        weight: Array | None,
        fit_intercept: bool,
        loss: ElementwiseLoss,
        n_outputs: int,
    ) -> None:
        super().__init__(X, n_outputs, weight, fit_intercept)
        self._y = torch.as_tensor(y, dtype=torch.float64)
        self._smoothed, self._loss = loss.smoothed(), loss

    def _minimised(self, W: Array, penalty: Array) -> Array:
        for loss in self._smoothed:
            self._loss = loss
            W = super()._minimised(W, penalty)
        return W

    def _losses(self, scores: Array) -> tuple[Array, Array]:
        outputs = torch.from_numpy(scores)
        return self._loss.values_and_slopes(outputs, self._y)[0].numpy() / scores.shape[1], scores

    def _slopes(self, scores: Array) -> Array:
        _, slopes = self._loss.values_and_slopes(torch.from_numpy(scores), self._y)
        return slopes.numpy() / scores.shape[1]

    def _hessian(self, scores: Array) -> Array:
        """Σ_i w_i ℓ″ x_i x_iᵀ for each output, side by side."""
        curvatures = self._loss.curvatures(torch.from_numpy(scores), self._y).numpy()
        weighted = self._share * curvatures / scores.shape[1]
        n_outputs, n_inputs = self._W.shape
        H = np.zeros((n_outputs, n_inputs, n_outputs, n_inputs))
        for part, Z in self._parts():
            for k in range(n_outputs):
                H[k, :, k] += (Z * weighted[part][:, k : k + 1]).T @ Z
        return H.reshape(self._W.size, self._W.size)


def _solved(H: Array, penalty: Array, gradient: Array) -> Array:
    """Newton's step, in units in which each coefficient has a curvature of 1."""
    diagonal = np.diag_indices_from(H)
    H[diagonal] += penalty
    units = np.sqrt(np.maximum(H[diagonal], np.finfo(np.float64).tiny))
    H /= units
    H /= units[:, None]
    H[diagonal] += _FLATTEST
    return (np.linalg.solve(H, gradient.ravel() / units) / units).reshape(gradient.shape)
