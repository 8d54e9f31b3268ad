"""Steps by the rows of several processes: each has its own rows, all have the same parameters.

The gradient of the mean loss of a batch is Σ n_r g_r / Σ n_r, of which n_r are the rows that
process r has of it and g_r the gradient of their mean. One all-reduce a step sums both, and the
optimisers of all processes make the same step from there.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from sk_spectral.training.team import Team

_LOSS, _ROWS, _FAILED = -3, -2, -1


class SharedGradient:
    """The gradient of the rows of all processes in place of that of one's own.

    Parameters
    ----------
    team : Team
    flat : sequence of nn.Parameter
        Whose gradients these are.
    """

    def __init__(self, team: Team, flat: Sequence[nn.Parameter]) -> None:
        self._team = team
        self._gradients = [p.grad for p in flat if p.grad is not None]
        sizes = [gradient.numel() for gradient in self._gradients]
        self._sums = self._gradients[0].new_zeros(sum(sizes) + 3)
        self._parts = self._sums[:_LOSS].split(sizes)
        self._is_on_cpu = self._sums.device.type == "cpu"

    def __call__(self, n_rows: int, loss: Tensor) -> Tensor:
        """The mean loss of the rows of all; their gradient is written where that of these was."""
        if n_rows:
            for part, gradient in zip(self._parts, self._gradients, strict=True):
                torch.mul(gradient, n_rows, out=part)
            self._sums[_LOSS] = loss * n_rows
        else:
            self._sums.zero_()
        self._sums[_ROWS], self._sums[_FAILED] = n_rows, 0.0
        self._team.add_up(self._sums)
        # A GPU is not asked at each step: there the loss of the epoch tells.
        if self._is_on_cpu and self._sums[_FAILED] > 0:
            self._team.has_failed = True
            raise RuntimeError(
                f"Process {self._team.rank} of {self._team.size} stops, as another one has met an "
                "error, which that tells of."
            )
        for part, gradient in zip(self._parts, self._gradients, strict=True):
            torch.div(part, self._sums[_ROWS], out=gradient)
        return self._sums[_LOSS] / self._sums[_ROWS]

    def fail(self) -> None:
        """Tell the others in their next step that there is none."""
        self._sums.fill_(torch.nan)
        self._sums[_FAILED] = 1.0
        self._team.has_failed = True
        self._team.add_up(self._sums)

    def telling(self, batches: Iterator[Any]) -> Iterator[Any]:
        """The batches; where they cannot be read, the others are told."""
        while True:
            try:
                batch = next(batches, None)
            except Exception:
                self.fail()
                raise
            if batch is None:
                return
            yield batch
