"""Centres and scales of columns, and values that are too large or too far off for them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_spectral.data.moments import SMALLEST, Moments

Array = NDArray[Any]

_LARGEST = 1e300  # sums of a few such still are numbers
_LARGEST_UNSCALED = 1e18  # in single precision its square is one


def mean_and_scale(moments: Moments, centered: bool) -> tuple[Array, Array]:
    """By column; 0 and the root mean square where it may not be centred."""
    mean = moments.mean.copy() if centered else np.zeros_like(moments.mean)
    scale = (moments.deviation if centered else moments.root_mean_square).copy()
    scale[moments.constant if centered else moments.largest < SMALLEST] = 1.0
    return mean, scale


def refuse_beyond(largest: Array, name: str, standardize: bool = True) -> None:
    """ValueError for columns with values too large to be scaled, or without this to be squared."""
    limit = _LARGEST if standardize else _LARGEST_UNSCALED
    beyond = np.flatnonzero(largest > limit)
    if len(beyond):
        remedy = "Divide it by a constant" if standardize else "Scale it, or set standardize=True"
        raise ValueError(
            f"{name.format(beyond[0])} has values of magnitude up to {largest[beyond[0]]:.3g}, "
            f"beyond {limit:.0e}. {remedy}."
        )


def refuse_far(in_units: Array, name: str) -> None:
    """ValueError for rows that a scale of others does not fit."""
    largest = np.maximum(in_units.max(axis=0), -in_units.min(axis=0))
    far = np.flatnonzero(~(largest <= _LARGEST_UNSCALED))
    if len(far):
        raise ValueError(
            f"{name.format(far[0])} has values {largest[far[0]]:.3g} times as far from its mean as "
            "the rows that its scale was learned from. Correct them, or start a new fit with them."
        )
