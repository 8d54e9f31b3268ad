"""Which indicators the features of a table need, and what a missing number counts as."""

import numpy as np
from numpy.typing import NDArray

from sk_spectral.model.encoding import Encoding

_FEWEST_ROWS = 2
_MOST_OF_A_FEATURE = 512


def learn_encoding(
    X: NDArray[np.floating],
    is_category: NDArray[np.bool_],
    sample_weight: NDArray[np.float64] | None = None,
) -> Encoding:
    """Fill and indicators for the features of these rows.

    A number that is missing in some rows has an indicator for that, and counts as the weighted mean
    of the others, which in units of training is 0: what a missing value does is the indicator's
    alone. A category has an indicator for each value of at least two rows, up to the 512 most
    frequent, and one for missing ones; of two values one says all. Rarer ones count as unknown.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        Numbers, codes of categories from 0 on, and NaN.
    is_category : bool array of shape (n_features,)
    sample_weight : array of shape (n_samples,), optional
    """
    counts = np.ones(len(X)) if sample_weight is None else sample_weight
    fill = np.full(X.shape[1], np.nan)
    feature: list[int] = []
    value: list[float] = []
    for j in range(X.shape[1]):
        column = X[:, j].astype(np.float64)
        there = ~np.isnan(column)
        if is_category[j]:
            found = _values_of(column[there & (counts > 0)], not there.all())
        else:
            fill[j] = _mean(column[there], counts[there])
            found = []
        if 0 < there.sum() < len(X):
            found = [*found, np.nan]
        feature += [j] * len(found)
        value += found
    return Encoding(fill, np.array(feature, dtype=np.intp), np.array(value, dtype=np.float64))


def _values_of(codes: NDArray[np.float64], some_are_missing: bool) -> list[float]:
    """Those with an indicator of their own, in ascending order."""
    values, n_rows = np.unique(codes, return_counts=True)
    if len(values) == 2 and not some_are_missing:
        return [float(values[1])]
    often = values[n_rows >= _FEWEST_ROWS]
    of_these = n_rows[n_rows >= _FEWEST_ROWS]
    most = np.argsort(-of_these, kind="stable")[:_MOST_OF_A_FEATURE]
    return [float(v) for v in np.sort(often[most])]


def _mean(values: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """Of what is there, a number in any case, and one that it can be."""
    total = weight.sum()
    if not len(values) or total <= 0:
        return 0.0
    middle = float(values[0])
    with np.errstate(over="ignore", invalid="ignore"):  # of numbers that are refused later
        mean = middle + float((weight / total) @ (values - middle))
    return mean if np.isfinite(mean) else middle
