"""Iterative pruning: half of the units leave, the rest is fine-tuned, and so on."""

from collections.abc import Callable
from math import hypot

from torch import Tensor

from sk_spectral.search.candidate import Candidate, Checkpoint
from sk_spectral.search.evaluation import Evaluator
from sk_spectral.search.pruning import least_important_first, unit_importances, unpruned, without
from sk_spectral.search.significance import RELATIVE_FLOOR
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.losses import standard_error

_LARGEST_SHARE_KEPT = 0.9


def prune_iteratively(
    network: SpectralNetwork,
    evaluator: Evaluator,
    linear_loss: float,
    refit: Callable[[SpectralNetwork, list[Tensor]], tuple[SpectralNetwork, int]],
    report: Callable[[str], None] = lambda line: None,
    loss: float | None = None,
    tolerance: float = 0.0,
) -> Candidate:
    """Drop the less important half of the hidden units, refit the rest, and so on.

    While the loss is not expected to rise above the least that was seen by more than ``tol`` of
    what hidden units gain against the best linear map, or of that loss if it is less. A step that
    is too much is taken back and smaller ones are tried, to the root of a half and to the root of
    that.

    Where the evaluator's rows were trained on, their losses tell nothing: the rise is taken to be
    how far the outputs are from those of the whole network.

    Parameters
    ----------
    network : SpectralNetwork
    evaluator : Evaluator
        If independent, with rows that `refit` does not train on either.
    linear_loss : float
        Loss of the best linear map on these rows, or on rows held out where `loss` is.
    refit : callable
        Trains a copy of a network further with these masks for the hidden layers, and says for how
        many epochs.
    report : callable
        Told of each step in a line.
    loss : float, optional
        Loss of the whole network on rows held out; by default the least seen on the evaluator's
        rows.
    tolerance : float
        Rise of the loss that may come in addition.

    Returns
    -------
    Candidate
        With how to make the last refit that was kept again, to more rows.
    """
    best = unpruned(network, evaluator)
    least_outputs = network.evaluate(evaluator.X, best.unit_masks)
    least = evaluator.weighted(evaluator.loss_of(least_outputs))
    # Refits that no rows watch are cheap to take back: larger steps first.
    share, too_few = 0.5 if evaluator.independent else 0.25, 0
    while share < _LARGEST_SHARE_KEPT:
        importances = unit_importances(
            best.network, evaluator.X, evaluator.sample_weight, best.unit_masks
        )
        order = least_important_first(importances, best.unit_masks)
        n_kept = int(share * len(order))
        if n_kept <= too_few:
            share = share**0.5
            continue
        masks = without(best.unit_masks, order[: len(order) - n_kept])
        refitted, n_epochs = refit(best.network, masks)
        outputs = refitted.evaluate(evaluator.X, masks)
        losses = evaluator.weighted(evaluator.loss_of(outputs))
        if evaluator.independent and losses.mean() < least.mean():
            least, least_outputs = losses, outputs
        divergences = evaluator.weighted(evaluator.divergence_of(outputs, least_outputs))
        if evaluator.independent:
            rise = expected_rise(losses - least, divergences)
        else:
            rise = float(divergences.mean())
        level = float(least.mean()) if loss is None else loss
        limit = _largest_rise(evaluator, level, linear_loss) + tolerance
        is_kept = rise <= limit
        report(
            f"{n_kept} of {len(order)} hidden units, refitted: loss {float(losses.mean()):.4g}, "
            f"rise {rise:.2g} of {limit:.2g}: {'kept' if is_kept else 'taken back'}"
        )
        if is_kept:
            best = Candidate(
                refitted,
                masks,
                best.loss_before,
                float(losses.mean()),
                fine_tuned_from=Checkpoint(best.network, n_epochs),
            )
            too_few = 0
        else:
            share, too_few = share**0.5, n_kept
    return best


def expected_rise(differences: Tensor, divergences: Tensor) -> float:
    """Rise D of the mean loss as measured, drawn towards the one that is to be expected.

    If the outputs of two networks differ by what has nothing to do with the rows' noise, the loss
    rises by their divergence V, which is known far better than D, whose standard error is s. The
    posterior mean for the prior N(V, V²): (V s² + D V²) / (s² + V²).

    Parameters
    ----------
    differences : Tensor of shape (n_samples,)
        Losses of the one network less those of the other.
    divergences : Tensor of shape (n_samples,)
        Of the one's outputs from the other's.
    """
    D, V = float(differences.mean()), float(divergences.mean())
    s = standard_error(differences)
    if V <= 0:
        return 0.0
    whole = hypot(s, V)  # squares of small numbers would be 0
    return V * (s / whole) ** 2 + D * (V / whole) ** 2


def _largest_rise(evaluator: Evaluator, loss: float, linear_loss: float) -> float:
    assert evaluator.tol is not None
    gain = max(linear_loss - loss, 0.0)
    return evaluator.tol * min(gain, loss) + RELATIVE_FLOOR * evaluator.constant_loss
