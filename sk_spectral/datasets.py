"""Data whose needed architecture is known."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

Array = NDArray[np.float64]


class LinearToQuadratic(NamedTuple):
    """Result of `make_linear_to_quadratic`; unpacks into X, y, truth.

    Attributes
    ----------
    X : array of shape (n_samples, 2)
    y : array of shape (n_samples,)
    truth : float
        Weight of the quadratic part in y: 0 where a linear map is exact.
    """

    X: Array
    y: Array
    truth: float


class TeacherStudent(NamedTuple):
    """Result of `make_teacher_student`; unpacks into X, y, truth.

    Attributes
    ----------
    X, y : arrays of shape (n_samples, n_units)
    truth : tuple of arrays of shape (n_units, n_units)
        Weights of the teacher from input to output, each by target and source.
    """

    X: Array
    y: Array
    truth: tuple[Array, ...]


def make_linear_to_quadratic(
    n_samples: int = 10_000,
    alpha: float = 0.5,
    beta: float = 5.0,
    random_state: int | np.random.RandomState | None = None,
) -> LinearToQuadratic:
    """Two inputs whose target goes from linear to quadratic as alpha goes from 0 to 1.

    y = ½(1 − tanh β(α − ½)) · mean(x) + ½(1 + tanh β(α − ½)) · mean(x²), x uniform in [−1, 1]²:
    the first experiment of arXiv:2504.00885.

    Parameters
    ----------
    n_samples : int
    alpha : float
        Position between the linear (0) and the quadratic (1) end.
    beta : float
        Steepness of the passage at alpha = ½.
    random_state : int, RandomState or None

    Returns
    -------
    X : array of shape (n_samples, 2)
    y : array of shape (n_samples,)
    truth : float
        Weight of the quadratic part, ½(1 + tanh β(α − ½)).

    Examples
    --------
    >>> from sk_spectral.datasets import make_linear_to_quadratic
    >>> X, y, quadratic_weight = make_linear_to_quadratic(100, alpha=0.5, random_state=0)
    >>> X.shape, y.shape, quadratic_weight
    ((100, 2), (100,), 0.5)
    """
    X = check_random_state(random_state).uniform(-1.0, 1.0, size=(n_samples, 2))
    quadratic = float(0.5 * (1.0 + np.tanh(beta * (alpha - 0.5))))
    y = (1.0 - quadratic) * X.mean(axis=1) + quadratic * (X**2).mean(axis=1)
    return LinearToQuadratic(X, y, quadratic)


def make_teacher_student(
    n_samples: int = 30_000,
    n_units: int = 20,
    n_hidden_layers: int = 1,
    noise: float = 0.0,
    random_state: int | np.random.RandomState | None = None,
) -> TeacherStudent:
    """Outputs of a random ReLU network of known depth and width, the teacher.

    Every map of the teacher is the same random rotation R, without intercepts, so that one hidden
    layer gives y = R relu(R x), x uniform in [−1, 1]^n_units: the second experiment of
    arXiv:2504.00885.

    Parameters
    ----------
    n_samples : int
    n_units : int
        Units of every layer, input and output included.
    n_hidden_layers : int
        Hidden layers of the teacher; 0 for a linear one.
    noise : float
        Standard deviation of the normal noise added to y.
    random_state : int, RandomState or None
        Draws the rotation first, the rows after it, the noise last.

    Returns
    -------
    X, y : arrays of shape (n_samples, n_units)
    truth : tuple of arrays of shape (n_units, n_units)
        The teacher's weights, n_hidden_layers + 1 of them.

    Examples
    --------
    >>> from sk_spectral.datasets import make_teacher_student
    >>> X, y, (first, second) = make_teacher_student(100, n_units=5, random_state=0)
    >>> bool(abs(y - (X @ first.T).clip(min=0) @ second.T).max() < 1e-12)
    True
    """
    rng = check_random_state(random_state)
    rotation, triangle = np.linalg.qr(rng.normal(size=(n_units, n_units)))
    # The sign of the diagonal makes the distribution over rotations uniform.
    rotation *= np.sign(np.diag(triangle))
    X = rng.uniform(-1.0, 1.0, size=(n_samples, n_units))
    hidden = X
    for _ in range(n_hidden_layers):
        hidden = np.maximum(hidden @ rotation.T, 0.0)
    y = hidden @ rotation.T
    if noise:
        y += rng.normal(scale=noise, size=y.shape)
    return TeacherStudent(X, y, (rotation,) * (n_hidden_layers + 1))
