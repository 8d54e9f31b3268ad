"""Whether max_iter cut a training off, and what to say of it."""

from collections.abc import Sequence

import numpy as np

from sk_spectral.training.config import TrainingConfig
from sk_spectral.training.net import SpectralNet

_SHARE_OF_THE_FALL = 0.01
_LEAST_FALL = 1e-4


UNITS_MIGHT_PAY = (
    "max_iter={} ended the training before hidden units beat the best {}, although the target is "
    "not {}. Raise max_iter to train to the end."
)
"""Where a training that was cut off has lost to a linear map that does not say all: after how many
epochs, what it is and what the target is not."""


def cut_off_message(
    net: SpectralNet, training: TrainingConfig, best_epoch: int | None
) -> str | None:
    """What to say where the last epoch allowed was reached while the loss watched still fell.

    Of so few epochs that no rule could have stopped it by then, the training loss counts as well:
    that of validation rows may rise at first. Where folds have found the epoch that is best for
    rows held out, it is the last one.
    """
    max_iter, patience = training.max_iter, training.n_iter_no_change
    if not was_cut_off(net, max_iter, best_epoch):
        return None
    if best_epoch is not None:
        return _while_falling("loss of rows held out", max_iter)
    history = net.history
    by_validation = dict(net.callbacks_)["early_stopping"].monitor == "valid_loss"
    watched = {"validation": "valid_loss"} if by_validation else {}
    if not watched or len(history) <= patience:
        watched["training"] = "train_loss"
    for name, column in watched.items():
        if _falls(history[:, column], training.tol, patience):
            return _while_falling(f"{name} loss", max_iter)
    return None


def was_cut_off(net: SpectralNet, max_iter: int, best_epoch: int | None = None) -> bool:
    """Whether max_iter ended the training, or its last epoch is the best one that folds found.

    A training that moved nothing was not on its way anywhere.
    """
    if best_epoch is not None:
        return best_epoch >= max_iter
    losses = net.history[:, "train_loss"]
    moved = len(losses) == 1 or min(losses) < (1.0 - _LEAST_FALL) * losses[0]
    return moved and not net.stopped_ and len(losses) >= max_iter


def _while_falling(loss: str, max_iter: int) -> str:
    return (
        f"max_iter={max_iter} ended the training while the {loss} was still falling. "
        "Raise max_iter to train to the end."
    )


def _falls(losses: Sequence[float], tol: float, patience: int) -> bool:
    """Whether the least loss fell at the end by more than `tol` and 1 % of its whole fall.

    In the last `patience` epochs, or in the last half if that is less.
    """
    least = np.minimum.accumulate(losses)
    window = min(patience, len(least) // 2)
    # After a single epoch nothing is known but what the loss is.
    fall = least[-1 - window] - least[-1] if window else least[-1]
    return bool(fall > max(tol, _SHARE_OF_THE_FALL * (least[0] - least[-1])))
