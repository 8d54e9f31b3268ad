"""What a loss is asked for: one value a row, so that weights and means are taken in one place."""

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn


def weighted_mean(losses: Tensor, weight: Tensor | None) -> Tensor:
    """Mean loss of rows whose weights have mean 1 over all rows that are trained on."""
    return losses.mean() if weight is None else (losses * weight).mean()


def standard_error(values: Tensor) -> float:
    """Of their mean."""
    return float(values.std(correction=0)) / len(values) ** 0.5


class Loss(nn.Module):
    """How far outputs are from the truth.

    It knows its gradient, by which a step of training needs no autograd graph, the best constant
    output, which pruning compares with, and how far the outputs of two networks are apart.
    """

    temperatures: Sequence[float] = (1.0,)
    """What outputs may be divided by, to say the same with less certainty."""

    @abstractmethod
    def forward(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Loss of each row, shape (n_samples,); outputs are (n_samples, n_outputs)."""

    @abstractmethod
    def mean_and_gradient(
        self, outputs: Tensor, y: Tensor, weight: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """`weighted_mean` of the losses and its gradient for the outputs.

        Of several networks at once where all have a leading axis: one mean for each.
        """

    @abstractmethod
    def best_constant(self, outputs: Tensor, y: Tensor, weight: Tensor | None = None) -> Tensor:
        """Output of the least weighted mean loss for every row, in the shape of `outputs`."""

    @abstractmethod
    def divergence(self, outputs: Tensor, reference: Tensor) -> Tensor:
        """By how much the loss of each row rises if the reference is the truth about y."""

    @abstractmethod
    def soft_targets(self, outputs: Tensor, y: Tensor, share: float) -> Tensor:
        """Targets of which outputs make up a share, and y the rest."""

    def zero_one(self, outputs: Tensor, y: Tensor) -> Tensor | None:
        """1 for each row whose class is not the likeliest, else 0; None where there are none."""
        return None


class ElementwiseLoss(Loss):
    """Mean over the outputs of what each of them loses by itself."""

    @abstractmethod
    def values_and_slopes(self, outputs: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Losses and their derivatives by the outputs, in the shape of these."""

    @abstractmethod
    def best_shift(self, outputs: Tensor, y: Tensor, weight: Tensor | None = None) -> Tensor:
        """What to add to outputs for the least weighted mean loss, shape (n_outputs,)."""

    @abstractmethod
    def curvatures(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Second derivatives by the outputs, in the shape of these."""

    def smoothed(self) -> Sequence["ElementwiseLoss"]:
        """Losses with a gradient everywhere that come nearer and nearer to this one."""
        return (self,)

    def forward(self, outputs: Tensor, y: Tensor) -> Tensor:
        return self.values_and_slopes(outputs, y)[0].mean(dim=-1)

    def mean_and_gradient(
        self, outputs: Tensor, y: Tensor, weight: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        values, slopes = self.values_and_slopes(outputs, y)
        if weight is not None:
            values, slopes = values * weight[..., None], slopes * weight[..., None]
        return values.mean((-2, -1)), slopes / (outputs.shape[-1] * outputs.shape[-2])


def as_outputs(constants: Tensor, outputs: Tensor) -> Tensor:
    """The same constants for every row."""
    return constants.to(outputs).expand_as(outputs)


def share_of(y: Tensor, weight: Tensor | None) -> Tensor:
    """Weights that sum to 1."""
    if weight is None:
        return torch.full_like(y[:, 0], 1.0 / len(y))
    return weight / weight.sum()
