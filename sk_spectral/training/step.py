"""The step of training without an autograd graph."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

import torch
from torch import Tensor

from sk_spectral.data.batches import Batch, NarrowBatch
from sk_spectral.spectral.carry import Recursion, of_columns, one_replica
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.spectral.penalties import PENALTIES
from sk_spectral.training.averaging import MovingAverage
from sk_spectral.training.flat_parameters import FlatParameters
from sk_spectral.training.loss import Loss
from sk_spectral.training.shared_gradient import SharedGradient
from sk_spectral.training.team import Team


class GradientStep:
    """Losses of a batch with their penalties, the gradient written into that of the parameters.

    Of R networks of one shape at once, on a leading axis of every tensor; `of` takes one network.

    Parameters
    ----------
    eigenvalues, eigenvectors : sequences of tensors of shape (R, n_l) and (R, n_{l+1}, n_l)
        Read anew in each call.
    d_eigenvalues, d_eigenvectors : sequences of Tensor or None
        Written into in each call, in the shapes of these; None where one is not trained.
    activation : {"relu", "tanh", "gelu", "silu"}
    loss : module of sk_spectral.training.losses
    penalty : {"gamma", "group", "l1"} or None
    alpha : float or Tensor of shape (R,)
        Strength of the penalty.
    unit_masks : sequence of Tensor, optional
        For each hidden layer, (n_l,) factors of its activations.
    """

    def __init__(
        self,
        eigenvalues: Sequence[Tensor],
        eigenvectors: Sequence[Tensor],
        d_eigenvalues: Sequence[Tensor | None],
        d_eigenvectors: Sequence[Tensor | None],
        activation: str,
        loss: Loss,
        penalty: str | None,
        alpha: float | Tensor,
        unit_masks: Sequence[Tensor] | None = None,
    ) -> None:
        self._unit_masks = unit_masks
        self._loss, self._alpha = loss, alpha
        is_free = not isinstance(alpha, Tensor) and not alpha
        self._add_penalty = None if penalty is None or is_free else PENALTIES[penalty].add_gradient
        self._lam, self._phi = eigenvalues, eigenvectors
        self._d_lam, self._d_phi = d_eigenvalues, d_eigenvectors
        at_zero = [not bool(lam.any()) for lam in self._lam[:-1]]
        self._activation = activation
        self._recursion = Recursion(self._lam, self._phi, activation, at_zero)
        # Layers that have not left 0; whether one has, a GPU would have to be asked at each step.
        self._waiting = [i for i, d in enumerate(self._d_lam[:-1]) if d is not None and at_zero[i]]
        if self._lam[0].device.type != "cpu":
            self._leave_zero(self._waiting)

    @classmethod
    def of(
        cls,
        network: SpectralNetwork,
        loss: Loss,
        penalty: str | None,
        alpha: float,
        unit_masks: Sequence[Tensor] | None = None,
    ) -> Self:
        """That of one network, between `__enter__` and `__exit__` of its FlatParameters."""
        lam, phi = list(network.eigenvalues), list(network.eigenvectors)
        return cls(
            one_replica([values.detach() for values in lam]),
            one_replica([values.detach() for values in phi]),
            one_replica([values.grad for values in lam]),
            one_replica([values.grad for values in phi]),
            network.activation,
            loss,
            penalty,
            alpha,
            unit_masks,
        )

    def _leave_zero(self, layers: list[int]) -> None:
        for i in layers:
            self._recursion.at_zero[i] = False
        self._waiting = [i for i in self._waiting if i not in layers]

    def __call__(self, batch: Batch | NarrowBatch) -> tuple[Tensor, Tensor]:
        """Penalised mean losses (R,), and the outputs, of a batch of R networks.

        Its X of shape (R, n_samples, n_0) has its constant column.
        """
        if self._waiting:
            self._leave_zero([i for i in self._waiting if bool(self._lam[i].any())])
        outputs, value = self._gradient_of_loss(batch)
        if self._add_penalty is not None:
            cost = self._add_penalty(
                self._lam, self._phi, self._alpha, self._d_lam, self._d_phi,
                input_at_zero=self._recursion.at_zero[0],
            )  # fmt: skip
            value = value + self._alpha * cost
        return value, outputs

    def _gradient_of_loss(self, batch: Batch | NarrowBatch) -> tuple[Tensor, Tensor]:
        """Outputs and mean losses, the gradient of which is written."""
        recursion, d_lam, d_phi = self._recursion, self._d_lam, self._d_phi
        if isinstance(batch, NarrowBatch):
            few = of_columns(self._lam, self._phi, batch.columns)
            recursion = Recursion(*few, self._activation, self._recursion.at_zero)
            d_lam, d_phi = (
                [_like(d[0], own[0]), *d[1:]] for d, own in ((d_lam, few[0]), (d_phi, few[1]))
            )
        outputs = recursion.forward(batch.X, self._unit_masks)
        value, delta = self._loss.mean_and_gradient(outputs, batch.y, batch.sample_weight)
        recursion.adjoint(delta, d_lam, d_phi, masks=self._unit_masks)
        if isinstance(batch, NarrowBatch):
            for whole, own in ((self._d_lam[0], d_lam[0]), (self._d_phi[0], d_phi[0])):
                if whole is not None and own is not None:
                    whole.zero_().index_copy_(-1, batch.columns, own)
        return outputs, value


def _like(wanted: Tensor | None, values: Tensor) -> Tensor | None:
    """Room for the gradient of these, where one is wanted."""
    return None if wanted is None else torch.empty_like(values)


class DirectStep:
    """Gradient, step of the optimiser and moving average for one batch after the other.

    Parameters
    ----------
    gradient : GradientStep
    optimizer : torch.optim.Optimizer
    parameters : FlatParameters
    average : MovingAverage or None
    shared : SharedGradient, optional
        Where other processes make the same steps.

    Attributes
    ----------
    average : MovingAverage or None
    shared : SharedGradient or None
    """

    def __init__(
        self,
        gradient: GradientStep,
        optimizer: torch.optim.Optimizer,
        parameters: FlatParameters,
        average: MovingAverage | None,
        shared: SharedGradient | None = None,
    ) -> None:
        self._gradient = gradient
        self._optimizer = optimizer
        self._parameters = parameters
        self.average, self.shared = average, shared
        self._frozen: list[tuple[Tensor, Tensor]] = []

    def begin_epoch(self) -> None:
        """Go on from the last step, and see what callbacks have frozen since."""
        self._frozen = self._parameters.frozen()
        if self.average is not None:
            self.average.swap_out()

    def told_of(self, batches: Any) -> Iterator[Any]:
        """The batches; where they cannot be read, other processes get to know."""
        return iter(batches) if self.shared is None else self.shared.telling(iter(batches))

    def end_epoch(self) -> None:
        """Put the average where the parameters are."""
        if self.average is not None:
            self.average.swap_in()

    def __call__(
        self, batch: Batch | NarrowBatch, on_gradient: Callable[[], None] | None = None
    ) -> dict[str, Tensor]:
        """One step; `on_gradient` is called before the optimiser is."""
        with torch.no_grad():
            losses, outputs = self._own_gradient(batch)
            if self.shared is not None:
                losses = self.shared(len(batch.y), losses[0])[None]
        if on_gradient is not None:
            on_gradient()
        self._optimizer.step()
        for view, value in self._frozen:
            view.copy_(value)
        if self.average is not None:
            self.average.update()
        return {"loss": losses[0], "y_pred": outputs[0]}

    def _own_gradient(self, batch: Batch | NarrowBatch) -> tuple[Tensor, Tensor]:
        if not len(batch.y):  # others have the rows of this batch
            return batch.X.new_zeros(1), batch.X.new_zeros(1, 0, 0)
        X, y, weight = one_replica(batch[:3])
        if isinstance(batch, NarrowBatch):
            return self._gradient(NarrowBatch(X, y, weight, batch.columns))
        return self._gradient(Batch(X, y, weight))


@contextmanager
def direct_steps(
    network: SpectralNetwork,
    loss: Loss,
    optimizer: torch.optim.Optimizer,
    *,
    penalty: str | None,
    alpha: float,
    average: bool,
    unit_masks: Sequence[Tensor] | None = None,
    team: Team | None = None,
) -> Iterator[DirectStep]:
    """Steps of an optimiser of flat parameters, of which those of the network are views inside.

    With a `team`, of the rows of all its processes.
    """
    flat = [group["params"][0] for group in optimizer.param_groups]
    with FlatParameters(network, flat) as parameters:
        yield DirectStep(
            GradientStep.of(network, loss, penalty, alpha, unit_masks),
            optimizer,
            parameters,
            MovingAverage([values.data for values in flat]) if average else None,
            None if team is None else SharedGradient(team, flat),
        )
