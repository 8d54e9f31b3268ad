"""What the estimators accept: one clear sentence for what they do not."""

from collections.abc import Iterable, Sequence
from math import isfinite
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array, check_random_state, check_scalar
from sklearn.utils.multiclass import check_classification_targets
from skorch.callbacks import Callback

from sk_spectral.data.class_weight import check_class_weight
from sk_spectral.spectral.activations import check_activation
from sk_spectral.spectral.layer_sizes import check_layer_sizes
from sk_spectral.spectral.penalties import PENALTIES
from sk_spectral.training.config import SOLVERS

_LEAST_WEIGHT, _MOST_WEIGHT = 1e-100, 1e100
_LEAST_SHARE = 1e-30


def check_parameters(estimator: Any) -> None:
    """Raise ValueError or TypeError for the first constructor parameter that cannot be used."""
    check_hidden_layer_sizes(estimator.hidden_layer_sizes)
    check_activation(estimator.activation)
    _check_option("solver", estimator.solver, tuple(SOLVERS))
    _check_option("penalty", estimator.penalty, (*PENALTIES, None))
    _check_number("alpha", estimator.alpha, Real, 0)
    _check_number("learning_rate_init", estimator.learning_rate_init, Real, 0, strict=True)
    _check_number("eigenvalue_rate", estimator.eigenvalue_rate, Real, 0)
    if estimator.weight_decay != "auto":
        _check_number("weight_decay", estimator.weight_decay, Real, 0)
    _check_number("tol", estimator.tol, Real, 0)
    _check_number("max_iter", estimator.max_iter, Integral, 1)
    _check_number("n_iter_no_change", estimator.n_iter_no_change, Integral, 1)
    if estimator.prune_tol is not None:
        _check_number("prune_tol", estimator.prune_tol, Real, 0)
    if estimator.batch_size != "auto":
        _check_number("batch_size", estimator.batch_size, Integral, 1)
    switches = "fit_intercept", "train_input_eigenvalues", "standardize", "warm_start", "average"
    for name in switches:
        _check_option(name, getattr(estimator, name), (True, False))
    _check_option("early_stopping", estimator.early_stopping, ("auto", True, False))
    _check_number("verbose", estimator.verbose, Integral, 0)
    _check_callbacks(estimator.callbacks)
    _check_random_state(estimator.random_state)
    if hasattr(estimator, "class_weight"):
        check_class_weight(estimator.class_weight)
    _check_number("validation_fraction", estimator.validation_fraction, Real, 0, strict=True)
    if estimator.validation_fraction >= 1:
        raise ValueError(
            f"validation_fraction == {estimator.validation_fraction}, must be below 1."
        )


def check_hidden_layer_sizes(sizes: int | Sequence[int]) -> tuple[int, ...]:
    """`hidden_layer_sizes` as a tuple; one int stands for one hidden layer."""
    if not hasattr(sizes, "__iter__") or isinstance(sizes, str):
        sizes = (sizes,)  # type: ignore[assignment]
    return check_layer_sizes(sizes, "hidden_layer_sizes")


def _check_option(name: str, value: Any, options: Sequence[Any]) -> None:
    if not any(type(value) is type(option) and value == option for option in options):
        if isinstance(value, np.bool_) and bool(value) in options:
            return
        listed = ", ".join(map(repr, options))
        raise ValueError(f"{name}={value!r} is not an option. Choose one of {listed}.")


def _check_number(name: str, value: Any, kind: Any, low: float, *, strict: bool = False) -> None:
    if isinstance(value, bool) and name != "verbose":
        raise TypeError(f"{name}={value} must be a number, not a bool.")
    check_scalar(value, name, kind, min_val=low, include_boundaries="neither" if strict else "left")
    if not isfinite(value):
        raise ValueError(f"{name} == {value}, must be finite.")


def _check_callbacks(callbacks: Any) -> None:
    if callbacks is None:
        return
    if isinstance(callbacks, str) or not isinstance(callbacks, Sequence):
        raise ValueError(
            f"callbacks={callbacks!r} must be a sequence of skorch callbacks, or None."
        )
    for given in callbacks:
        named = isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], str)
        callback = given[1] if named else given
        kind = callback if isinstance(callback, type) else type(callback)
        if not issubclass(kind, Callback):
            raise ValueError(
                "callbacks must hold skorch callbacks, alone or as (name, callback), got "
                f"{given!r}."
            )


def _check_random_state(random_state: Any) -> None:
    try:
        check_random_state(random_state)
    except ValueError as error:
        raise ValueError(
            f"random_state={random_state!r} must be None, an int from 0 to 4294967295, or a numpy "
            "RandomState."
        ) from error


def check_sample_weight(
    sample_weight: ArrayLike | None, X: NDArray[Any], name: str = "sample_weight"
) -> NDArray[np.float64] | None:
    """Finite non-negative weights, one a row and not all zero; None stays None."""
    if sample_weight is None:
        return None
    if isinstance(sample_weight, Real):
        sample_weight = np.full(len(X), float(sample_weight))
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
    if len(weight) != len(X):
        raise ValueError(
            f"X and {name} have inconsistent numbers of samples: [{len(X)}, {len(weight)}]."
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
    """Targets of a regression, shape (n_samples, n_outputs)."""
    if y.dtype.kind not in "biufOUS":
        raise ValueError(f"{name} must hold numbers, but is of type {y.dtype}.")
    try:
        targets = y.reshape(len(y), -1).astype(np.float64, copy=False)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name} must hold numbers: {_sentence(error)}") from error
    if not np.isfinite(targets).all():
        what = "NaN" if np.isnan(targets).any() else "infinity"
        raise ValueError(f"Input {name} contains {what}.")
    return targets


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
