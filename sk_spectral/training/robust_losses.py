"""Losses whose slope is bounded: quantiles, absolute error and Huber's.

All are Moreau envelopes of a loss of two slopes, −low below and high above: with u = y − ŷ and
g = clip(u / width, low, high) the loss is u g − width g² / 2, and its derivative by ŷ is −g. Of
width 0 it is the loss itself: τ u above 0 and (τ − 1) u below, for the quantile τ (Koenker and
Bassett, "Regression Quantiles", Econometrica 1978). Of width 1 and ±δ it is Huber's, "Robust
Estimation of a Location Parameter", Ann. Math. Stat. 1964.
"""

from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor

from sk_spectral.data.quantiles import weighted_quantiles
from sk_spectral.training.loss import ElementwiseLoss, as_outputs, share_of

_DELTA = 1.35  # deviations of a normal, where it is 95 % efficient
_LAST_REACH, _FINER = 0.01, 10.0
_STEPS_TO_A_CONSTANT = 200
_OF_A_PARABOLA = 1e-5
_DENSITY_AT_0 = 0.3989422804014327  # of a normal of variance 1


class BoundedSlopeLoss(ElementwiseLoss):
    """Mean over the outputs of the loss of two slopes; y has a column for each output, or one.

    Parameters
    ----------
    low, high : sequences of float
        Slopes by y below and above the output, for each output or one for all.
    width : sequence of float
        Likewise, of the part between, in which the slope rises from the one to the other.
    spread : sequence of float
        Likewise, the deviation of y that linear maps leave, in units of training.

    Attributes
    ----------
    is_sharp : bool
        Whether the width is 0.
    """

    low: Tensor
    high: Tensor
    width: Tensor
    spread: Tensor

    def __init__(
        self,
        low: Sequence[float],
        high: Sequence[float],
        width: Sequence[float] = (0.0,),
        spread: Sequence[float] = (1.0,),
    ) -> None:
        super().__init__()
        for name, values in (("low", low), ("high", high), ("width", width), ("spread", spread)):
            self.register_buffer(name, torch.tensor(values, dtype=torch.float64))
        self.is_sharp = not any(width)

    @classmethod
    def absolute(cls) -> Self:
        """|y − ŷ|, of which the median is the best constant."""
        return cls([-1.0], [1.0])

    @classmethod
    def of_quantiles(cls, levels: Sequence[float]) -> Self:
        """Pinball losses, an output for each level τ."""
        return cls([level - 1.0 for level in levels], list(levels))

    def values_and_slopes(self, outputs: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        u = y - outputs
        low, high = self.low.to(u), self.high.to(u)
        if self.is_sharp:
            g = torch.where(u > 0, high, torch.where(u < 0, low, torch.zeros_like(u)))
            return u * g, -g
        width = self.width.to(u)
        g = torch.clamp(u / width, low, high)
        return u * g - 0.5 * width * g.square(), -g

    def curvatures(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Second derivatives; beyond the width a thousandth of those of a parabola that lies above.

        So that Newton's steps are told where to go if no row is within it.
        """
        u, g = y - outputs, -self.values_and_slopes(outputs, y)[1]
        beyond = (g <= self.low.to(u)) | (g >= self.high.to(u))
        return torch.where(beyond, _OF_A_PARABOLA * g / u, 1.0 / self.width.to(u))

    def best_constant(self, outputs: Tensor, y: Tensor, weight: Tensor | None = None) -> Tensor:
        """Weighted quantiles, or Huber's location, in the shape of `outputs`."""
        n_outputs = outputs.shape[1]
        levels = (self.high / (self.high - self.low)).expand(n_outputs)
        columns = y.expand(len(y), n_outputs).T.cpu().numpy()
        weights = None if weight is None else weight.cpu().numpy()
        found = [
            weighted_quantiles(column, [level], weights)[0]
            for column, level in zip(columns, levels.tolist(), strict=True)
        ]
        constants = torch.tensor(found, dtype=torch.float64, device=y.device)
        if not self.is_sharp:  # each step lessens the loss: ½ u² / width lies above it
            share = share_of(y, weight).double()
            for _ in range(_STEPS_TO_A_CONSTANT):
                slopes = self.values_and_slopes(constants, y.double())[1]
                constants = constants - self.width.to(constants) * (share @ slopes)
        return as_outputs(constants, outputs)

    def best_shift(self, outputs: Tensor, y: Tensor, weight: Tensor | None = None) -> Tensor:
        """The best constant of what is left: the loss is of differences."""
        return self.best_constant(outputs, y - outputs, weight)[0]

    def divergence(self, outputs: Tensor, reference: Tensor) -> Tensor:
        """By how much the mean loss rises if ŷ_ref is best, and y − ŷ_ref about normal."""
        width = self.spread / (_DENSITY_AT_0 * (self.high - self.low))
        return self._of_width(torch.maximum(width, self.width))(outputs, reference)

    def soft_targets(self, outputs: Tensor, y: Tensor, share: float) -> Tensor:
        """Targets (1 − share) y + share ŷ, whose quantiles are those of y where ŷ is."""
        return torch.lerp(y.expand_as(outputs), outputs, share)

    def smoothed(self) -> Sequence[ElementwiseLoss]:
        """Envelopes that bend from 1 on, then 0.1, and so on, to 0.01 of the spread of y at last.

        Or to the width that there is.
        """
        steepest = torch.maximum(self.high, -self.low)
        last = self.width if not self.is_sharp else _LAST_REACH * self.spread / steepest
        widths, reach = [last], 1.0
        while bool((reach / steepest > last).any()):
            widths.insert(-1, torch.maximum(reach / steepest, last))
            reach /= _FINER
        return tuple(self._of_width(width) for width in widths)

    def with_spread(self, spread: Sequence[float]) -> "BoundedSlopeLoss":
        """For rows of which linear maps leave this deviation, by output."""
        return BoundedSlopeLoss(
            self.low.tolist(), self.high.tolist(), self.width.tolist(), list(spread)
        )

    def _of_width(self, width: Tensor) -> "BoundedSlopeLoss":
        return BoundedSlopeLoss(
            self.low.tolist(), self.high.tolist(), width.tolist(), self.spread.tolist()
        )


class HuberLoss(BoundedSlopeLoss):
    """½ u² up to δ = 1.35 deviations that linear maps leave, and δ |u| − ½ δ² beyond.

    Parameters
    ----------
    spread : sequence of float
        Those deviations by output, or one for all, in units of training.
    """

    def __init__(self, spread: Sequence[float] = (1.0,)) -> None:
        delta = [_DELTA * of_output for of_output in spread]
        super().__init__([-one for one in delta], delta, [1.0] * len(delta), spread)

    def with_spread(self, spread: Sequence[float]) -> BoundedSlopeLoss:
        return HuberLoss(spread)
