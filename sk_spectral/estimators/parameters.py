"""What the constructor parameters may be: one table, one clear sentence for what they may not."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from math import isfinite
from numbers import Integral, Real
from os import PathLike
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer_names
from sklearn.utils import check_random_state, check_scalar
from skorch.callbacks import Callback

from sk_spectral.data.class_weight import check_class_weight
from sk_spectral.data.continuous import LOSSES
from sk_spectral.spectral.activations import check_activation
from sk_spectral.spectral.layer_sizes import check_layer_sizes
from sk_spectral.spectral.penalties import PENALTIES
from sk_spectral.training.config import SOLVERS, TrainingConfig

Check = Callable[[str, Any], None]


def check_parameters(estimator: Any) -> None:
    """Raise ValueError or TypeError for the first constructor parameter that cannot be used."""
    given = estimator.get_params(deep=False)
    for name, check in CONSTRAINTS.items():
        if name in given:
            check(name, given[name])


def check_hidden_layer_sizes(sizes: Any) -> tuple[int, ...]:
    """`hidden_layer_sizes` as a tuple; one int stands for one hidden layer."""
    if isinstance(sizes, bytes | Iterator):
        raise ValueError(
            f"hidden_layer_sizes={sizes!r} must be an int or a sequence of ints, such as (64, 64)."
        )
    is_one = isinstance(sizes, str) or not isinstance(sizes, Iterable)
    return check_layer_sizes((sizes,) if is_one else sizes, "hidden_layer_sizes")


def check_alphas(alphas: Any) -> list[float]:
    """Strengths of the penalty, or one sentence that says why they are none."""
    given = _listed("alphas", alphas)
    for alpha in given:
        if not isinstance(alpha, Real) or isinstance(alpha, bool):
            raise TypeError(f"alphas must hold numbers, got {alpha!r}.")
        if not (isfinite(alpha) and float(alpha) >= 0):
            raise ValueError(f"alphas must hold finite numbers from 0 on, got {alpha}.")
    return [float(alpha) for alpha in given]


def check_sizes(sizes: Any) -> list[int]:
    """Likewise numbers of hidden units."""
    given = _listed("sizes", sizes)
    for size in given:
        if not isinstance(size, Integral) or isinstance(size, bool):
            raise TypeError(f"sizes must hold whole numbers of hidden units, got {size!r}.")
        if size < 1:
            raise ValueError(
                f"sizes must hold numbers from 1 on, got {size}: linear maps are on every path."
            )
    return [int(size) for size in given]


def _listed(name: str, values: Any) -> list[Any]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"{name}={values!r} must be a sequence of numbers.")
    listed = list(values)
    if not listed:
        raise ValueError(f"{name} is empty; it needs one number at least.")
    return listed


def _check_alphas(name: str, alphas: Any) -> None:
    check_alphas(alphas)


def _check_cv(name: str, cv: Any) -> None:
    if isinstance(cv, bool) or not (
        cv is None
        or (isinstance(cv, Integral) and int(cv) >= 2)
        or (not isinstance(cv, str) and (hasattr(cv, "split") or isinstance(cv, Iterable)))
    ):
        raise ValueError(
            f"{name}={cv!r} must be a number of folds from 2 on, a scikit-learn splitter, an "
            "iterable of pairs of row numbers to train and to score on, or None."
        )


def _check_scoring(name: str, scoring: Any) -> None:
    is_known = isinstance(scoring, str) and scoring in get_scorer_names()
    if not (scoring is None or callable(scoring) or is_known):
        raise ValueError(
            f"{name}={scoring!r} must be one of sklearn.metrics.get_scorer_names(), a callable "
            "(estimator, X, y) -> float, or None."
        )


def _check_hidden_layer_sizes(name: str, sizes: Any) -> None:
    check_hidden_layer_sizes(sizes)


def _check_activation(name: str, activation: Any) -> None:
    check_activation(activation)


def _check_categorical_features(name: str, asked: Any) -> None:
    if asked is None or (isinstance(asked, str) and asked == "from_dtype"):
        return
    kinds = (
        set()
        if isinstance(asked, str) or not isinstance(asked, Iterable)
        else {
            "bool"
            if isinstance(value, bool | np.bool_)
            else "int"
            if isinstance(value, Integral)
            else "str"
            if isinstance(value, str)
            else "other"
            for value in asked
        }
    )
    is_sequence = isinstance(asked, Iterable) and not isinstance(asked, str | Iterator)
    if not is_sequence or len(kinds) > 1 or "other" in kinds:
        raise ValueError(
            f"{name}={asked!r} must be 'from_dtype', a mask of the columns of X, numbers or names "
            "of some of them, or None."
        )


def _check_class_weight(name: str, class_weight: Any) -> None:
    check_class_weight(class_weight)


def _option(*options: Any) -> Check:
    def check(name: str, value: Any) -> None:
        if any(type(value) is type(option) and value == option for option in options):
            return
        if isinstance(value, np.bool_) and bool(value) in options:
            return
        listed = ", ".join(map(repr, options))
        raise ValueError(f"{name}={value!r} is not an option. Choose one of {listed}.")

    return check


def _number(kind: Any, low: float, *, strict: bool = False, below: float | None = None) -> Check:
    """A finite number from `low` on, or above it if `strict`."""

    def check(name: str, value: Any) -> None:
        if isinstance(value, bool) and name != "verbose":
            raise TypeError(f"{name}={value} must be a number, not a bool.")
        boundaries = "neither" if strict else "left"
        check_scalar(value, name, kind, min_val=low, include_boundaries=boundaries)
        if not isfinite(value):
            raise ValueError(f"{name} == {value}, must be finite.")
        if below is not None and value >= below:
            raise ValueError(f"{name} == {value}, must be below {below}.")

    return check


def _unless(option: Any, check: Check) -> Check:
    """As `check`, but `option` may be given as well."""

    def check_unless(name: str, value: Any) -> None:
        if not (value is option or (isinstance(value, str) and value == option)):
            check(name, value)

    return check_unless


def _check_quantile(name: str, quantile: Any) -> None:
    several = isinstance(quantile, Iterable) and not isinstance(quantile, str)
    levels = list(quantile) if several else [quantile]
    for level in levels:
        if not isinstance(level, Real) or isinstance(level, bool):
            raise TypeError(f"{name}={quantile!r} must be a number, or a sequence of numbers.")
        if not 0 < float(level) < 1:
            raise ValueError(f"{name}={quantile!r} must lie between 0 and 1, both left out.")
    if not levels or any(low >= high for low, high in pairwise(levels)):
        raise ValueError(
            f"{name}={quantile!r} must hold numbers in ascending order, one of them at least."
        )


def _check_callbacks(name: str, callbacks: Any) -> None:
    if callbacks is None:
        return
    if isinstance(callbacks, str) or not isinstance(callbacks, Sequence):
        raise ValueError(f"{name}={callbacks!r} must be a sequence of skorch callbacks, or None.")
    for given in callbacks:
        named = isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], str)
        callback = given[1] if named else given
        kind = callback if isinstance(callback, type) else type(callback)
        if not issubclass(kind, Callback):
            raise ValueError(
                f"{name} must hold skorch callbacks, alone or as (name, callback), got {given!r}."
            )


def _check_random_state(name: str, random_state: Any) -> None:
    try:
        check_random_state(random_state)
    except ValueError as error:
        raise ValueError(
            f"{name}={random_state!r} must be None, an int from 0 to 4294967295, or a numpy "
            "RandomState."
        ) from error


def _check_checkpoint(name: str, path: Any) -> None:
    if not isinstance(path, str | PathLike) or not str(path):
        raise TypeError(f"{name}={path!r} must be the path of a file, or None.")


def _check_device(name: str, device: Any) -> None:
    TrainingConfig(device=device).torch_device()


_switch = _option(True, False)

CONSTRAINTS: dict[str, Check] = {
    "hidden_layer_sizes": _check_hidden_layer_sizes,
    "activation": _check_activation,
    "alphas": _unless(None, _check_alphas),
    "cv": _check_cv,
    "scoring": _check_scoring,
    "rule": _option("best", "1se"),
    "n_jobs": _unless(None, _number(Integral, -np.inf)),
    "loss": _option(*LOSSES),
    "quantile": _check_quantile,
    "solver": _option(*SOLVERS),
    "penalty": _option(*PENALTIES, None),
    "alpha": _number(Real, 0),
    "prune_tol": _unless(None, _number(Real, 0)),
    "fit_intercept": _switch,
    "train_input_eigenvalues": _switch,
    "standardize": _switch,
    "n_knots": _unless("auto", _number(Integral, 0)),
    "categorical_features": _check_categorical_features,
    "class_weight": _check_class_weight,
    "batch_size": _unless("auto", _number(Integral, 1)),
    "learning_rate_init": _number(Real, 0, strict=True),
    "eigenvalue_rate": _number(Real, 0),
    "weight_decay": _unless("auto", _number(Real, 0)),
    "average": _switch,
    "max_iter": _number(Integral, 1),
    "tol": _number(Real, 0),
    "early_stopping": _option("auto", True, False),
    "validation_fraction": _number(Real, 0, strict=True, below=1),
    "n_iter_no_change": _number(Integral, 1),
    "warm_start": _switch,
    "random_state": _check_random_state,
    "device": _check_device,
    "checkpoint": _unless(None, _check_checkpoint),
    "callbacks": _check_callbacks,
    "verbose": _number(Integral, 0),
}
"""What each constructor parameter may be, in the order of the signature."""
