"""Logistic regression for one shrinkage after the other."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Array = NDArray[np.float64]

_VALUES_TO_KEEP = 1 << 22
_ROWS_AT_ONCE = 4096
_MOST_COEFFICIENTS, _MOST_PRODUCTS = 100, 5_000_000  # for which a Hessian is built
_MOST_STEPS, _SMALLEST_STEP = 60, 1e-6
_TOLERANCE = 1e-8
_FLATTEST = 1e-12
_LBFGS = {"maxiter": 500, "gtol": 1e-5, "ftol": 1e-14}


class LogisticRegressions:
    """Maps W with the least mean log loss + ½ shrinkage ‖W‖², each found from the one before.

    By Newton's method where its Hessian is small, else by L-BFGS.

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
        self._basis = None
        if X.shape[1] > len(X):  # W lies in the space of the rows
            self._basis = np.linalg.qr(X.T.astype(np.float64))[0]
            self._basis[~X.any(axis=0)] = 0.0  # for which a deficient rank leaves rounding errors
            X = X @ self._basis
        self._X, self._fit_intercept = X, fit_intercept
        self._kept = self._rows(slice(None)) if X.size <= _VALUES_TO_KEEP else None
        share = np.full(len(X), 1.0 / len(X)) if weight is None else weight / weight.sum()
        self._share = share[:, None]
        n_classes = int(y.max()) + 1
        # One output for two classes, the log odds of the second.
        self._targets = (y[:, None] == np.arange(n_classes))[:, n_classes == 2 :]
        self._W = np.zeros((self._targets.shape[1], X.shape[1] + fit_intercept))

    def __call__(self, shrinkage: float) -> Array:
        """W of shape (K or 1 for two, n_features + fit_intercept)."""
        penalty = np.full(self._W.shape[1], shrinkage)
        if self._fit_intercept:
            penalty[-1] = 0.0
        size = self._W.size
        small = size <= _MOST_COEFFICIENTS and len(self._X) * size**2 <= _MOST_PRODUCTS
        self._W = (self._newton if small else self._lbfgs)(self._W, penalty)
        if self._basis is None:
            return self._W.copy()
        n_inner = self._basis.shape[1]
        return np.hstack([self._W[:, :n_inner] @ self._basis.T, self._W[:, n_inner:]])

    def _newton(self, W: Array, penalty: Array) -> Array:
        """Newton's steps, halved until they lessen the objective."""
        scores = self._scores(W)
        value, P = self._objective(scores, W, penalty)
        for _ in range(_MOST_STEPS):
            gradient = self._gradient(P, W, penalty)
            step = _solved(self._hessian(P), np.tile(penalty, len(W)), gradient)
            if self._fit_intercept and len(W) > 1:
                step[:, -1] -= step[:, -1].mean()  # the same for all classes changes nothing
            decrement = float((gradient * step).sum())
            last = decrement <= _TOLERANCE * value
            change, size = self._scores(step), 1.0
            while size > _SMALLEST_STEP:
                new, new_scores = W - size * step, scores - size * change
                new_value, P = self._objective(new_scores, new, penalty)
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
            value, P = self._objective(self._scores(at), at, penalty)
            return value, self._gradient(P, at, penalty).ravel()

        found = minimize(objective, W.ravel(), jac=True, method="L-BFGS-B", options=_LBFGS)
        return found.x.reshape(W.shape)

    def _objective(self, scores: Array, W: Array, penalty: Array) -> tuple[float, Array]:
        """Penalised mean log loss, and the probabilities."""
        if scores.shape[1] == 1:
            odds = np.exp(-np.abs(scores))
            likelier = 1.0 / (1.0 + odds)
            P = np.where(scores > 0, likelier, odds * likelier)
            losses = np.log1p(odds) + np.maximum(scores, 0.0) - self._targets * scores
        else:
            scores = scores - scores.max(axis=1, keepdims=True)
            P = np.exp(scores)
            total = P.sum(axis=1, keepdims=True)
            P /= total
            losses = np.log(total) - scores[self._targets][:, None]
        value = float((self._share * losses).sum()) + 0.5 * float((W * W @ penalty).sum())
        return value, P

    def _gradient(self, P: Array, W: Array, penalty: Array) -> Array:
        residual = self._share * (P - self._targets)
        return sum(residual[part].T @ Z for part, Z in self._parts()) + W * penalty

    def _rows(self, part: slice) -> Array:
        """Some rows with the constant 1 that the intercept stands for."""
        rows = self._X[part]
        Z = np.ones((len(rows), rows.shape[1] + self._fit_intercept))
        Z[:, : rows.shape[1]] = rows
        return Z

    def _parts(self) -> Iterator[tuple[slice, Array]]:
        if self._kept is not None:
            yield slice(None), self._kept
            return
        for start in range(0, len(self._X), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            yield part, self._rows(part)

    def _scores(self, W: Array) -> Array:
        if self._kept is not None:
            return self._kept @ W.T
        scores = np.empty((len(self._X), len(W)))
        for part, Z in self._parts():
            scores[part] = Z @ W.T
        return scores

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


def _solved(H: Array, penalty: Array, gradient: Array) -> Array:
    """Newton's step, in units in which each coefficient has a curvature of 1."""
    diagonal = np.diag_indices_from(H)
    H[diagonal] += penalty
    units = np.sqrt(np.maximum(H[diagonal], np.finfo(np.float64).tiny))
    H /= units
    H /= units[:, None]
    H[diagonal] += _FLATTEST
    return (np.linalg.solve(H, gradient.ravel() / units) / units).reshape(gradient.shape)
