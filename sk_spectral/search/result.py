"""What a search starts from, and what it ends with."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from sk_spectral.data.batches import TensorDataset
from sk_spectral.data.dataset import Data
from sk_spectral.data.scaling import Scaling
from sk_spectral.data.streamed import Stream
from sk_spectral.model.compact import CompactNetwork
from sk_spectral.model.path import PathPoint, TopologyPath
from sk_spectral.model.topology import Topology
from sk_spectral.search.candidate import Candidate
from sk_spectral.search.compaction import read
from sk_spectral.search.config import SearchConfig
from sk_spectral.search.path import path_of
from sk_spectral.search.streams import RandomStreams
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.net import SpectralNet


@dataclass(frozen=True, eq=False)
class Start:
    """A network to train, and the units that it is trained in.

    Attributes
    ----------
    network : SpectralNetwork
        Stays what it is: copies of it are trained.
    scaling : Scaling
    """

    network: SpectralNetwork
    scaling: Scaling

    def placed(self, config: SearchConfig, n_samples: int) -> "Start":
        """The same on the device and in the precision in which so many rows are trained on.

        Without mini-batches weights count as repeated rows do; float64 keeps that true.
        """
        network = deepcopy(self.network)
        if config.training.batch_size_for(n_samples) == n_samples:
            network.double()
        return Start(network.to(config.training.torch_device(network, n_samples)), self.scaling)

    @classmethod
    def new(
        cls, scaling: Scaling, n_outputs: int, config: SearchConfig, streams: RandomStreams
    ) -> Self:
        """A network that starts as a linear map."""
        network = SpectralNetwork(
            (len(scaling.input_mean), *config.hidden_layer_sizes, n_outputs),
            activation=config.activation,
            fit_intercept=bool(config.fit_intercept),
            train_input_eigenvalues=bool(config.train_input_eigenvalues),
            generator=streams.generator("initialization"),
        )
        if scaling.first_equal is not None:
            network.share_inputs(scaling.first_equal, scaling.silent_inputs())
        return cls(network, scaling)

    def narrowed(
        self, read: NDArray[np.bool_], config: SearchConfig, streams: RandomStreams
    ) -> "Start":
        """A new one of some of the inputs, all features among them."""
        n_outputs = self.network.layer_sizes[-1]
        return Start.new(self.scaling.narrowed(read), n_outputs, config, streams)


@dataclass(frozen=True, eq=False)
class SearchResult:
    """What a search has found.

    Attributes
    ----------
    network : SpectralNetwork
        That was searched, in the units of `scaling`; on the CPU.
    net : SpectralNet
        That trained it, or a fold's network where a linear map has taken its place.
    scaling : Scaling
    unit_masks : list of Tensor of shape (n_units,)
        The units that are left in each hidden layer.
    compact : CompactNetwork
        What is left, in the units of the rows.
    topology : Topology
    path : TopologyPath
        Of what is left, and what was tried beside it.
    feature_importances : array of shape (n_features,)
    history : list of float
        Training loss by epoch.
    loss : float
        Of what is left, on validation rows where there are any; of a linear map that folds
        preferred, on the rows held out by them.
    warnings : tuple of (category, message)
        What a user should be told.
    """

    network: SpectralNetwork
    net: SpectralNet
    scaling: Scaling
    unit_masks: list[torch.Tensor]
    compact: CompactNetwork
    topology: Topology
    path: TopologyPath
    feature_importances: NDArray[np.float64]
    history: list[float]
    loss: float
    warnings: tuple[tuple[type[Warning], str], ...] = ()


def initial(
    data: Data,
    config: SearchConfig,
    streams: RandomStreams,
    *,
    complete: bool,
    stream: Stream | None = None,
) -> Start:
    """Scaling of these rows, and a network that starts as a linear map.

    `complete` says that no others are to come, so that equal columns are known to be equal, and
    quantiles to be those of all: else no knots are placed. Of a `stream` the rows are a sample.
    """
    scaling = Scaling.fit(
        data,
        centered=config.fit_intercept,
        scale_outputs=config.standardize,
        standardize=config.standardize,
        complete=complete,
        n_knots=config.n_knots if complete else 0,
        exact=None if stream is None else stream.exact,
    )
    return Start.new(scaling, data.targets.n_outputs, config, streams)


def initial_steps(
    data: Data, config: SearchConfig, streams: RandomStreams, stream: Stream | None = None
) -> tuple[Start, Start | None]:
    """A start that reads pieces as well, where there are some, and then one that reads none.

    Without an intercept there are none, as each would bring one of its own.
    """
    start = partial(initial, data, streams=streams, complete=True, stream=stream)
    on_features = start(replace(config, n_knots=0))
    if config.n_knots == 0 or not config.fit_intercept:
        return on_features, None
    with_pieces = start(config)
    if with_pieces.scaling.pieces is None:
        return on_features, None
    return with_pieces, on_features


def result_of(
    candidate: Candidate,
    net: SpectralNet,
    scaling: Scaling,
    rows: TensorDataset,
    warnings: tuple[tuple[type[Warning], str], ...] = (),
    points: Sequence[PathPoint] = (),
) -> SearchResult:
    """Cut the compact network out and read its topology, on some rows that were trained on.

    The net, which goes on with the network that was found, ends on the CPU.
    """
    network = net.module_
    if candidate.network is not network:
        network.load_state_dict(candidate.network.state_dict())
    network.to("cpu")
    compact, topology, importances = read(candidate, rows, scaling)
    folded = scaling.fold_into(compact)
    return SearchResult(
        network,
        net,
        scaling,
        candidate.unit_masks,
        folded,
        topology,
        path_of(points, folded, topology),
        importances,
        list(net.history[:, "train_loss"]),
        candidate.loss_after,
        warnings,
    )
