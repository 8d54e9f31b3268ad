"""Weights of classes: checked, and found from what has been seen of each class."""

from collections.abc import Mapping
from math import isfinite
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray


def check_class_weight(class_weight: Any) -> None:
    """ValueError unless this is None, "balanced" or a dict of finite weights of at least 0."""
    if class_weight is None or (isinstance(class_weight, str) and class_weight == "balanced"):
        return
    if not isinstance(class_weight, Mapping):
        raise ValueError(
            f"class_weight={class_weight!r} is not an option. Choose 'balanced', None, or a dict "
            "of weights by class label."
        )
    for label, weight in class_weight.items():
        if not isinstance(weight, Real) or not isfinite(weight) or weight < 0:
            raise ValueError(
                f"class_weight[{label!r}] == {weight!r}, must be a finite number >= 0."
            )


def weights_of_classes(
    class_weight: Any, classes: NDArray[Any], totals: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Weight of each class, shape (n_classes,).

    "balanced": Σ_k w_k / (n w_k) for the total weights w_k of the n classes that were seen, so
    that a weight of 2 is two rows. A dict may name classes that are not there; but where it does,
    it must name all that are, as in scikit-learn.

    Parameters
    ----------
    class_weight : dict or "balanced"
    classes : array of shape (n_classes,)
    totals : array of shape (n_classes,)
        Sum of the weights of the rows of each class.
    """
    weights = np.ones(len(classes))
    if isinstance(class_weight, str):
        seen = totals > 0
        weights[seen] = totals.sum() / (seen.sum() * totals[seen])
        return weights
    left_out = [label for label in classes.tolist() if label not in class_weight]
    if left_out and len(classes) - len(left_out) != len(class_weight):
        raise ValueError(
            f"class_weight holds labels that are no classes, but none for the classes {left_out}."
        )
    for code, label in enumerate(classes.tolist()):
        weights[code] = class_weight.get(label, 1.0)
    return weights
