"""How far outputs are from the truth: each loss a small module, by row.

A loss returns one value a row, so that weights and means are taken in one place. It knows its
gradient, by which a step of training needs no autograd graph, and the best constant output, which
pruning compares with.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def weighted_mean(losses: Tensor, weight: Tensor | None) -> Tensor:
    """Mean loss of rows whose weights have mean 1 over all rows that are trained on."""
    return losses.mean() if weight is None else (losses * weight).mean()


class SquaredError(nn.Module):
    """Squared error, the mean over the outputs: ‖ŷ − y‖² / n_outputs."""

    def forward(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Loss of each row, shape (n_samples,); outputs and y are (n_samples, n_outputs)."""
        return (outputs - y).square().mean(dim=1)

    def mean_and_gradient(
        self, outputs: Tensor, y: Tensor, weight: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """`weighted_mean` of the losses and its gradient for the outputs."""
        residual = outputs - y
        weighted = residual if weight is None else residual * weight[:, None]
        mean = torch.vdot(weighted.flatten(), residual.flatten()) / residual.numel()
        return mean, weighted * (2.0 / residual.numel())

    def best_constant(self, outputs: Tensor, y: Tensor, weight: Tensor | None = None) -> Tensor:
        """Weighted mean of y for every row, in the shape of `outputs`."""
        mean = y.mean(dim=0) if weight is None else weight @ y / weight.sum()
        return mean.expand_as(outputs)


class LogLoss(nn.Module):
    """Negative log-likelihood of class codes: logistic for one output, softmax for several."""

    def forward(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Loss of each row, shape (n_samples,); outputs are (n_samples, n_outputs)."""
        if outputs.shape[1] == 1:
            target = y.to(outputs.dtype)
            return F.binary_cross_entropy_with_logits(outputs[:, 0], target, reduction="none")
        return F.cross_entropy(outputs, y, reduction="none")

    def mean_and_gradient(
        self, outputs: Tensor, y: Tensor, weight: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """`weighted_mean` of the losses and its gradient for the outputs: (p − 1_y) w / n."""
        if outputs.shape[1] == 1:
            losses = self(outputs, y)
            gradient = torch.sigmoid(outputs).sub_(y[:, None])
        else:
            log_p = F.log_softmax(outputs, dim=1)
            losses = F.nll_loss(log_p, y, reduction="none")
            gradient = log_p.exp_()
            gradient.scatter_add_(1, y[:, None], gradient.new_full((1, 1), -1.0).expand(len(y), 1))
        if weight is not None:
            gradient *= weight[:, None]
        return weighted_mean(losses, weight), gradient.div_(len(y))

    def best_constant(self, outputs: Tensor, y: Tensor, weight: Tensor | None = None) -> Tensor:
        """Logarithm of the weighted class frequencies for every row, in the shape of `outputs`."""
        n_classes = max(outputs.shape[1], 2)
        counts = torch.bincount(y, weights=weight, minlength=n_classes).to(outputs.dtype)
        logits = (counts / counts.sum()).clamp_min(torch.finfo(outputs.dtype).tiny).log()
        if outputs.shape[1] == 1:
            logits = logits[1:] - logits[:1]
        return logits.expand_as(outputs)
