"""Learning on from one chunk of rows to the next: what partial_fit does.

Units, class shares and the rows by which units are evaluated are those of all that was seen, as far
as it is known, and not of the first or the last chunk alone.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_spectral.data.batches import TensorDataset
from sk_spectral.data.dataset import Data
from sk_spectral.data.reservoir import Reservoir, joined
from sk_spectral.data.running_moments import RunningMoments
from sk_spectral.data.scaling import refuse_beyond
from sk_spectral.search.candidate import Candidate
from sk_spectral.search.evaluation import Evaluator
from sk_spectral.search.pruning import prune
from sk_spectral.search.result import initial, result_of
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.fit import new_net
from sk_spectral.training.losses import loss_for
from sk_spectral.training.rescaling import rescale, silence

_FEWEST_ROWS_TO_GO_ON = 32
"""Until so many were seen, each call starts afresh with all of them: units of fewer say little."""

_FEWEST_ROWS_TO_PRUNE = 50
_SCALE_OFF_BY, _SCALE_BEYOND = 1.25, 1e6
_ROWS_OF_A_FIT = 100


@dataclass(frozen=True, eq=False)
class Stream:
    """What is kept of all rows seen, a new object after each call.

    Attributes
    ----------
    inputs : RunningMoments
    targets : RunningMoments or None
        Of a regression.
    sample : Reservoir
    n_seen : int
        Rows, those of a fit before included.
    weight : float
        Their total weight, with the weights of classes.
    units : list of bool arrays, or None
        By hidden layer, the units that a fit before has left; None for all.
    """

    inputs: RunningMoments
    targets: RunningMoments | None
    sample: Reservoir
    n_seen: int
    weight: float
    units: list[NDArray[np.bool_]] | None = None
    pruned: tuple[list[NDArray[np.bool_]], int] | None = None
    """The units that the last search left, and how many rows had been seen by then."""

    def with_rows(self, data: Data) -> "Stream":
        """After these rows have come, too."""
        inputs, targets = _moments(data)
        total = len(data) if data.sample_weight is None else float(data.sample_weight.sum())
        return replace(
            self,
            inputs=self.inputs.and_of(inputs),
            targets=None if targets is None else self.targets.and_of(targets),
            sample=self.sample.with_rows(data),
            n_seen=self.n_seen + len(data),
            weight=self.weight + total,
        )


def learn_on(search: Any, data: Data) -> None:
    """Train the estimator for one epoch on these rows and prune it by a sample of all."""
    before: Stream | None = search._stream
    if before is None and hasattr(search, "network_"):
        before = _after_a_fit(search, data)
    if before is None:
        _begin(search, data)
        sample = Reservoir.empty(data, _n_classes(search), search._streams().seed("sample"))
        now = Stream(*_moments(data), sample.with_rows(data), len(data), _total(data))
        _silence_constant(search, now)
        rows = data
    else:
        now = before.with_rows(data)
        if _says_nothing_yet(before, now):
            X, y, weight = joined(before.sample.rows, data)
            weight = None if (weight == 1).all() else weight
            rows = Data(y, weight, X, n_classes=data.n_classes)
            _begin(search, rows)
            _silence_constant(search, now)
        else:
            rows = data
    search._stream = now
    if not search.net_.initialized_:
        search.net_.initialize()
    with search.net_.unchanged_on_error():
        if rows is data and before is not None:
            _change_units(search, before, now)
        _train_and_prune(search, rows, now)


def _begin(search: Any, data: Data) -> None:
    """A new network in units of these rows, and a net for it."""
    config, streams = search._config(), search._streams()
    start = initial(data, config, streams, complete=False).placed(config, len(data))
    search.network_, search._scaling = start.network, start.scaling
    search.net_ = new_net(
        start.network,
        loss_for(data.y),
        config.training,
        len(data),
        stop_early=False,
        generator=streams.generator("shuffle"),
    )


def _after_a_fit(search: Any, data: Data) -> Stream:
    """What a fit has left: its units and its scale stand for its rows."""
    n_rows = getattr(search, "_n_fitted", _ROWS_OF_A_FIT)
    scaling = search._scaling
    inputs = RunningMoments.taken_as(n_rows, scaling.input_mean, scaling.input_scale)
    targets = None
    if data.y.ndim == 2:
        targets = RunningMoments.taken_as(n_rows, scaling.output_mean, scaling.output_scale)
    seed = search._streams().seed("sample")
    units = None
    if not (search.warm_start or search.topology_.is_linear):
        # The others were left alone while these were refitted.
        units = [np.asarray(mask, dtype=bool) for mask in search.compact_.unit_masks]
    sample = Reservoir.empty(data, _n_classes(search), seed)
    return Stream(inputs, targets, sample, n_rows, float(n_rows), units)


def _says_nothing_yet(before: Stream, now: Stream) -> bool:
    """Whether the rows before these are too few to go on from, or have a constant target."""
    if before.n_seen < _FEWEST_ROWS_TO_GO_ON:
        return True
    if before.targets is None or now.targets is None:
        return False
    return bool(before.targets.constant.all() and not now.targets.constant.all())


def _silence_constant(search: Any, now: Stream) -> None:
    """With an intercept, nothing is to be read from a column of which one value is known."""
    if search.fit_intercept:
        silence(search.network_, now.inputs.constant)


def _change_units(search: Any, before: Stream, now: Stream) -> None:
    """Where a scale has turned out wrong, go on in a better one with the same function."""
    if not search.standardize:
        return
    old = search._scaling
    is_new = before.inputs.constant & ~now.inputs.constant
    # Nothing is read from them yet, so that their centre can still be moved.
    center = np.where(is_new & bool(search.fit_intercept), now.inputs.mean, old.input_mean)
    scale = now.inputs.scale_around(center)
    ranges = now.inputs.high - now.inputs.low
    scale = np.where(now.inputs.two_valued & ~now.inputs.constant, ranges, scale)
    wrong = (is_new | _is_off(scale, old.input_scale)) & ~now.inputs.constant
    scale = np.where(wrong, scale, old.input_scale)
    output_scale, wrong_output = old.output_scale, np.zeros(1, dtype=bool)
    if now.targets is not None:
        found = now.targets.scale_around(old.output_mean)
        wrong_output = _is_off(found, output_scale) & ~now.targets.constant
        output_scale = np.where(wrong_output, found, output_scale)
    inputs = _factors(scale, old.input_scale)
    outputs = _factors(old.output_scale, output_scale)
    if wrong.any() or wrong_output.any():
        rescale(search.net_, inputs, outputs)
        search._scaling = replace(
            old, input_mean=center, input_scale=scale, output_scale=output_scale
        )


def _is_off(scale: NDArray[Any], old: NDArray[Any]) -> NDArray[np.bool_]:
    return (scale > _SCALE_OFF_BY * old) | (old > _SCALE_OFF_BY * scale)


def _factors(new: NDArray[Any], old: NDArray[Any]) -> NDArray[Any]:
    """By which weights change with the units; by none where the old ones were of another world."""
    known = (new < _SCALE_BEYOND * old) & (old < _SCALE_BEYOND * new)
    return np.where(known, new, 1.0) / np.where(known, old, 1.0)


def _train_and_prune(search: Any, data: Data, now: Stream) -> None:
    network, net, config = search.network_, search.net_, search._config()
    training = config.training
    device = training.torch_device()
    network.to(device)
    settings = {"dtype": network.eigenvalues[0].dtype, "device": device}
    rows = _by_all_weights(search._scaling.to_rows(data, **settings), data, now)
    net.batch_size = training.batch_size_for(len(data))
    if training.solver != "lbfgs" and training.weight_decay == "auto":
        n_rows = max(now.n_seen, len(data) * training.max_iter)
        decay = training.weight_decay_for(n_rows, net.batch_size)
        net.optimizer_.param_groups[1]["weight_decay"] = decay
    units = None
    if now.units is not None:
        units = [torch.as_tensor(mask, device=device) for mask in now.units]
    net.fit_rows(rows, None, 1, _as_factors(units, network))
    evaluated = search._scaling.to_rows(now.sample.weighed(), **settings)
    evaluator = Evaluator.of_rows(loss_for(data.y), network, evaluated, None, config.prune_tol)
    if len(now.sample) < _FEWEST_ROWS_TO_PRUNE:
        evaluator = replace(evaluator, tol=None)
    candidate = _as_before(network, evaluator, now)
    if candidate is None:
        candidate = prune(network, evaluator, units)
        kept = [mask.cpu().numpy() for mask in candidate.unit_masks]
        search._stream = replace(now, pruned=(kept, now.n_seen))
    before = getattr(search, "loss_curve_", [])
    search._store(result_of(candidate, net, search._scaling, evaluated))
    search.loss_curve_ = [*before, search.loss_curve_[-1]]  # of several nets at first
    search.n_iter_ = len(search.loss_curve_)


def _as_before(network: SpectralNetwork, evaluator: Evaluator, now: Stream) -> Candidate | None:
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


def _by_all_weights(rows: TensorDataset, data: Data, now: Stream) -> TensorDataset:
    """Weights relative to the mean of all rows seen: those of one chunk count beside others."""
    relative = (_total(data) / len(data)) / (now.weight / now.n_seen)
    if abs(relative - 1.0) < 1e-9:
        return rows
    weight = rows.sample_weight
    weight = rows.X.new_ones(len(rows)) if weight is None else weight
    return TensorDataset(rows.X, rows.y, weight * relative)


def _as_factors(units: list[Tensor] | None, network: SpectralNetwork) -> list[Tensor] | None:
    return None if units is None else [mask.to(network.eigenvalues[0]) for mask in units]


def _moments(data: Data) -> tuple[RunningMoments, RunningMoments | None]:
    weight = data.sample_weight
    inputs = RunningMoments.of(data.parts_of_X, weight)
    refuse_beyond(inputs.largest, "Column {} of X")
    if data.y.ndim == 1:
        return inputs, None
    targets = RunningMoments.of(lambda: [data.y], weight)
    refuse_beyond(targets.largest, "y")
    return inputs, targets


def _n_classes(search: Any) -> int:
    return len(search.classes_) if hasattr(search, "classes_") else 1


def _total(data: Data) -> float:
    return float(len(data)) if data.sample_weight is None else float(data.sample_weight.sum())
