"""The last step of losses that are not squared: intercepts by which all rows are met on average.

Where a training ends early, shares of rows below a quantile are not yet its level, nor is the mean
of what is predicted that of y, as both are at the minimum of the loss (Wüthrich, "Bias
regularization in neural network models for general insurance pricing", European Actuarial Journal
2020). As the intercept is one number a output, all rows can tell it.
"""

from dataclasses import replace

from torch import Tensor

from sk_spectral.data.batches import TensorDataset
from sk_spectral.data.scaling import Scaling
from sk_spectral.search.candidate import Candidate
from sk_spectral.training.loss import ElementwiseLoss, Loss, weighted_mean


def calibrated(
    candidate: Candidate, scaling: Scaling, loss: ElementwiseLoss, rows: TensorDataset
) -> tuple[Scaling, Tensor]:
    """The scaling with which outputs are shifted so that their loss on some rows is the least.

    Parameters
    ----------
    candidate : Candidate
    scaling : Scaling
    loss : ElementwiseLoss
    rows : TensorDataset
        In its units.

    Returns
    -------
    Scaling
    Tensor of shape (n_outputs,)
        By how much outputs are shifted in units of training.
    """
    outputs = candidate.network.evaluate(rows.X, candidate.unit_masks)
    shift = loss.best_shift(outputs, rows.y, rows.sample_weight)
    by = shift.double().cpu().numpy() * scaling.output_scale
    return replace(scaling, output_mean=scaling.output_mean + by), shift


def shifted_loss(candidate: Candidate, shift: Tensor, loss: Loss, rows: TensorDataset) -> float:
    """Mean loss on some rows with outputs that are shifted."""
    outputs = candidate.network.evaluate(rows.X, candidate.unit_masks) + shift
    return float(weighted_mean(loss(outputs, rows.y), rows.sample_weight))
