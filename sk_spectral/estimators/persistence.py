"""What is kept of an estimator: in files, and where a fit ends with an error."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from inspect import signature
from typing import Any, Self

from sklearn.base import BaseEstimator


class Persistent(BaseEstimator):
    """Pickles an estimator without the network that was searched, which is many times larger.

    It is kept where training is to go on: with warm_start=True, and after partial_fit.
    """

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state.pop("network_", None)  # the module of net_
        if not self._goes_on():
            state.pop("net_", None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Parameters that a file of before does not know have their defaults."""
        parameters = signature(type(self)).parameters.values()
        super().__setstate__({p.name: p.default for p in parameters} | state)
        self._link_network()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        copy = type(self).__new__(type(self))
        memo[id(self)] = copy
        copy.__dict__.update(deepcopy(vars(self), memo))
        copy._link_network()
        return copy

    def _link_network(self) -> None:
        """Let `network_` be what `net_` trains: skorch copies its module by itself."""
        if "net_" in vars(self):
            self.network_ = self.net_.module_

    def _goes_on(self) -> bool:
        return bool(self.warm_start) or getattr(self, "_partially_fitted", False)

    def _check_can_go_on(self) -> None:
        """ValueError where the network to go on with was left out of a file."""
        if hasattr(self, "compact_") and not hasattr(self, "network_"):
            raise ValueError(
                f"This {type(self).__name__} comes from a file without the network that was "
                "trained, and can only predict. To train on later, set warm_start=True or call "
                "partial_fit before saving; to start afresh, fit with warm_start=False."
            )

    @contextmanager
    def _unchanged_on_error(self) -> Iterator[None]:
        before = self.__dict__.copy()
        drawn = self._random_state.get_state() if "_random_state" in before else None
        try:
            yield
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            if drawn is not None:
                self._random_state.set_state(drawn)
            raise
