"""From one chunk of rows to the next: what partial_fit does, as a function.

Units, class shares and the rows by which units are evaluated are those of all that was seen, as far
as it is known, and not of the first or the last chunk alone.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from sk_spectral.data.batches import TensorDataset
from sk_spectral.data.dataset import Data
from sk_spectral.data.limits import refuse_beyond
from sk_spectral.data.reservoir import Reservoir, joined
from sk_spectral.data.running_moments import RunningMoments
from sk_spectral.data.scaling import Scaling, encoded_parts
from sk_spectral.model.pieces import Pieces
from sk_spectral.search.candidate import Candidate
from sk_spectral.search.config import SearchConfig
from sk_spectral.search.evaluation import Evaluator
from sk_spectral.search.noise import fitted
from sk_spectral.search.pruning import prune
from sk_spectral.search.result import SearchResult, initial, result_of
from sk_spectral.search.streams import RandomStreams
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.fit import new_net
from sk_spectral.training.losses import loss_for
from sk_spectral.training.net import SpectralNet
from sk_spectral.training.rescaling import rescale, silence

_FEWEST_ROWS_TO_GO_ON = 32
"""Until so many were seen, each call starts afresh with all of them: units of fewer say little."""

_FEWEST_ROWS_TO_PRUNE = 50
_SCALE_OFF_BY, _SCALE_BEYOND = 1.25, 1e6


@dataclass(frozen=True, eq=False)
class Seen:
    """What is kept of all rows seen, a new object after each chunk.

    Attributes
    ----------
    inputs : RunningMoments
        Of the features, and of their pieces.
    targets : RunningMoments or None
        Of targets that have units.
    sample : Reservoir
    n_seen : int
        Rows, those of a fit before included.
    weight : float
        Their total weight, with the weights of classes.
    units : list of bool arrays, or None
        By hidden layer, the units that a fit before has left; None for all.
    pruned : tuple (list of bool arrays, int), or None
        The units that the last pruning left, and how many rows had been seen by then.
    pieces : Pieces or None
        Of a fit before.
    """

    inputs: RunningMoments
    targets: RunningMoments | None
    sample: Reservoir
    n_seen: int
    weight: float
    units: list[NDArray[np.bool_]] | None = None
    pruned: tuple[list[NDArray[np.bool_]], int] | None = None
    pieces: Pieces | None = None

    @classmethod
    def of(cls, data: Data, streams: RandomStreams) -> Self:
        """The first rows."""
        sample = Reservoir.empty(data, streams.seed("sample")).with_rows(data)
        return cls(*_moments(data, None), sample, len(data), data.total_weight)

    @classmethod
    def of_a_fit(
        cls,
        n_rows: int,
        scaling: Scaling,
        units: list[NDArray[np.bool_]] | None,
        data: Data,
        streams: RandomStreams,
    ) -> Self:
        """What a fit has left: its scale stands for its rows, which were like those of `data`."""
        inputs = RunningMoments.taken_as(n_rows, scaling.input_mean, scaling.input_scale)
        targets = None
        if data.targets.have_units:
            targets = RunningMoments.taken_as(n_rows, scaling.output_mean, scaling.output_scale)
        sample = Reservoir.empty(data, streams.seed("sample"))
        return cls(inputs, targets, sample, n_rows, float(n_rows), units, pieces=scaling.pieces)

    def with_rows(self, data: Data) -> "Seen":
        """After these rows have come, too."""
        inputs, targets = _moments(data, self.pieces)
        known = self.targets
        return replace(
            self,
            inputs=self.inputs.and_of(inputs),
            targets=None if targets is None or known is None else known.and_of(targets),
            sample=self.sample.with_rows(data),
            n_seen=self.n_seen + len(data),
            weight=self.weight + data.total_weight,
        )


@dataclass(frozen=True, eq=False)
class Learned:
    """What the chunks before have left, to learn on with.

    Attributes
    ----------
    net : SpectralNet
        Is trained further itself: it holds what its optimiser remembers. An error leaves it as it
        was.
    scaling : Scaling
    history : list of float
        Training loss by epoch.
    seen : Seen
    """

    net: SpectralNet
    scaling: Scaling
    history: list[float]
    seen: Seen


def learn_on(
    data: Data, config: SearchConfig, streams: RandomStreams, learned: Learned | None
) -> tuple[SearchResult, Learned]:
    """Train for one epoch on these rows, and prune by a sample of all that were seen.

    Parameters
    ----------
    data : Data
        Rows of this chunk.
    config : SearchConfig
    streams : RandomStreams
        Drawn from where a network is begun.
    learned : Learned or None
        From the chunks before, or from a fit; None for the first.

    Returns
    -------
    SearchResult
    Learned
        To learn on with, after the next chunk.
    """
    if learned is None:
        learned, rows = _begun(data, config, streams, Seen.of(data, streams), []), data
        return _train_and_prune(learned, rows, config)
    before, now = learned.seen, learned.seen.with_rows(data)
    if _says_nothing_yet(before, now):
        rows = joined(before.sample.rows, data)
        if np.all(rows.sample_weight == 1):
            rows = replace(rows, sample_weight=None)
        if now.pieces is not None:  # a fit of so few rows: a new network has none
            now = replace(now, inputs=_moments(rows, None)[0], pieces=None)
        learned = _begun(rows, config, streams, now, learned.history)
        return _train_and_prune(learned, rows, config)
    with learned.net.unchanged_on_error():
        scaling = _in_better_units(learned.net, learned.scaling, before, now, config)
        return _train_and_prune(replace(learned, scaling=scaling, seen=now), data, config)


def _begun(
    data: Data, config: SearchConfig, streams: RandomStreams, seen: Seen, history: list[float]
) -> Learned:
    """A new network in units of these rows, and a net for it."""
    start = initial(data, config, streams, complete=False).placed(config, len(data))
    if config.fit_intercept:  # nothing is to be read from a column of which one value is known
        silence(start.network, seen.inputs.constant)
    like = start.network.eigenvalues[0]
    rows = partial(start.scaling.to_rows, data, dtype=like.dtype, device=like.device)
    n_features = start.scaling.n_features
    net = new_net(
        start.network,
        fitted(loss_for(data.targets), rows, n_features, config.fit_intercept),
        config.training,
        len(data),
        stop_early=False,
        generator=streams.generator("shuffle"),
    )
    return Learned(net.initialize(), start.scaling, history, seen)


def _says_nothing_yet(before: Seen, now: Seen) -> bool:
    """Whether the rows before these are too few to go on from, or have a constant target."""
    if before.n_seen < _FEWEST_ROWS_TO_GO_ON:
        return True
    if before.targets is None or now.targets is None:
        return False
    return bool(before.targets.constant.all() and not now.targets.constant.all())


def _in_better_units(
    net: SpectralNet, old: Scaling, before: Seen, now: Seen, config: SearchConfig
) -> Scaling:
    """Where a scale has turned out wrong, let the net go on in a better one, as the same function.

    Returns
    -------
    Scaling
        The one in which it goes on.
    """
    if not config.standardize:
        return old
    is_new = before.inputs.constant & ~now.inputs.constant
    # Nothing is read from them yet, so that their centre can still be moved.
    center = np.where(is_new & bool(config.fit_intercept), now.inputs.mean, old.input_mean)
    scale = now.inputs.scale_around(center)
    ranges = now.inputs.high - now.inputs.low
    scale = np.where(now.inputs.two_valued & ~now.inputs.constant, ranges, scale)
    wrong = (is_new | _is_off(scale, old.input_scale)) & ~now.inputs.constant
    wrong[old.n_features :] = False  # pieces stay between 0 and 1
    scale = np.where(wrong, scale, old.input_scale)
    output_scale, wrong_output = old.output_scale, np.zeros(1, dtype=bool)
    if now.targets is not None:
        found = now.targets.scale_around(old.output_mean)
        wrong_output = _is_off(found, output_scale) & ~now.targets.constant
        output_scale = np.where(wrong_output, found, output_scale)
    if not (wrong.any() or wrong_output.any()):
        return old
    rescale(net, _factors(scale, old.input_scale), _factors(old.output_scale, output_scale))
    return replace(old, input_mean=center, input_scale=scale, output_scale=output_scale)


def _is_off(scale: NDArray[Any], old: NDArray[Any]) -> NDArray[np.bool_]:
    return (scale > _SCALE_OFF_BY * old) | (old > _SCALE_OFF_BY * scale)


def _factors(new: NDArray[Any], old: NDArray[Any]) -> NDArray[Any]:
    """By which weights change with the units; by none where the old ones were of another world."""
    known = (new < _SCALE_BEYOND * old) & (old < _SCALE_BEYOND * new)
    return np.where(known, new, 1.0) / np.where(known, old, 1.0)


def _train_and_prune(
    learned: Learned, data: Data, config: SearchConfig
) -> tuple[SearchResult, Learned]:
    net, now, training = learned.net, learned.seen, config.training
    network = net.module_
    device = training.torch_device(network, len(data))
    network.to(device)
    like = network.eigenvalues[0]
    rows = learned.scaling.to_rows(data, dtype=like.dtype, device=device)
    net.batch_size = training.batch_size_for(len(data))
    if training.solver != "lbfgs" and training.weight_decay == "auto":
        n_rows = max(now.n_seen, len(data) * training.max_iter)
        decay = training.weight_decay_for(n_rows, net.batch_size)
        net.optimizer_.param_groups[1]["weight_decay"] = decay
    units = None
    if now.units is not None:
        units = [torch.as_tensor(mask, device=device) for mask in now.units]
    factors = None if units is None else [mask.to(like) for mask in units]
    net.fit_rows(_by_all_weights(rows, data, now), None, 1, factors)
    evaluated = learned.scaling.to_rows(now.sample.weighed(), dtype=like.dtype, device=device)
    tol = config.prune_tol if len(now.sample) >= _FEWEST_ROWS_TO_PRUNE else None
    evaluator = Evaluator.of_rows(net.criterion_, network, evaluated, None, tol)
    candidate = _as_before(network, evaluator, now)
    if candidate is None:
        candidate = prune(network, evaluator, units)
        kept = [mask.cpu().numpy() for mask in candidate.unit_masks]
        now = replace(now, pruned=(kept, now.n_seen))
    result = result_of(candidate, net, learned.scaling, evaluated)
    history = [*learned.history, result.history[-1]]  # of several nets at first
    return replace(result, history=history), replace(learned, history=history, seen=now)


def _as_before(network: SpectralNetwork, evaluator: Evaluator, now: Seen) -> Candidate | None:
    """The units that were left last, while they do and few rows have come since: that is cheap."""
    if evaluator.tol is None or now.pruned is None or now.n_seen - now.pruned[1] > len(now.sample):
        return None
    active = network.active_units()
    if now.units is not None:
        active = [a & torch.as_tensor(m).to(a) for a, m in zip(active, now.units, strict=True)]
    kept = [a & torch.as_tensor(m).to(a) for a, m in zip(active, now.pruned[0], strict=True)]
    before, after = (float(evaluator.losses(network, masks).mean()) for masks in (active, kept))
    if after > evaluator.tolerated(before):
        return None
    return Candidate(network, kept, before, after)


def _by_all_weights(rows: TensorDataset, data: Data, now: Seen) -> TensorDataset:
    """Weights relative to the mean of all rows seen: those of one chunk count beside others."""
    relative = (data.total_weight / len(data)) / (now.weight / now.n_seen)
    if abs(relative - 1.0) < 1e-9:
        return rows
    weight = rows.sample_weight
    weight = rows.X.new_ones(len(rows)) if weight is None else weight
    return TensorDataset(rows.X, rows.y, weight * relative)


def _moments(data: Data, pieces: Pieces | None) -> tuple[RunningMoments, RunningMoments | None]:
    weight = data.sample_weight
    inputs = RunningMoments.of(partial(encoded_parts, data, pieces), weight)
    refuse_beyond(inputs.largest, "Column {} of X")
    if not data.targets.have_units:
        return inputs, None
    targets = RunningMoments.of(lambda: [data.y], weight)
    refuse_beyond(targets.largest, "y")
    return inputs, targets
