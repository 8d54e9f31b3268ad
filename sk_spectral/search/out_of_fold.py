"""Losses of rows held out, and what they say of hidden units against the best linear map."""

from dataclasses import dataclass
from math import copysign, inf

import torch
from torch import Tensor

from sk_spectral.search.evaluation import RELATIVE_FLOOR
from sk_spectral.training.losses import weighted_mean

_ZERO_ONE_ERRORS, _ERRORS_WHERE_BENT, _ERRORS_WHERE_LINEAR_MAPS_FAIL = 2.0, 1.5, 1.0
_SURE, _NEARLY_SURE = 2.33, 1.645
_HOPE = 1.5  # standard errors that are worth going on for, where more are asked for in the end


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
        Of the linear maps with the least loss.
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

    def mean_loss(self) -> float:
        """Mean loss of the network."""
        return float(weighted_mean(self.network, self.sample_weight))

    def mean_linear_loss(self) -> float:
        """Mean loss of the linear map."""
        return float(weighted_mean(self.linear, self.sample_weight))

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
        return min(self.standard_errors, _ERRORS_WHERE_BENT) if self.bent else self.standard_errors

    @property
    def _zero_one_errors(self) -> float:
        if self._linear_maps_fail:
            return _ERRORS_WHERE_LINEAR_MAPS_FAIL
        return _ERRORS_WHERE_BENT if self.bent else _ZERO_ONE_ERRORS

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
        if by_loss - _SURE * to_come > self._loss_errors:
            return self.network_zero_one is None or by_zero_one > self._zero_one_errors
        return (
            by_loss + _SURE * to_come < min(self._loss_errors, _HOPE)
            and by_zero_one + _NEARLY_SURE * to_come < self._zero_one_errors
        )

    def _mean_difference(self, of_linear: Tensor, of_network: Tensor) -> tuple[float, float]:
        weight = self.sample_weight
        weight = torch.ones_like(of_linear) if weight is None else weight.to(of_linear)
        differences, share = of_linear - of_network, weight / weight.sum()
        mean = share @ differences
        return float(mean), float((share * (differences - mean)).norm())


def in_standard_errors(difference: float, error: float) -> float:
    """Standard errors that a difference is worth; one that all rows agree on is beyond any."""
    if error == 0:
        return difference and copysign(inf, difference)
    return difference / error
