"""Losses of rows held out, and what they say of hidden units against the best linear map."""

from dataclasses import dataclass, replace
from math import inf

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_spectral.search.significance import (
    HOPE,
    NEARLY_SURE,
    OF_MISTAKES,
    RELATIVE_FLOOR,
    SURE,
    WHERE_BENT,
    WHERE_LINEAR_MAPS_FAIL,
    in_standard_errors,
)
from sk_spectral.training.loss import Loss, weighted_mean


@dataclass(frozen=True)
class OutOfFold:
    """Losses of the network and of the best linear map on rows held out.

    Attributes
    ----------
    network, linear : Tensor of shape (n_tested,)
        Loss of each row, by fits to the other folds, fold by fold. Those of the network are NaN
        where it was not compared.
    network_zero_one, linear_zero_one : Tensor of shape (n_tested,), or None
        1 for each row that is given a wrong class, where there are classes.
    sample_weight : Tensor of shape (n_tested,), or None
    shrinkage : float
        Of the linear maps that are kept where the network loses.
    n_read : int or None
        How many of the inputs, the first of them, these read; None for all.
    read : bool array of shape (n_inputs,), or None
        The inputs that the maps of `linear` read; None for all.
    kept : Tensor of shape (n_tested,), or None
        Their losses, where these maps are not those of `linear`, which have the least.
    most_gain_of_pieces : float
        Share of the loss of maps of features that those of pieces as well may do without, two
        standard errors above what was seen.
    groups : int tensor of shape (n_tested,), or None
        Equal for copies of a row, which are one row of more weight; None where there are none.
    constant_loss : float
        Mean loss on all rows of the best constants for the other folds.
    n_epochs : int, or None
        After how many epochs the network's loss was the least, where that was looked for.
    standard_errors : float
        By which units must win in loss; in mistakes it takes two.
    tol : float
        Share of the loss by which they must win in addition.
    temperature : float
        By which the outputs of the network are divided, with `n_epochs`.
    bent : bool
        Whether it is known from elsewhere that no linear map says all: then 1.5 standard errors are
        enough, of the loss or of the mistakes.
    constant_zero_one : float
        Share of the rows that the best constants give a wrong class. If linear maps do no better
        where the truth is `bent`, fewer mistakes by one standard error are enough, and a network
        may be too sure of those that it makes.
    """

    network: Tensor
    linear: Tensor
    sample_weight: Tensor | None
    shrinkage: float
    constant_loss: float = inf
    network_zero_one: Tensor | None = None
    linear_zero_one: Tensor | None = None
    n_epochs: int | None = None
    standard_errors: float = 2.0
    tol: float = 0.0
    temperature: float = 1.0
    bent: bool = False
    constant_zero_one: float = 0.0
    n_read: int | None = None
    read: NDArray[np.bool_] | None = None
    kept: Tensor | None = None
    most_gain_of_pieces: float = 1.0
    groups: Tensor | None = None

    def mean_loss(self) -> float:
        """Mean loss of the network."""
        return float(weighted_mean(self.network, self.sample_weight))

    def mean_linear_loss(self) -> float:
        """Mean loss of the linear map."""
        return float(weighted_mean(self.linear, self.sample_weight))

    def mean_kept_loss(self) -> float:
        """Mean loss of the linear map that is kept where the network loses."""
        losses = self.linear if self.kept is None else self.kept
        return float(weighted_mean(losses, self.sample_weight))

    def prefers_units(self) -> bool:
        """Whether units beat the linear map, neither having seen the rows.

        By some standard errors of the loss and a share of it, or by two of the mistakes:
        a few rows that are far off can hide in the error of the loss what all others tell. Their
        loss must be the least at all, that of a constant included.
        """
        if not self.has_network:
            return False
        fewer, error = self.mean_zero_one_gain()
        enough = fewer > self._zero_one_errors * error
        if self._linear_maps_fail:
            return enough
        gain, error = self.mean_gain()
        loss = self.mean_loss()
        if gain <= 0 or loss >= self.constant_loss:
            return False
        return enough or gain - self._tolerance() > self._loss_errors * error

    @property
    def _loss_errors(self) -> float:
        return min(self.standard_errors, WHERE_BENT) if self.bent else self.standard_errors

    @property
    def _zero_one_errors(self) -> float:
        if self._linear_maps_fail:
            return WHERE_LINEAR_MAPS_FAIL
        return WHERE_BENT if self.bent else OF_MISTAKES

    @property
    def _linear_maps_fail(self) -> bool:
        if not self.bent or self.linear_zero_one is None:
            return False
        mistakes = float(weighted_mean(self.linear_zero_one, self.sample_weight))
        return mistakes >= self.constant_zero_one

    def _tolerance(self) -> float:
        """How much more the linear map may lose, being smaller."""
        return self.tol * self.mean_loss() + RELATIVE_FLOOR * self.constant_loss

    def mean_gain(self) -> tuple[float, float]:
        """By how much the network's mean loss is less, and the standard error of that."""
        return self._mean_difference(self.linear, self.network)

    def mean_zero_one_gain(self) -> tuple[float, float]:
        """Likewise for mistakes: 0 and 0 without classes."""
        if self.network_zero_one is None or self.linear_zero_one is None:
            return 0.0, 0.0
        return self._mean_difference(self.linear_zero_one, self.network_zero_one)

    @property
    def has_network(self) -> bool:
        """Whether the rows were enough to compare one."""
        return not bool(self.network.isnan().any())

    def is_decided(self, share: float) -> bool:
        """Whether the rows to come will hardly change who wins, a `share` of all being tested.

        If z standard errors are seen now, √share z + √(1 − share) N(0, 1) is to be expected in the
        end where the rest is a draw (Lan, Simon and Halperin, "Stochastically curtailed tests in
        long-term clinical trials", Sequential Analysis 1982). No more than 1 % of it may be on the
        other side, and 5 % for mistakes. Units are not sure of winning before they make fewer of
        these, too: a single row that is yet to come can cost more than all others gain.
        """
        seen, to_come = share**0.5, (1.0 - share) ** 0.5
        gain, error = self.mean_gain()
        by_loss = seen * in_standard_errors(gain - self._tolerance(), error)
        by_zero_one = seen * in_standard_errors(*self.mean_zero_one_gain())
        if by_loss - SURE * to_come > self._loss_errors:
            return self.network_zero_one is None or by_zero_one > self._zero_one_errors
        return (
            by_loss + SURE * to_come < min(self._loss_errors, HOPE)
            and by_zero_one + NEARLY_SURE * to_come < self._zero_one_errors
        )

    def _mean_difference(self, of_linear: Tensor, of_network: Tensor) -> tuple[float, float]:
        weight = self.sample_weight
        weight = torch.ones_like(of_linear) if weight is None else weight.to(of_linear)
        differences, share = of_linear - of_network, weight / weight.sum()
        mean = share @ differences
        deviations = share * (differences - mean)
        if self.groups is not None:
            deviations = torch.bincount(self.groups, weights=deviations)
        return float(mean), float(deviations.norm())


