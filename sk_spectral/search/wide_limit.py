"""Whether the truth bends, told without training: by the kernel of an infinitely wide network.

Ridge regression in k(x, x') = ‖x‖ ‖x'‖ (sin θ + (π − θ) cos θ) / π, θ being the angle between x and
x' with a 1 appended to each: in all units relu(a·x + b) with a, b normal (Cho and Saul, "Kernel
methods for deep learning", NIPS 2009, degree 1). It is held against the one in x·x', each row left
out in turn: its residual is then r_i / (1 − h_ii), H being the hat matrix (Allen, "The relationship
between variable selection and data augmentation", Technometrics 1974).
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sk_spectral.data.batches import TensorDataset
from sk_spectral.search.significance import in_standard_errors

MOST_ROWS = 500
"""Of so many different rows at most anything is told: it takes the cube of their number."""

_SHRINKAGES = 10.0 ** np.arange(-4.0, 4.5, 0.5)
_LARGEST_LEVERAGE = 1.0 - 1e-6

Array = NDArray[Any]


def bends(rows: TensorDataset, groups: Array, standard_errors: float) -> bool:
    """Whether the wide network says more than linear maps and constants of rows left out.

    By so many standard errors of the squared error, and for classes of the mistakes, too: where
    log odds are linear, probabilities are not.

    Parameters
    ----------
    rows : TensorDataset
    groups : array of shape (n_samples,)
        Number of each row's group; equal rows are left out together.
    standard_errors : float
    """
    X, Y, weight = _merged(rows, groups)
    if len(X) < 3 or not X.any():
        return False
    weight = weight / weight.sum()
    square = np.square(X).sum(axis=1)
    X = X / np.sqrt(weight @ square)
    linear = _left_out(X @ X.T, Y, weight)
    wide = _left_out(_kernel(X), Y, weight)
    constant = _left_out(np.zeros((len(X), len(X))), Y, weight)
    error = _squared_error(wide, Y)
    if any(
        _ratio(_squared_error(other, Y) - error, weight) <= standard_errors
        for other in (linear, constant)
    ):
        return False
    if rows.y.ndim == 2:
        return True
    mistakes = _mistakes(wide, Y)
    fewer = _ratio(_mistakes(linear, Y) - mistakes, weight)
    return bool(fewer > standard_errors and weight @ mistakes < 1.0 - (weight @ Y).max())


def _merged(rows: TensorDataset, groups: Array) -> tuple[Array, Array, Array]:
    """X, mean targets or shares of classes, and weights of groups, evenly spaced if too many."""
    y = rows.y.cpu().numpy()
    Y = y.astype(np.float64) if y.ndim == 2 else np.eye(int(y.max()) + 1)[y]
    weight = rows.weight_array()
    if weight is None:
        weight = np.ones(len(y))
    first = np.unique(groups, return_index=True)[1]
    totals = np.bincount(groups, weights=weight)
    sums = np.zeros((len(first), Y.shape[1]))
    np.add.at(sums, groups, weight[:, None] * Y)
    some = np.unique(np.linspace(0, len(first) - 1, min(len(first), MOST_ROWS)).astype(int))
    X = rows.take(torch.as_tensor(first[some], device=rows.y.device)).X.cpu().double().numpy()
    return X, (sums / totals[:, None])[some], totals[some]


def _kernel(X: Array) -> Array:
    Z = np.column_stack([X, np.ones(len(X))])
    norms = np.linalg.norm(Z, axis=1)
    scale = np.outer(norms, norms)
    cosine = np.clip(Z @ Z.T / scale, -1.0, 1.0)
    angle = np.arccos(cosine)
    return scale / np.pi * (np.sin(angle) + (np.pi - angle) * cosine)


def _left_out(K: Array, Y: Array, weight: Array) -> Array:
    """What ridge regression with an intercept says of each row, fitted to the others.

    With the shrinkage that is best for the rows left out. √w times rows and targets, weights count
    as repetitions do; the intercept's column √w is projected out, as it is not shrunk.
    """
    root = np.sqrt(weight)
    target = root[:, None] * (Y - weight @ Y)
    centre = np.eye(len(K)) - np.outer(root, root)
    eigenvalues, vectors = np.linalg.eigh(centre @ (root[:, None] * K * root) @ centre)
    eigenvalues = np.maximum(eigenvalues, 0.0)
    projected = vectors.T @ target
    best = None
    for shrinkage in _SHRINKAGES:
        shares = eigenvalues / (eigenvalues + shrinkage)
        leverages = np.square(vectors) @ shares + weight
        residuals = target - vectors @ (shares[:, None] * projected)
        residuals /= (1.0 - np.minimum(leverages, _LARGEST_LEVERAGE))[:, None]
        loss = float(np.square(residuals).sum())
        if best is None or loss < best[0]:
            best = loss, Y - residuals / root[:, None]
    assert best is not None
    return best[1]


def _squared_error(said: Array, Y: Array) -> Array:
    return np.square(said - Y).mean(axis=1)


def _mistakes(said: Array, Y: Array) -> Array:
    """Share of each group that has another class than the likeliest."""
    return 1.0 - Y[np.arange(len(Y)), said.argmax(axis=1)]


def _ratio(differences: Array, weight: Array) -> float:
    """Standard errors that the mean difference is away from 0."""
    mean = weight @ differences
    error = np.linalg.norm(weight * (differences - mean))
    return in_standard_errors(float(mean), float(error))
