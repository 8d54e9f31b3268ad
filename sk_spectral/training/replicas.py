"""Networks of one shape trained side by side, as one tensor program.

Of a small network a step is some fifty calls, which take longer than their arithmetic. R networks
on a leading axis share these. As many are trained at once as the cache holds; others wait.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from math import inf, isfinite
from typing import Any

import torch
from torch import Tensor, nn

from sk_spectral.data.batches import Batch, TensorDataset
from sk_spectral.data.sparse import SparseRows
from sk_spectral.spectral.carry import Recursion
from sk_spectral.spectral.network import SpectralNetwork, diverged, rows_at_once
from sk_spectral.training.averaging import MovingAverage
from sk_spectral.training.config import TrainingConfig
from sk_spectral.training.flat_parameters import flat_parameters, trained_parameters, views_of
from sk_spectral.training.loss import Loss, weighted_mean
from sk_spectral.training.optimizers import optimizer_for
from sk_spectral.training.step import GradientStep
from sk_spectral.training.threads import limited_threads

_VALUES_AT_ONCE = 320_000
"""Activations of all layers of the networks that are trained at once, on a CPU: more of them leave
its cache, and take longer than one by one."""

"""Of all networks together, that are validated at once."""


@dataclass(frozen=True, eq=False)
class Replica:
    """One of the networks, and how it was trained.

    Attributes
    ----------
    network : SpectralNetwork
        As after its last epoch, or with `valid` rows after its best.
    train_losses, valid_losses : list of float
        By epoch; the latter are empty without rows to validate.
    stopped : bool
        Whether the stopping rule ended its training.
    """

    network: SpectralNetwork
    train_losses: list[float]
    valid_losses: list[float]
    stopped: bool


@dataclass(eq=False)
class _Course:
    """A replica in training, and what its stopping rule remembers."""

    network: SpectralNetwork
    train_losses: list[float] = field(default_factory=list)
    valid_losses: list[float] = field(default_factory=list)
    stopped: bool = False
    to_beat: float = inf
    n_misses: int = 0
    best: SpectralNetwork | None = None

    def found(self) -> Replica:
        return Replica(self.network, self.train_losses, self.valid_losses, self.stopped)


def train_replicas(
    networks: Sequence[SpectralNetwork],
    rows: TensorDataset,
    loss: Loss,
    config: TrainingConfig,
    generators: Sequence[torch.Generator],
    *,
    picked: Sequence[Tensor] | None = None,
    valid: Sequence[TensorDataset] | None = None,
    alphas: Sequence[float] | None = None,
    n_epochs: int | None = None,
) -> list[Replica]:
    """Train copies of networks side by side: each ends as `train` would end it alone.

    But for rounding, and whatever else is trained beside it. One that has stopped leaves the others
    to go on without it.

    Parameters
    ----------
    networks : sequence of R networks
        Of one shape and activation. They stay what they are.
    rows : TensorDataset
    loss : Loss
    config : TrainingConfig
        Of one for all, with solver "adam" or "sgd"; its callbacks are not called.
    generators : sequence of R generators
        Shuffle the rows of each.
    picked : sequence of R int tensors of shape (n_samples,), optional
        The rows that each is fitted to, equally many for all. By default all rows.
    valid : sequence of R datasets, optional
        Rows by which each stops and of which it keeps its best epoch.
    alphas : sequence of R floats, optional
        Strengths of the penalty; by default that of `config`.
    n_epochs : int, optional
        At most so many; by default `config.max_iter`.

    Returns
    -------
    list of R Replica

    Raises
    ------
    ValueError
        Where they do not fit side by side, or a loss is not finite any more.
    """
    if config.solver == "lbfgs":
        raise ValueError("Networks are trained side by side by solver 'adam' or 'sgd'.")
    shapes = {(network.layer_sizes, network.activation) for network in networks}
    if len(shapes) > 1:
        raise ValueError(f"Networks side by side must be of one shape, got {sorted(shapes)}.")
    counts = set() if picked is None else {len(some) for some in picked}
    if len(counts) > 1:
        raise ValueError(
            f"Networks side by side must be fitted to equally many rows, got {sorted(counts)}."
        )
    if not networks:
        return []
    every = torch.arange(len(rows), device=rows.X.device)
    found = [_Course(deepcopy(network)) for network in networks]
    n_rows = counts.pop() if counts else len(rows)
    size = _n_at_once(networks[0], config.batch_size_for(n_rows))
    for start in range(0, len(networks), size):
        part = range(start, min(start + size, len(networks)))
        side_by_side = _SideBySide(
            [found[r] for r in part],
            rows,
            torch.stack([every if picked is None else picked[r] for r in part]),
            None if valid is None else [valid[r] for r in part],
            [generators[r] for r in part],
            [config.alpha if alphas is None else alphas[r] for r in part],
            loss,
            config,
        )
        side_by_side.train(config.max_iter if n_epochs is None else n_epochs)
    return [course.found() for course in found]


def _n_at_once(network: SpectralNetwork, batch_size: int) -> int:
    if network.eigenvalues[0].device.type != "cpu":
        return 1 << 30
    return max(1, _VALUES_AT_ONCE // (batch_size * sum(network.layer_sizes)))


class _SideBySide:
    """Some replicas in training, their parameters stacked in two tensors."""

    def __init__(
        self,
        replicas: list[_Course],
        rows: TensorDataset,
        picked: Tensor,
        valid: list[TensorDataset] | None,
        generators: list[torch.Generator],
        alphas: list[float],
        loss: Loss,
        config: TrainingConfig,
    ) -> None:
        self._replicas, self._picked, self._valid = replicas, picked, valid
        self._rows = TensorDataset(self._with_constant(rows.X), rows.y, rows.sample_weight)
        self._generators, self._alphas = generators, alphas
        self._loss, self._config = loss, config
        self._batch_size = config.batch_size_for(picked.shape[1])
        like = [parameter for _, parameter in flat_parameters(replicas[0].network)]
        self._flat = [nn.Parameter(p.new_empty(len(replicas), len(p))) for p in like]
        for r, replica in enumerate(replicas):
            for view, parameter in self._views_of(r, replica.network):
                view.copy_(parameter.detach())
        self._optimizer = optimizer_for(self._flat, config, picked.shape[1])
        self._average = MovingAverage([p.data for p in self._flat]) if config.average else None
        self._make_step()

    def train(self, n_epochs: int) -> None:
        """Until each has stopped, or for so many epochs."""
        largest = max(phi.numel() for phi in self._replicas[0].network.eigenvectors)
        with torch.no_grad(), limited_threads(2.0 * self._batch_size * largest):
            for _ in range(n_epochs):
                if not self._replicas:
                    return
                self._record(self._epoch())
        for r, replica in enumerate(self._replicas):
            self._write(r, replica)

    def _with_constant(self, X: Any) -> Any:
        if not self._replicas[0].network.fit_intercept:
            return X
        if isinstance(X, SparseRows):
            return X.with_ones()
        return torch.cat([X, X.new_ones(len(X), 1)], dim=1)

    def _views_of(self, r: int, network: SpectralNetwork) -> list[tuple[Tensor, Tensor]]:
        """Of the stacked parameters those of one network, each beside its own."""
        pairs: list[tuple[Tensor, Tensor]] = []
        for group, flat in enumerate(self._flat):
            views = views_of(flat.detach()[r], network, group)
            pairs += list(zip(views, trained_parameters(network)[group], strict=True))
        return pairs

    def _make_step(self) -> None:
        """By views of what is stacked now."""
        network = self._replicas[0].network
        for flat in self._flat:
            flat.grad = torch.zeros_like(flat)
        lam, phi = (views_of(flat.detach(), network, i) for i, flat in enumerate(self._flat))
        d_lam, d_phi = (
            views_of(flat.grad, network, i)
            for i, flat in enumerate(self._flat)
            if flat.grad is not None
        )
        frozen = len(network.eigenvalues) - len(lam)  # that of the input, or none
        of_frozen: list[Tensor | None] = [None] * frozen
        first = [torch.stack([each.network.eigenvalues[0].detach() for each in self._replicas])]
        lam, activation = first[:frozen] + lam, network.activation
        self._recursion = Recursion(lam, phi, activation, [False] * len(phi))
        alpha = torch.tensor(self._alphas, dtype=phi[0].dtype, device=phi[0].device)
        penalty = self._config.penalty if any(self._alphas) else None
        gradients = [*of_frozen, *d_lam], d_phi
        self._step = GradientStep(lam, phi, *gradients, activation, self._loss, penalty, alpha)

    def _epoch(self) -> list[float]:
        """One pass of each over its rows, and their mean losses."""
        if self._average is not None:
            self._average.swap_out()
        n_replicas, n_rows = self._picked.shape
        total = self._flat[0].new_zeros(n_replicas)
        for some in self._shuffled().split(self._batch_size, dim=1):
            losses, _ = self._step(self._gathered(some))
            self._optimizer.step()
            if self._average is not None:
                self._average.update()
            total.add_(losses, alpha=some.shape[1])
        if self._average is not None:
            self._average.swap_in()
        return (total / n_rows).tolist()

    def _shuffled(self) -> Tensor:
        """Rows of each in the order of this epoch; a batch of all of them keeps theirs."""
        n_rows = self._picked.shape[1]
        if self._batch_size >= n_rows:
            return self._picked
        orders = [torch.randperm(n_rows, generator=g) for g in self._generators]
        return self._picked.gather(1, torch.stack(orders).to(self._picked.device))

    def _gathered(self, some: Tensor) -> Batch:
        batch, shape = self._rows.take(some.flatten()), some.shape
        weight = batch.sample_weight
        return Batch(
            batch.X.view(*shape, -1),
            batch.y.view(*shape, *batch.y.shape[1:]),
            None if weight is None else weight.view(shape),
        )

    def _record(self, losses: list[float]) -> None:
        """Write an epoch down, and let go of those that it ends."""
        going, valid_losses = [], self._valid_losses()
        for r, (replica, loss) in enumerate(zip(self._replicas, losses, strict=True)):
            replica.train_losses.append(_finite(loss, "training", len(replica.train_losses) + 1))
            if valid_losses:
                loss = _finite(valid_losses[r], "validation", len(replica.train_losses))
                replica.valid_losses.append(loss)
            if self._goes_on(r, replica, loss):
                going.append(r)
            else:
                replica.stopped = True
                self._write(r, replica)
        if len(going) < len(self._replicas):
            self._keep(going)

    def _goes_on(self, r: int, replica: _Course, loss: float) -> bool:
        """The rule of the config: whether a loss, or those that are still to come, may improve."""
        if loss < replica.to_beat:
            replica.to_beat, replica.n_misses = loss - self._config.tol, 0
            if self._valid is not None:
                replica.best = replica.best or deepcopy(replica.network)
                self._copy(r, replica.best)
        else:
            replica.n_misses += 1
        return replica.n_misses < self._config.n_iter_no_change

    def _valid_losses(self) -> list[float]:
        """Of each on its rows; at once where they all have the same."""
        valid = self._valid or []
        if not valid or any(rows is not valid[0] for rows in valid):
            return [self._valid_loss(r, rows) for r, rows in enumerate(valid)]
        n_replicas, rows = len(valid), valid[0]
        size = -(-rows_at_once(rows.X.shape[1]) // n_replicas)
        losses = []
        for X, y in zip(rows.X.split(size), rows.y.split(size), strict=True):
            outputs = self._recursion.forward(self._with_constant(X).expand(n_replicas, -1, -1))
            of_rows = self._loss(outputs.flatten(0, 1), torch.cat([y] * n_replicas))
            losses.append(of_rows.view(n_replicas, -1))
        return [float(weighted_mean(o, rows.sample_weight)) for o in torch.cat(losses, dim=1)]

    def _valid_loss(self, r: int, rows: TensorDataset) -> float:
        self._copy(r, network := self._replicas[r].network)
        losses = self._loss(network.evaluate(rows.X), rows.y)
        return float(weighted_mean(losses, rows.sample_weight))

    def _write(self, r: int, replica: _Course) -> None:
        """Give a network what was found for it."""
        if replica.best is not None:
            replica.network.load_state_dict(replica.best.state_dict())
            replica.best = None
        else:
            self._copy(r, replica.network)

    def _copy(self, r: int, network: SpectralNetwork) -> None:
        with torch.no_grad():
            for view, parameter in self._views_of(r, network):
                parameter.copy_(view)

    def _keep(self, going: list[int]) -> None:
        """Leave the others out of every tensor."""
        kept = torch.tensor(going, dtype=torch.int64, device=self._picked.device)
        old = self._flat
        self._replicas = [self._replicas[r] for r in going]
        if not going:
            return
        self._flat = [nn.Parameter(flat.detach()[kept]) for flat in old]
        for group, before, after in zip(self._optimizer.param_groups, old, self._flat, strict=True):
            group["params"] = [after]
            state = self._optimizer.state.pop(before)
            self._optimizer.state[after] = {
                name: value[kept] if value.ndim else value for name, value in state.items()
            }
        if self._average is not None:
            self._average = self._average.taken(kept, [flat.data for flat in self._flat])
        self._picked = self._picked[kept]
        self._generators = [self._generators[r] for r in going]
        self._alphas = [self._alphas[r] for r in going]
        self._valid = None if self._valid is None else [self._valid[r] for r in going]
        self._make_step()


def _finite(loss: float, name: str, epoch: int) -> float:
    if not isfinite(loss):
        raise diverged(f"The {name} loss became {loss} in epoch {epoch}")
    return loss
