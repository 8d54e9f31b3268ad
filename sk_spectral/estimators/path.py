"""`spectral_path`: networks from the linear map to the widest, as `lasso_path` for the lasso."""

from collections.abc import Sequence

from numpy.typing import ArrayLike
from sklearn.base import clone

from sk_spectral.estimators.base import SpectralSearch
from sk_spectral.estimators.parameters import check_alphas, check_sizes
from sk_spectral.estimators.regressor import SpectralNASRegressor
from sk_spectral.model.path import TopologyPath

ALPHAS = (0.0, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
"""Strengths of the penalty from none to one that leaves nothing of a network. In units of training,
in which the variance of y is 1 or a coin is tossed for each class, they need no scale."""


def spectral_path(
    X: ArrayLike,
    y: ArrayLike,
    *,
    alphas: Sequence[float] | None = None,
    sizes: Sequence[int] | None = None,
    estimator: SpectralSearch | None = None,
    sample_weight: ArrayLike | None = None,
) -> TopologyPath:
    """Networks from the linear map to the widest, each with its loss, units and ‖Γ‖.

    Over `alphas` one is trained for each strength of the penalty, all of them side by side: what
    the rows set apart do not miss is left out of it, and nothing is refitted. Over `sizes` one is
    trained and its less important units leave, at most half of them at once, while the rest is
    fine-tuned as in a search.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets, or class labels for a classifier.
    alphas : sequence of float, optional
        Strengths of the penalty; by default ten from 0 to 0.1.
    sizes : sequence of int, optional
        Numbers of hidden units, in place of these.
    estimator : SpectralNASRegressor or SpectralNASClassifier, optional
        With the settings of the networks; stays what it is. By default a regressor. A tenth of the
        rows is set apart unless its `early_stopping` is False. Its `alpha` counts for `sizes`
        alone, and its `callbacks` are not called.
    sample_weight : array-like of shape (n_samples,), optional

    Returns
    -------
    TopologyPath
        The best linear maps, and then the networks, from the strongest alpha or the smallest size
        on. A strength that leaves a linear map has that in its place. `path.at(n_units=20)` takes a
        network out.

    Raises
    ------
    ValueError, TypeError
        For alphas that are negative or not finite, sizes below 1, or both of them.

    Examples
    --------
    >>> from sk_spectral import SpectralNASRegressor, spectral_path
    >>> from sk_spectral.datasets import make_linear_to_quadratic
    >>> X, y, _ = make_linear_to_quadratic(1000, alpha=1, beta=1000, random_state=0)
    >>> small = SpectralNASRegressor((32,), n_knots=0, random_state=0)
    >>> path = spectral_path(X, y, alphas=[0.0, 0.3], estimator=small)
    >>> [point.topology.verdict for point in path.points]
    ['linear', 'linear', 'network']
    """
    if alphas is not None and sizes is not None:
        raise ValueError("alphas and sizes were given; a path goes over one of them.")
    if estimator is None:
        estimator = SpectralNASRegressor()
    if not isinstance(estimator, SpectralSearch):
        raise TypeError(
            f"estimator={estimator!r} must be a SpectralNASRegressor or a SpectralNASClassifier."
        )
    estimator = clone(estimator)
    if sizes is not None:
        return estimator._path(X, y, sample_weight, sizes=check_sizes(sizes))
    strengths = check_alphas(ALPHAS if alphas is None else alphas)
    return estimator._path(X, y, sample_weight, alphas=strengths)
