"""Whether the penalty alone holds the growth of a network back."""

from torch import Tensor

from sk_spectral.batches import TensorRows
from sk_spectral.crossfit import CrossFit
from sk_spectral.losses import standard_error
from sk_spectral.network import SpectralNetwork
from sk_spectral.pruning import Judge, Pruning
from sk_spectral.reduction import reduce
from sk_spectral.rival import STANDARD_ERRORS

KEEPS_LINEAR = (
    "alone keeps the network linear: without the penalty hidden units beat the best linear map."
)


def how_held_back(
    free: SpectralNetwork,
    train: TensorRows,
    judge: Judge,
    compared: CrossFit | None,
    found: Pruning,
    trained: Tensor,
) -> str | None:
    """What the penalty does, for a warning, if the loss falls without it.

    Below that of the linear map, if one was found; else, by two standard errors on rows of the
    judge's own, below the loss of the network as it was trained and of what was found in it.

    Parameters
    ----------
    free : SpectralNetwork
        Trained without the penalty; may be changed.
    train : TensorRows
        What it was trained on.
    judge : Judge
    compared : CrossFit or None
        Folds by which units were preferred with the penalty.
    found : Pruning
        What was found with the penalty.
    trained : Tensor of shape (n_samples,)
        Losses, by the judge, of the network trained with the penalty.
    """
    if not any(mask.any() for mask in found.unit_masks):
        return KEEPS_LINEAR if reduce(free, judge, train, compared)[1] is None else None
    losses = judge.losses(free, free.active_units())
    loss = float(losses.mean())
    limit = judge.limit(loss) + STANDARD_ERRORS * standard_error(trained - losses)
    if min(float(trained.mean()), found.loss_after) <= limit:
        return None
    return (
        "holds the growth of the network back: without the penalty the loss on validation rows is "
        f"{loss:.3g}, with it {found.loss_after:.3g}."
    )
