"""The rows and the rule by which networks are evaluated."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from torch import Tensor

from sk_spectral.data.batches import TensorDataset
from sk_spectral.search.candidate import Candidate
from sk_spectral.search.significance import ON_ROWS_SET_APART, RELATIVE_FLOOR
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.loss import Loss, standard_error, weighted_mean


@dataclass(frozen=True)
class Evaluator:
    """The rows and the rule by which hidden units are evaluated.

    Attributes
    ----------
    X : Tensor of shape (n_samples, n_features)
    loss_of : callable
        Loss of each row, shape (n_samples,), for the outputs of a network on X.
    divergence_of : callable
        Likewise, how far outputs are from those of another network.
    sample_weight : Tensor of shape (n_samples,) and mean 1, or None
    constant_loss : float
        Loss of the best constant predictor. Where it is 0 no hidden unit stays.
    tol : float or None
        A smaller network may lose ``tol * loss + 1e-4 * constant_loss`` on the trained one. None
        lets no unit go but those that read nothing.
    independent : bool
        Whether the network was trained on other rows than these.
    loss : Loss, optional
        What is trained on.
    """

    X: Tensor
    loss_of: Callable[[Tensor], Tensor]
    divergence_of: Callable[[Tensor, Tensor], Tensor]
    sample_weight: Tensor | None
    constant_loss: float
    tol: float | None
    independent: bool
    loss: Loss | None = None

    @classmethod
    def of_rows(
        cls,
        loss: Loss,
        network: SpectralNetwork,
        train: TensorDataset,
        valid: TensorDataset | None,
        tol: float | None,
    ) -> Self:
        """Evaluator on validation rows where there are some."""
        rows = train if valid is None else valid
        template = rows.X.new_empty(len(rows), network.layer_sizes[-1])
        constant = loss(loss.best_constant(template, train.y, train.sample_weight), rows.y)
        return cls(
            rows.X,
            loss_of=lambda outputs: loss(outputs, rows.y),
            divergence_of=loss.divergence,
            sample_weight=rows.sample_weight,
            constant_loss=float(weighted_mean(constant, rows.sample_weight)),
            tol=tol,
            independent=valid is not None,
            loss=loss,
        )

    def losses(self, network: SpectralNetwork, masks: list[Tensor]) -> Tensor:
        """Weighted loss of each row with the hidden units in `masks` alone."""
        return self.weighted(self.loss_of(network.evaluate(self.X, masks)))

    def weighted(self, values: Tensor) -> Tensor:
        """Values of the rows by their weights."""
        return values if self.sample_weight is None else values * self.sample_weight

    def tolerated(self, loss: float) -> float:
        """Largest loss that may take the place of `loss`."""
        return loss * (1.0 + (self.tol or 0.0)) + RELATIVE_FLOOR * self.constant_loss

    def prefers(self, candidate: Candidate, simpler: Candidate) -> bool:
        """Whether a candidate is better than a simpler one by more than what is tolerated.

        On rows of its own some standard errors of the difference are asked for, too.
        """
        losses = self.losses(simpler.network, simpler.unit_masks)
        error = 0.0
        if self.independent:
            excess = losses - self.losses(candidate.network, candidate.unit_masks)
            error = ON_ROWS_SET_APART * standard_error(excess)
        return float(losses.mean()) > self.tolerated(candidate.loss_before) + error