def compared_so_far(
    curves: list[Tensor], compared: OutOfFold, y: Tensor, loss: Loss
) -> tuple[OutOfFold, Tensor]:
    """The comparison on the first folds, and the network's losses by what is best for all these."""
    epochs = _by_epoch(curves)
    n_epochs, n = epochs.shape[:2]
    temperatures = loss.temperatures if n_epochs > 1 else (1.0,)
    outputs = torch.cat([epochs / temperature for temperature in temperatures])
    y, weight, mistakes = y[:n], compared.sample_weight, compared.linear_zero_one
    weight = None if weight is None else weight[:n]
    losses = loss(outputs.flatten(0, 1), _repeated(y, len(outputs))).double().view(-1, n)
    best, chosen = _best_choices(losses, weight, [curve.shape[1] for curve in curves])
    outputs = outputs[chosen, torch.arange(n, device=y.device)]
    result = replace(
        compared,
        network=loss(outputs, y).double(),
        linear=compared.linear[:n],
        kept=None if compared.kept is None else compared.kept[:n],
        sample_weight=weight,
        groups=None if compared.groups is None else compared.groups[:n],
        network_zero_one=loss.zero_one(outputs, y),
        linear_zero_one=None if mistakes is None else mistakes[:n],
        n_epochs=best % n_epochs + 1 if n_epochs > 1 else None,
        temperature=temperatures[best // n_epochs],
    )
    return result, losses[best]


def mean_zero_one(loss: Loss, outputs: Tensor, y: Tensor, weight: Tensor | None) -> float:
    """Share of the rows that are given a wrong class, 0 without classes."""
    wrong = loss.zero_one(outputs, y)
    return 0.0 if wrong is None else float(weighted_mean(wrong, weight))


def _best_choices(
    losses: Tensor, weight: Tensor | None, fold_sizes: list[int]
) -> tuple[int, Tensor]:
    """The choice of the least mean loss, and for each row that of the rows of other folds.

    Chosen by the rows that it is tested on, an epoch would look better than it is.
    """
    weighted = losses if weight is None else losses * weight
    sums = torch.stack([part.sum(1) for part in weighted.split(fold_sizes, dim=1)])
    total = sums.sum(0)
    by_fold = (total - sums if len(sums) > 1 else sums).argmin(1)
    sizes = torch.tensor(fold_sizes, device=losses.device)
    return int(total.argmin()), by_fold.repeat_interleave(sizes)


def _by_epoch(curves: list[Tensor]) -> Tensor:
    """Outputs of all folds by epoch, those that ended earlier as in their last."""
    n_epochs = max(len(curve) for curve in curves)
    return torch.cat(
        [torch.cat([c, c[-1:].expand(n_epochs - len(c), *c.shape[1:])]) for c in curves], dim=1
    )


def _repeated(y: Tensor, n_times: int) -> Tensor:
    return y.repeat(n_times, *[1] * (y.ndim - 1))
