"""An average of the parameters over the last steps, which predicts better than the last step."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

STEPS = 100
"""Steps over which the average forgets, once there have been nine times as many."""


class MovingAverage:
    """Exponential average of parameters that an optimiser changes in place.

    After step t the average moves towards the parameters by the share max(1 / 100, 9 / (9 + t)), so
    that it reaches over about the last ninth of the steps, and 100 of them at most. It does for the
    noise of mini-batches what a schedule of learning rates does, without an end that has to be
    known beforehand. Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging",
    SIAM J. Control Optim. 1992, average all steps alike.

    Parameters
    ----------
    parameters : sequence of Tensor
        Where steps are made, and where `swap_in` puts the average.
    """

    def __init__(self, parameters: Sequence[Tensor]) -> None:
        self._parameters = list(parameters)
        self._average = [values.clone() for values in parameters]
        self._last: list[Tensor] | None = None
        self._n_steps = 0

    def update(self) -> None:
        """Take a step in."""
        self._n_steps += 1
        share = max(1.0 / STEPS, 9.0 / (9.0 + self._n_steps))
        for average, values in zip(self._average, self._parameters, strict=True):
            average.lerp_(values, share)

    def taken(self, kept: Tensor, parameters: Sequence[Tensor]) -> "MovingAverage":
        """That of some rows of the parameters, which are now elsewhere."""
        other = MovingAverage(parameters)
        other._average = [values[kept] for values in self._average]
        if self._last is not None:
            other._last = [values[kept] for values in self._last]
        other._n_steps = self._n_steps
        return other

    def state(self) -> dict[str, Any]:
        """What `restore` goes on from: the tensors themselves, of which the caller makes copies."""
        return {"average": self._average, "last": self._last, "n_steps": self._n_steps}

    def restore(self, state: dict[str, Any]) -> None:
        """Be where another average was, of parameters that have been restored, too."""
        for values, kept in zip(self._average, state["average"], strict=True):
            values.copy_(kept)
        last = state["last"]
        self._last = None if last is None else [values.to(self._average[0]) for values in last]
        self._n_steps = state["n_steps"]

    def swap_in(self) -> None:
        """Put the average where the parameters are, which are kept."""
        self._last = [values.clone() for values in self._parameters]
        self._put(self._average)

    def swap_out(self) -> None:
        """Put the parameters back where `swap_in` took them from."""
        if self._last is not None:
            self._put(self._last)
            self._last = None

    def _put(self, source: Sequence[Tensor]) -> None:
        with torch.no_grad():
            for values, new in zip(self._parameters, source, strict=True):
                values.copy_(new)
