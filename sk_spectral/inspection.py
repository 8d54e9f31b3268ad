"""How sure is what was learned? Searches repeated, in the form of scikit-learn's inspection."""

from numbers import Integral
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike
from sklearn.base import clone, is_classifier
from sklearn.utils import check_random_state, resample

from sk_spectral.model import Topology, TopologySample

__all__ = ["topology_sample"]

_LARGEST_SEED = np.iinfo(np.int32).max


def topology_sample(
    estimator: Any,
    X: Any,
    y: ArrayLike,
    *,
    n_repeats: int = 10,
    bootstrap: bool = False,
    random_state: int | np.random.RandomState | None = None,
    n_jobs: int | None = None,
    **fit_params: Any,
) -> TopologySample:
    """Repeat a search, and tell how far its topologies agree.

    Each repeat has a seed of its own: other folds, other rows set apart, another initial network.
    What is then found in all repeats is found in the data. With `bootstrap` each has rows of its
    own as well, drawn with replacement, by class where there are classes: this adds what another
    sample of the same size would have changed.

    Parameters
    ----------
    estimator : SpectralNASRegressor, SpectralNASClassifier, or a Pipeline that ends with one
        Clones of it are fitted; it stays what it is.
    X : array-like or frame of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
    n_repeats : int, default=10
    bootstrap : bool, default=False
    random_state : int, RandomState or None, default=None
        Draws the seeds and the rows.
    n_jobs : int or None, default=None
        Repeats at a time, by joblib.
    **fit_params
        Passed to `fit` as they are; not with `bootstrap`, where rows are drawn.

    Returns
    -------
    TopologySample

    Raises
    ------
    ValueError
        For `n_repeats` below 1, for `fit_params` with `bootstrap`, and for estimators without a
        `topology_` once they are fitted.

    Examples
    --------
    >>> from sk_spectral import SpectralNASRegressor
    >>> from sk_spectral.datasets import make_linear_to_quadratic
    >>> from sk_spectral.inspection import topology_sample
    >>> X, y, _ = make_linear_to_quadratic(300, alpha=0, beta=1000, random_state=0)
    >>> sample = topology_sample(SpectralNASRegressor((8,)), X, y, n_repeats=3, random_state=0)
    >>> sample.headline()
    'linear in 3 of 3'
    """
    if not isinstance(n_repeats, Integral) or n_repeats < 1:
        raise ValueError(f"n_repeats={n_repeats!r} must be a whole number of at least 1.")
    if bootstrap and fit_params:
        raise ValueError(
            f"bootstrap=True draws rows, to which {', '.join(fit_params)} would no longer belong: "
            "leave them out, or set bootstrap=False."
        )
    rng = check_random_state(random_state)
    seeds = rng.randint(_LARGEST_SEED, size=(int(n_repeats), 2))
    found = Parallel(n_jobs)(
        delayed(_search)(clone(estimator), X, y, seed, rows, bootstrap, fit_params)
        for seed, rows in seeds.tolist()
    )
    return TopologySample(tuple(found))


def _search(
    estimator: Any,
    X: Any,
    y: ArrayLike,
    seed: int,
    rows: int,
    bootstrap: bool,
    fit_params: dict[str, Any],
) -> Topology:
    """The topology of one repeat."""
    last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
    if "random_state" in last.get_params():
        last.set_params(random_state=seed)
    if bootstrap:
        stratify = y if is_classifier(last) else None
        X, y = resample(X, y, random_state=rows, stratify=stratify)
    estimator.fit(X, y, **fit_params)
    topology = getattr(last, "topology_", None)
    if not isinstance(topology, Topology):
        raise ValueError(
            f"{type(last).__name__} has no topology_ once it is fitted: give a "
            "SpectralNASRegressor or SpectralNASClassifier, or a Pipeline that ends with one."
        )
    return topology
