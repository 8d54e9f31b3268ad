"""Whether max_iter cut a training off, and the warning that says so."""

from collections.abc import Sequence
from warnings import warn

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sk_spectral.training.net import SpectralNet

_SHARE_OF_THE_FALL = 0.01
_LEAST_FALL = 1e-4


def warn_if_cut_off(
    net: SpectralNet,
    max_iter: int,
    tol: float,
    patience: int,
    best_epoch: int | None,
    *,
    stacklevel: int,
) -> None:
    """Warn where the last epoch allowed was reached while the loss watched was still falling.

    Of so few epochs that no rule could have stopped it by then, the training loss counts as well:
    that of validation rows may rise at first. Where folds have found the epoch that is best for
    rows held out, it is the last one.
    """
    if not was_cut_off(net, max_iter, best_epoch):
        return
    if best_epoch is not None:
        _warn_of_loss("loss of rows held out", max_iter, stacklevel + 1)
        return
    history = net.history
    by_validation = dict(net.callbacks_)["early_stopping"].monitor == "valid_loss"
    watched = {"validation": "valid_loss"} if by_validation else {}
    if not watched or len(history) <= patience:
        watched["training"] = "train_loss"
    for name, column in watched.items():
        if _falls(history[:, column], tol, patience):
            _warn_of_loss(f"{name} loss", max_iter, stacklevel + 1)
            return


def was_cut_off(net: SpectralNet, max_iter: int, best_epoch: int | None = None) -> bool:
    """Whether max_iter ended the training, or its last epoch is the best one that folds found.

    A training that moved nothing was not on its way anywhere.
    """
    if best_epoch is not None:
        return best_epoch >= max_iter
    losses = net.history[:, "train_loss"]
    moved = len(losses) == 1 or min(losses) < (1.0 - _LEAST_FALL) * losses[0]
    return moved and not net.stopped_ and len(losses) >= max_iter


def warn_that_units_might_pay(max_iter: int, *, stacklevel: int) -> None:
    """Where a training that was cut off has lost to a linear map that does not say all."""
    warn(
        f"max_iter={max_iter} ended the training before hidden units beat the best linear map, "
        "although the target is not linear. Raise max_iter to train to the end.",
        ConvergenceWarning,
        stacklevel=stacklevel + 1,
    )


def _warn_of_loss(loss: str, max_iter: int, stacklevel: int) -> None:
    warn(
        f"max_iter={max_iter} ended the training while the {loss} was still falling. "
        "Raise max_iter to train to the end.",
        ConvergenceWarning,
        stacklevel=stacklevel + 1,
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
