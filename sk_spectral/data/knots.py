"""Where the pieces of a piecewise-linear encoding begin and end: quantiles of what is there."""

import numpy as np
from numpy.typing import NDArray

from sk_spectral.data.dataset import Data
from sk_spectral.data.moments import without_spread
from sk_spectral.model.pieces import Pieces

Array = NDArray[np.float64]

MOST_KNOTS, MOST_IN_ALL = 33, 1024
"""Of "auto": of a feature, and of all features together."""

_FEWEST_KNOTS, _KNOTS_OF_1000 = 4, 13
_ROWS_A_KNOT = 25
_MOST_ROWS = 100_000
_LARGEST = 1e300
_BEYOND = 0.5  # of the range that was seen, on each side


def place_pieces(data: Data, n_knots: int | str) -> Pieces | None:
    """Pieces for the numbers among the features, or None where there are none.

    Parameters
    ----------
    data : Data
    n_knots : int or "auto"
        Knots of each feature, at most; of fewer than three there are no pieces. "auto" takes one
        for every 25 rows, from 4 on, 13 of 1,000 rows, then with their cube root more, up to 33,
        and no more than 1,024 of all features together.

    Returns
    -------
    Pieces or None
        With knots at quantiles, in which a weight of 2 counts as two rows; or at the values, where
        a feature has no more of them. A feature of one or two values has none: it cannot bend;
        nor has one that differs by rounding errors alone, or of a sparse X.
        Values are known up to half of the range that was seen beyond it, on either side.
    """
    most = _most_knots(data, n_knots)
    if most < 3 or data.is_sparse:
        return None
    weight = data.sample_weight
    step = -(-len(data) // _MOST_ROWS)
    weight = None if weight is None else weight[::step]
    low, high = np.full(data.n_features, -np.inf), np.full(data.n_features, np.inf)
    start: list[Array] = []
    end: list[Array] = []
    feature: list[int] = []
    for j in range(data.n_features):
        column, own = data.column(j)[::step], weight
        missing = data.is_missing(j)
        if missing is not None:  # what was filled in is no value of it
            seen = ~missing[::step]
            column, own = column[seen], None if weight is None else weight[seen]
        values = column.astype(np.float64)
        if not len(values) or np.abs(values).max() > _LARGEST:
            continue  # cannot be scaled either
        knots = knots_of(values, own, most)
        if len(knots) < 3 or without_spread(knots[:1], knots[-1:], column.dtype)[0]:
            continue
        margin = _BEYOND * (knots[-1] - knots[0])
        low[j], high[j] = knots[0] - margin, knots[-1] + margin
        start.append(knots[:-1])
        end.append(knots[1:])
        feature += [j] * (len(knots) - 1)
    if not feature:
        return None
    return Pieces(
        low, high, np.array(feature, dtype=np.intp), np.concatenate(start), np.concatenate(end)
    )


def knots_of(values: Array, weight: Array | None, most: int) -> Array:
    """At most so many different quantiles of a column, from its least value to its largest.

    Those of what is sorted by weight: the least value up to which so large a share of it lies.
    """
    order = np.argsort(values, kind="stable")
    ascending = values[order]
    different = np.flatnonzero(np.diff(ascending, prepend=-np.inf))
    if len(different) <= 2:
        return np.empty(0)
    if len(different) <= most:
        return ascending[different]
    share = np.ones(len(values)) if weight is None else weight[order]
    # The weight of all rows up to the last of each value.
    last = np.append(different[1:], len(values)) - 1
    reached = np.cumsum(share)[last]
    wanted = np.linspace(0.0, 1.0, most) * reached[-1]
    found = np.searchsorted(reached, wanted * (1.0 - 1e-12))
    knots = ascending[different[found]]
    knots[0], knots[-1] = ascending[0], ascending[-1]
    return np.unique(knots)


def _most_knots(data: Data, n_knots: int | str) -> int:
    if n_knots != "auto":
        return int(n_knots)
    of_1000 = _KNOTS_OF_1000 * max(len(data) / 1000, 1.0) ** (1 / 3)
    by_rows = min(max(len(data) // _ROWS_A_KNOT, _FEWEST_KNOTS), int(of_1000), MOST_KNOTS)
    return min(by_rows, MOST_IN_ALL // max(data.n_numbers, 1))
