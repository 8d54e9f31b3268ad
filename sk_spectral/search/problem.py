"""One search: what its steps share, and what they give each other."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_spectral.data.batches import TensorDataset
from sk_spectral.data.dataset import Data
from sk_spectral.data.scaling import Scaling
from sk_spectral.data.splitting import Split
from sk_spectral.data.streamed import Pass, Stream, StreamedRows
from sk_spectral.model.path import PathPoint
from sk_spectral.search.baseline import LinearMaps, RidgeRegressions, of_all_inputs
from sk_spectral.search.candidate import Candidate, with_linear_map
from sk_spectral.search.config import SearchConfig
from sk_spectral.search.noise import fitted
from sk_spectral.search.result import Start
from sk_spectral.search.streams import RandomStreams
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.config import TrainingConfig
from sk_spectral.training.fit import new_net
from sk_spectral.training.loss import Loss
from sk_spectral.training.losses import SquaredError
from sk_spectral.training.net import SpectralNet

_FEW_INPUTS, _ROWS_OF_MANY_INPUTS = 100, 1_000_000

Warnings = tuple[tuple[type[Warning], str], ...]


@dataclass(frozen=True, eq=False)
class Found:
    """What is left, the net that a user is shown, some rows trained on, and what to tell.

    And what was tried beside it.
    """

    candidate: Candidate
    net: SpectralNet
    scaling: Scaling
    rows: TensorDataset
    warnings: Warnings
    points: tuple[PathPoint, ...] = ()


@dataclass(frozen=True, eq=False)
class Problem:
    """Rows, a network to set out from, and how it is trained: no step changes any of them.

    Attributes
    ----------
    split : Split
    start : Start
        Its network reads the pieces of features as well, where there are some.
    config : SearchConfig
    loss : Loss
    streams : RandomStreams
    report : callable
        Told of each step in a line.
    """

    split: Split
    start: Start
    config: SearchConfig
    loss: Loss
    streams: RandomStreams
    report: Callable[[str], None]

    def rows(self, data: Data) -> TensorDataset:
        """Tensors in the units of training."""
        like = self.start.network.eigenvalues[0]
        return self.start.scaling.to_rows(data, dtype=like.dtype, device=like.device)

    def rows_by_use(self) -> tuple[TensorDataset, TensorDataset | None]:
        """Those that are trained on, and those set apart, where there are some."""
        valid = self.split.valid
        return self.rows(self.split.train), None if valid is None else self.rows(valid)

    def rows_to_train_on(self, sample: TensorDataset) -> TensorDataset | StreamedRows:
        """Those of a stream, where there is one; else `sample`, which is all of them then."""
        stream = self.split.stream
        return sample if stream is None else self._streamed(stream)

    def _streamed(self, stream: Stream) -> StreamedRows:
        like = self.start.network.eigenvalues[0]
        return StreamedRows(stream, Pass(self.start.scaling), like.dtype, like.device)

    def starting_from(self, start: Start) -> "Problem":
        """The same with another network to set out from."""
        return replace(self, start=start.placed(self.config, self.split.n_train)).observed()

    def observed(self) -> "Problem":
        """The same, its observer knowing the units that networks are trained in."""
        training = self.config.training
        if training.observer is None:
            return self
        observer = training.observer.of(self.start.scaling)
        return self.with_training(training.replace(observer=observer))

    def with_inputs(self, read: NDArray[np.bool_] | None) -> "Problem":
        """With a network of these inputs alone, all features among them; None for all."""
        if read is None:
            return self
        return self.starting_from(self.start.narrowed(read, self.config, self.streams))

    def with_training(self, training: TrainingConfig) -> "Problem":
        """Trained in another way."""
        return replace(self, config=replace(self.config, training=training))

    def with_fitted_loss(self) -> "Problem":
        """With what the loss has to know of the rows that are trained on."""
        n_features, network = self.start.scaling.n_features, self.start.network
        rows = partial(self.rows, self.split.train)
        return replace(self, loss=fitted(self.loss, rows, n_features, network.fit_intercept))

    def without_penalty(self) -> "Problem":
        """Draws and trains as this does, but for the penalty; the user is told nothing of it."""
        training = self.config.training.quiet().replace(penalty=None)
        streams = self.streams.from_the_beginning()
        streams.seed("folds")  # the folds themselves
        unheard = self.with_training(training)
        return replace(unheard, streams=streams, report=lambda line: None)

    def linear_map(
        self,
        network: SpectralNetwork,
        shrinkage: float,
        n_read: int | None,
        rows: TensorDataset | None = None,
        read: NDArray[np.bool_] | None = None,
    ) -> SpectralNetwork:
        """The best linear map of some rows, by default all, in place of a network.

        Of the first `n_read` inputs, else of those in `read`, else of all.
        Where they hold one class alone, and there is none, the network itself.
        """
        if n_read is not None:
            read = np.arange(network.layer_sizes[0]) < n_read
        stream = self.split.stream
        if rows is None:
            is_squared = isinstance(self.loss, SquaredError)
            if stream is not None and is_squared and not stream.n_of_others:
                return with_linear_map(network, self._map_of_stream(stream, shrinkage, read))
            rows = self.rows(self.split.whole)
        n_outputs = network.layer_sizes[-1]
        W = LinearMaps(rows, n_outputs, network.fit_intercept, read, self.loss)(shrinkage)
        return network if W is None else with_linear_map(network, torch.as_tensor(W))

    def _map_of_stream(
        self, stream: Stream, shrinkage: float, read: NDArray[np.bool_] | None
    ) -> Tensor:
        """Of all its rows; of many inputs of a million, which tell them as well."""
        if read is None:
            read = np.ones(len(self.start.scaling.input_mean), dtype=bool)
        most = stream.n_rows if read.sum() <= _FEW_INPUTS else _ROWS_OF_MANY_INPUTS
        rows = self._streamed(stream).at_most(most)
        regressions = RidgeRegressions.of_parts(rows.one_pass(), read, self.config.fit_intercept)
        return torch.as_tensor(of_all_inputs(regressions(shrinkage), read))

    def net_beside(self, other: SpectralNet, network: SpectralNetwork | None = None) -> SpectralNet:
        """A net of a network, by default that at the start, with the history of another net."""
        generator = self.streams.generator("shuffle")
        network, n_samples = deepcopy(network or self.start.network), self.split.n_train
        net = new_net(network, self.loss, self.config.training, n_samples, False, generator)
        return net.with_history_of(other)

    def about_alpha(self, found: str) -> Warnings:
        """What a penalty that is too strong does, and what helps."""
        return ((UserWarning, f"alpha={self.config.training.alpha} {found} Lower alpha."),)
