"""What the estimators accept as rows: one clear sentence for what they do not."""

from collections.abc import Iterable
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array
from sklearn.utils.multiclass import check_classification_targets

from sk_spectral.data.continuous import LOG_LINK

_LEAST_WEIGHT, _MOST_WEIGHT = 1e-100, 1e100
_LEAST_SHARE = 1e-30


def check_sample_weight(
    sample_weight: ArrayLike | None, X: NDArray[Any], name: str = "sample_weight"
) -> NDArray[np.float64] | None:
    """Finite non-negative weights, one a row and not all zero; None stays None."""
    if sample_weight is None:
        return None
    if isinstance(sample_weight, Real):
        sample_weight = np.full(X.shape[0], float(sample_weight))
    try:
        with np.errstate(all="ignore"):  # of a sum that is to find what is not finite
            weight = check_array(
                sample_weight, ensure_2d=False, dtype=np.float64, input_name=name, copy=False
            )
    except (ValueError, TypeError) as error:
        if name in str(error):
            raise
        told = _sentence(error)
        raise type(error)(f"{name} must hold a number for each row: {told}") from error
    if weight.ndim != 1:
        raise ValueError(
            f"{name} must be 1D, one weight for each row; sample weights of shape "
            f"{weight.shape} were given."
        )
    n_samples = X.shape[0]
    if len(weight) != n_samples:
        raise ValueError(
            f"X and {name} have inconsistent numbers of samples: [{n_samples}, {len(weight)}]."
        )
    if weight.min() < 0:
        raise ValueError(f"{name} must not be negative, its least value is {weight.min()}.")
    largest = weight.max()
    if largest == 0:
        raise ValueError(f"{name} is zero for every row; at least one weight must be positive.")
    check_spread(weight, name)
    return weight if largest > _LEAST_WEIGHT else weight / largest


def check_spread(weight: NDArray[np.float64], name: str) -> None:
    """ValueError for weights that cannot be summed, or beside which others are lost."""
    largest, least = weight.max(), weight.min(where=weight > 0, initial=np.inf)
    if largest > _MOST_WEIGHT or largest * _LEAST_SHARE > least:
        raise ValueError(
            f"{name} gives weights from {least:.3g} to {largest:.3g}, too far apart or too large "
            "to be summed. Only what weights are to each other counts: divide all of them by the "
            "largest, and let rows that are to be left out have weight 0."
        )


def check_targets(y: NDArray[Any], name: str) -> NDArray[np.float64]:
    """Targets of a regression in float64, in the shape that they have."""
    if y.dtype.kind not in "biufOUS":
        raise ValueError(f"{name} must hold numbers, but is of type {y.dtype}.")
    try:
        targets = y.astype(np.float64, copy=False)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name} must hold numbers: {_sentence(error)}") from error
    if not np.isfinite(targets).all():
        what = "NaN" if np.isnan(targets).any() else "infinity"
        raise ValueError(f"Input {name} contains {what}.")
    return targets


def check_range(y: NDArray[np.float64], loss: str, name: str) -> NDArray[np.float64]:
    """Targets, if the loss can be of them: "gamma" of what is above 0, "poisson" of no less."""
    if loss not in LOG_LINK:
        return y
    least = y.min()
    if least < 0 or (loss == "gamma" and least == 0):
        allowed = "numbers above 0" if loss == "gamma" else "numbers from 0 on"
        raise ValueError(
            f"loss={loss!r} takes {allowed}, but the least of {name} is {least:.4g}. Leave such "
            "rows out, or choose another loss."
        )
    return y


def check_means(y: NDArray[np.float64], loss: str) -> None:
    """ValueError where the loss takes the logarithm of a mean that is 0."""
    if loss not in LOG_LINK:
        return
    if (empty := np.flatnonzero(~y.reshape(len(y), -1).any(axis=0))).size:
        raise ValueError(
            f"loss={loss!r} takes the logarithm of a mean, but output {empty[0]} of y is 0 in "
            "every row."
        )


def say_which(error: Exception, y: Any, suffix: str) -> Exception:
    """The error with the name of the array that it is about, where scikit-learn gave none."""
    told, name = _sentence(error), f"y{suffix}"
    shape = np.shape(y)
    if len(shape) == 2 and shape[1] == 0:
        return ValueError(f"{name} has no column; it needs one for each output.")
    if "could not convert" in told or "omplex data" in told:
        about = name
        if not np.iscomplexobj(y):
            try:
                np.asarray(y).astype(np.float64)
                about = f"X{suffix}"
            except (ValueError, TypeError):
                pass
        return type(error)(f"{about} must hold real numbers: {told}")
    if suffix:
        return type(error)(f"X{suffix} and {name} cannot be used: {told}")
    return error


def _sentence(error: Exception) -> str:
    """The first line of what it says, which may be without its full stop."""
    return str(error).strip().split("\n", 1)[0].rstrip(" .") + "."


def check_labels(y: NDArray[Any], name: str) -> None:
    """ValueError where these are no class labels."""
    kinds = {type(label).__name__ for label in y} if y.dtype.kind == "O" else set()
    if (len(kinds) > 1 and "str" in kinds) or "NoneType" in kinds:
        raise ValueError(
            f"Unknown label type: {name} mixes {' and '.join(sorted(kinds))}; labels must be all "
            "of them numbers or all of them strings."
        )
    check_classification_targets(y)


def check_classes(classes: ArrayLike) -> NDArray[Any]:
    """All class labels, sorted and each once."""
    labels = list(classes) if isinstance(classes, Iterable) else [classes]
    of_text = {isinstance(label, str) for label in labels}
    numbers = all(isinstance(label, Real | np.bool_) for label in labels)
    if len(of_text) > 1 or not (of_text == {True} or numbers):
        raise ValueError(
            f"classes={classes!r} must be a sequence of labels, all of them numbers or all of them "
            "strings."
        )
    found = np.unique(np.asarray(classes))
    if found.dtype.kind == "f" and not np.isfinite(found).all():
        raise ValueError(f"classes={classes!r} must not hold NaN or infinity.")
    if len(found) < 2:
        raise ValueError(f"classes={classes!r} holds one class only, and needs at least two.")
    return found
