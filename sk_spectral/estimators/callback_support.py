"""scikit-learn's callbacks, from its version 1.9 on: tasks of a search as its contexts.

These are set by `set_callbacks`. The parameter `callbacks` is of skorch's, which a net calls.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import numpy as np

from sk_spectral.data.scaling import Scaling
from sk_spectral.search.compaction import compact_network
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.observer import Observer

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # before scikit-learn 1.9
    _Method = TypeVar("_Method", bound=Callable[..., Any])

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """There are no such callbacks."""

    def with_callbacks(method: _Method) -> _Method:
        """The method as it is."""
        return method


__all__ = ["CallbackSupportMixin", "ContextObserver", "begun", "ended", "with_callbacks"]


class ContextObserver(Observer):
    """Tells scikit-learn's callbacks: each training is a task, each of its epochs one of that.

    Parameters
    ----------
    estimator : estimator
        That is fitted.
    context : sklearn.callback.CallbackContext
        Of the fit.
    given : dict
        X, y and metadata of the fit.
    scaling : Scaling, optional
        In whose units networks are trained.
    """

    def __init__(
        self, estimator: Any, context: Any, given: dict[str, Any], scaling: Scaling | None = None
    ) -> None:
        self._estimator, self._context, self._given = estimator, context, given
        self._scaling = scaling

    def of(self, scaling: Scaling) -> "ContextObserver":
        return ContextObserver(self._estimator, self._context, self._given, scaling)

    def begin(self, task: str, n_epochs: int) -> Any:
        context = self._context.subcontext(task, max_subtasks=n_epochs)
        return context.call_on_fit_task_begin(estimator=self._estimator, **self._given)

    def epoch(self, begun: Any, network: SpectralNetwork) -> bool:
        context = begun.subcontext("epoch")
        context.call_on_fit_task_begin(estimator=self._estimator, **self._given)
        return self._end(context, network)

    def end(self, begun: Any, network: SpectralNetwork) -> None:
        self._end(begun, network)

    def _end(self, context: Any, network: SpectralNetwork) -> bool:
        fitted = partial(self._fitted, network)
        return bool(
            context.call_on_fit_task_end(
                estimator=self._estimator, **self._given, reconstruction_attributes=fitted
            )
        )

    def _fitted(self, network: SpectralNetwork) -> dict[str, Any] | None:
        """What an estimator predicts with as if the search ended here; None for fewer inputs."""
        scaling = self._scaling
        if scaling is None or network.layer_sizes[0] != len(scaling.input_mean):
            return None
        masks = [np.asarray(mask.cpu(), dtype=bool) for mask in network.active_units()]
        return {"compact_": scaling.fold_into(compact_network(network, masks))}


def begun(estimator: Any, X: Any, y: Any, sample_weight: Any) -> ContextObserver | None:
    """Begin the task of a fit; None where no callback wants to know of it."""
    if not hasattr(estimator, "_init_callback_context"):
        return None
    context = estimator._init_callback_context(max_subtasks=None)
    metadata = None if sample_weight is None else {"sample_weight": sample_weight}
    given = {"X": X, "y": y, "metadata": metadata}
    context.call_on_fit_task_begin(estimator=estimator, **given)
    if not getattr(estimator, "_skl_callbacks", None):
        return None
    return ContextObserver(estimator, context, given)


def ended(estimator: Any, observer: ContextObserver | None) -> None:
    """End the task of a fit."""
    if observer is not None:
        observer._context.call_on_fit_task_end(
            estimator=estimator, **observer._given, reconstruction_attributes={}
        )
