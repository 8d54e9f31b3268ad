"""Iterative pruning: a part of the network leaves, the rest is fine-tuned, and so on."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import hypot

import torch
from torch import Tensor

from sk_spectral.search.candidate import Checkpoint
from sk_spectral.search.evaluation import Evaluator
from sk_spectral.search.pruning import least_important_first, unit_importances, unpruned, without
from sk_spectral.search.significance import RELATIVE_FLOOR
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.loss import standard_error

Refit = Callable[[SpectralNetwork, list[Tensor], Tensor | None], tuple[SpectralNetwork, int]]

_LARGEST_SHARE_KEPT = 0.9


@dataclass(frozen=True, eq=False)
class Limits:
    """What may be lost for a smaller network.

    Attributes
    ----------
    linear_loss : float
        Loss of the best linear map on the evaluator's rows, or on rows held out where `loss` is.
    loss : float, optional
        Loss of the whole network on rows held out; by default the least seen on the evaluator's
        rows.
    tolerance : float
        Rise of the loss that may come in addition.
    """

    linear_loss: float
    loss: float | None = None
    tolerance: float = 0.0

    def largest_rise(self, evaluator: Evaluator, least: float) -> float:
        """``tol`` of what units gain against the linear map, or of the loss if it is less."""
        assert evaluator.tol is not None
        loss = least if self.loss is None else self.loss
        gain = max(self.linear_loss - loss, 0.0)
        share = evaluator.tol * min(gain, loss)
        return share + RELATIVE_FLOOR * evaluator.constant_loss + self.tolerance


class IterativePruning:
    """The smallest network so far whose loss is not expected to rise by too much, and its rows.

    The rise is that above the least loss that was seen. Where the evaluator's rows were trained on,
    their losses tell nothing: it is then taken to be how far the outputs are from those of the
    whole network.

    Parameters
    ----------
    network : SpectralNetwork
        The whole, as it was trained.
    evaluator : Evaluator
        If independent, with rows that `refit` does not train on either.
    limits : Limits
    refit : callable
        Trains a copy of a network further with these masks for the hidden layers, on these of the
        inputs, and says for how many epochs.
    report : callable
        Told of each step in a line.

    Attributes
    ----------
    best : Candidate
        With how to make the last refit that was kept again, to more rows.
    tried : list of Candidate
        The whole, and every network that was refitted.
    """

    def __init__(
        self,
        network: SpectralNetwork,
        evaluator: Evaluator,
        limits: Limits,
        refit: Refit,
        report: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.best = unpruned(network, evaluator)
        self.tried = [self.best]
        self.evaluator = evaluator
        self._limits, self._refit, self._report = limits, refit, report
        self._least_outputs = network.evaluate(evaluator.X, self.best.unit_masks)
        self._least = evaluator.weighted(evaluator.loss_of(self._least_outputs))

    @property
    def X(self) -> Tensor:
        """The evaluator's, as far as the best network reads it."""
        inputs = self.best.inputs
        return self.evaluator.X if inputs is None else self.evaluator.X[:, inputs]

    def limit(self) -> float:
        """How much the loss may rise."""
        return self._limits.largest_rise(self.evaluator, float(self._least.mean()))

    def rise(self, outputs: Tensor) -> float:
        """How much it is expected to, with these outputs."""
        evaluator = self.evaluator
        divergences = evaluator.weighted(evaluator.divergence_of(outputs, self._least_outputs))
        if not evaluator.independent:
            return float(divergences.mean())
        losses = evaluator.weighted(evaluator.loss_of(outputs))
        return expected_rise(losses - self._least, divergences)

    def attempt(
        self,
        what: str,
        masks: list[Tensor],
        network: SpectralNetwork | None = None,
        inputs: Tensor | None = None,
    ) -> bool:
        """Refit what is to be left, and keep it unless the loss is expected to rise by too much.

        Parameters
        ----------
        what : str
            That is to be left, for the report.
        masks : list of bool tensors of shape (n_l,)
        network : SpectralNetwork, optional
            To go on from, in place of the best.
        inputs : bool tensor of shape (n_inputs,), optional
            Those that it reads.
        """
        evaluator, best = self.evaluator, self.best
        if network is None:
            network, inputs = best.network, best.inputs
        refitted, n_epochs = self._refit(network, masks, inputs)
        X = evaluator.X if inputs is None else evaluator.X[:, inputs]
        outputs = refitted.evaluate(X, masks)
        losses = evaluator.weighted(evaluator.loss_of(outputs))
        if evaluator.independent and losses.mean() < self._least.mean():
            self._least, self._least_outputs = losses, outputs
        rise, limit = self.rise(outputs), self.limit()
        is_kept = rise <= limit
        self._report(
            f"{what}, refitted: loss {float(losses.mean()):.4g}, "
            f"rise {rise:.2g} of {limit:.2g}: {'kept' if is_kept else 'taken back'}"
        )
        candidate = replace(
            best,
            network=refitted,
            unit_masks=masks,
            inputs=inputs,
            loss_after=float(losses.mean()),
            fine_tuned_from=Checkpoint(network, n_epochs),
        )
        self.tried.append(candidate)
        if is_kept:
            self.best = candidate
        return is_kept

    def importances(self) -> list[Tensor]:
        """Of the units of the best network."""
        best = self.best
        return unit_importances(best.network, self.X, self.evaluator.sample_weight, best.unit_masks)


def drop_layers(pruning: IterativePruning) -> None:
    """Do without whole hidden layers, the least important first, while one is left."""
    refused = False
    while not refused:
        masks = pruning.best.unit_masks
        active = [i for i, mask in enumerate(masks) if mask.any()]
        if len(active) < 2:
            return
        importances = [float(importance.sum()) for importance in pruning.importances()]
        refused = True
        for layer in sorted(active, key=lambda i: importances[i]):
            fewer = [torch.zeros_like(m) if i == layer else m for i, m in enumerate(masks)]
            if pruning.attempt(f"without hidden layer {layer + 1} of {len(masks)}", fewer):
                refused = False
                break


def halve_units(pruning: IterativePruning) -> None:
    """Drop the less important half of the hidden units, refit the rest, and so on.

    A step that is too much is taken back and smaller ones are tried, to the root of a half and to
    the root of that.
    """
    # Refits that no rows watch are cheap to take back: larger steps first.
    share, too_few = 0.5 if pruning.evaluator.independent else 0.25, 0
    while share < _LARGEST_SHARE_KEPT:
        order = least_important_first(pruning.importances(), pruning.best.unit_masks)
        n_kept = int(share * len(order))
        if n_kept <= too_few:
            share = share**0.5
            continue
        masks = without(pruning.best.unit_masks, order[: len(order) - n_kept])
        if pruning.attempt(f"{n_kept} of {len(order)} hidden units", masks):
            too_few = 0
        else:
            share, too_few = share**0.5, n_kept


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
