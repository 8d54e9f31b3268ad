"""Deviances of counts and of positive numbers, of which outputs are the logarithms of means.

Twice what the likelihood loses against y itself (McCullagh and Nelder, "Generalized Linear Models",
1989, section 2.3). A truth y and an output o = log μ are in units in which the mean of y is 1.
"""

import torch
from torch import Tensor

from sk_spectral.training.loss import ElementwiseLoss, as_outputs, share_of


class LogLinkLoss(ElementwiseLoss):
    """What deviances have in common: means, and what is told of them."""

    def best_constant(self, outputs: Tensor, y: Tensor, weight: Tensor | None = None) -> Tensor:
        """Logarithm of the weighted mean of y for every row, in the shape of `outputs`."""
        mean = share_of(y, weight) @ y
        return as_outputs(mean.clamp_min(torch.finfo(y.dtype).tiny).log(), outputs)

    def best_shift(self, outputs: Tensor, y: Tensor, weight: Tensor | None = None) -> Tensor:
        """That by which the mean of exp(o) is that of y."""
        share = share_of(y, weight)
        tiny = torch.finfo(y.dtype).tiny
        return (share @ y).clamp_min(tiny).log() - (share @ outputs.exp()).log()

    def divergence(self, outputs: Tensor, reference: Tensor) -> Tensor:
        """d(exp(o_ref), exp(o)): by how much the mean deviance rises if o_ref is the truth."""
        return self(outputs, reference.exp()).clamp_min(0.0)

    def soft_targets(self, outputs: Tensor, y: Tensor, share: float) -> Tensor:
        """Targets (1 − share) y + share exp(o)."""
        return torch.lerp(y, outputs.exp(), share)


class PoissonDeviance(LogLinkLoss):
    """2 (y log(y / μ) − y + μ), the mean over the outputs."""

    def values_and_slopes(self, outputs: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        mu = outputs.exp()
        return 2.0 * (torch.xlogy(y, y) - y * outputs - y + mu), 2.0 * (mu - y)

    def curvatures(self, outputs: Tensor, y: Tensor) -> Tensor:
        return 2.0 * outputs.exp()


class GammaDeviance(LogLinkLoss):
    """2 (y / μ − 1 − log(y / μ)), the mean over the outputs."""

    def values_and_slopes(self, outputs: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        ratio = y * (-outputs).exp()
        return 2.0 * (ratio - 1.0 + outputs - y.log()), 2.0 * (1.0 - ratio)

    def curvatures(self, outputs: Tensor, y: Tensor) -> Tensor:
        return 2.0 * y * (-outputs).exp()

    def best_shift(self, outputs: Tensor, y: Tensor, weight: Tensor | None = None) -> Tensor:
        """That by which the mean of y / exp(o) is 1."""
        return (share_of(y, weight) @ (y * (-outputs).exp())).log()
