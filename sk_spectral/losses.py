"""How far outputs are from the truth: each loss a small module, by row.

A loss returns one value a row, so that weights and means are taken in one place, and knows the
best constant output, which pruning compares with.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class SquaredError(nn.Module):
    """Squared error, the mean over the outputs: ‖ŷ − y‖² / n_outputs."""

    def forward(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Loss of each row, shape (n_samples,); outputs and y are (n_samples, n_outputs)."""
        return (outputs - y).square().mean(dim=1)

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

    def best_constant(self, outputs: Tensor, y: Tensor, weight: Tensor | None = None) -> Tensor:
        """Logarithm of the weighted class frequencies for every row, in the shape of `outputs`."""
        n_classes = max(outputs.shape[1], 2)
        counts = torch.bincount(y, weights=weight, minlength=n_classes).to(outputs.dtype)
        logits = (counts / counts.sum()).clamp_min(torch.finfo(outputs.dtype).tiny).log()
        if outputs.shape[1] == 1:
            logits = logits[1:] - logits[:1]
        return logits.expand_as(outputs)
