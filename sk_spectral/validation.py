"""What the estimators accept: one clear sentence for what they do not."""

from collections.abc import Sequence
from math import isfinite
from numbers import Integral, Real
from typing import Any
from warnings import warn

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array, check_consistent_length, check_scalar

from sk_spectral.network import check_activation, check_layer_sizes
from sk_spectral.penalties import PENALTIES
from sk_spectral.training import SOLVERS


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
    if not (estimator.callbacks is None or isinstance(estimator.callbacks, Sequence)):
        raise ValueError(
            f"callbacks={estimator.callbacks!r} must be a sequence of skorch callbacks, or None."
        )
    _check_number("validation_fraction", estimator.validation_fraction, Real, 0, strict=True)
    if estimator.validation_fraction >= 1:
        raise ValueError(
            f"validation_fraction == {estimator.validation_fraction}, must be below 1."
        )


def check_hidden_layer_sizes(sizes: int | Sequence[int]) -> tuple[int, ...]:
    """`hidden_layer_sizes` as a tuple; one int stands for one hidden layer."""
    if not hasattr(sizes, "__iter__"):
        sizes = (sizes,)
    return check_layer_sizes(sizes, "hidden_layer_sizes")


def _check_option(name: str, value: Any, options: Sequence[Any]) -> None:
    if not any(type(value) is type(option) and value == option for option in options):
        if isinstance(value, np.bool_) and bool(value) in options:
            return
        listed = ", ".join(map(repr, options))
        raise ValueError(f"{name}={value!r} is not an option. Choose one of {listed}.")


def _check_number(name: str, value: Any, kind: Any, low: float, *, strict: bool = False) -> None:
    check_scalar(value, name, kind, min_val=low, include_boundaries="neither" if strict else "left")
    if not isfinite(value):
        raise ValueError(f"{name} == {value}, must be finite.")


def check_device(device: str | torch.device) -> torch.device:
    """The torch device, or ValueError if this machine has no such one."""
    try:
        checked = torch.device(device)
        torch.empty(0, device=checked)
    except (RuntimeError, AssertionError, TypeError) as error:
        raise ValueError(
            f"device={device!r} cannot be used here ({str(error).splitlines()[0]}). "
            "device='cpu' always can."
        ) from error
    return checked


def check_sample_weight(
    sample_weight: ArrayLike | None, X: NDArray[Any], name: str = "sample_weight"
) -> NDArray[np.float64] | None:
    """Finite non-negative weights, one a row and not all zero; None stays None."""
    if sample_weight is None:
        return None
    if isinstance(sample_weight, Real):
        return np.full(len(X), float(sample_weight)) if sample_weight > 0 else _all_zero(name)
    weight = check_array(
        sample_weight, ensure_2d=False, dtype=np.float64, input_name=name, copy=False
    )
    if weight.ndim != 1:
        raise ValueError(
            f"{name} must be 1D, one weight for each row; sample weights of shape "
            f"{weight.shape} were given."
        )
    check_consistent_length(X, weight)
    if weight.min() < 0:
        raise ValueError(f"{name} must not be negative, its least value is {weight.min()}.")
    return weight if weight.any() else _all_zero(name)


def _all_zero(name: str) -> NDArray[np.float64]:
    raise ValueError(f"{name} is zero for every row; at least one weight must be positive.")


def warn_of_batch_size(batch_size: int | str, n_samples: int) -> None:
    """Warn where there are fewer rows than a batch is to have."""
    if batch_size != "auto" and batch_size > n_samples:
        warn(
            f"batch_size={batch_size} is over the {n_samples} training rows; "
            f"batches of {n_samples} rows are used.",
            UserWarning,
            stacklevel=2,
        )
