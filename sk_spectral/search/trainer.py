"""The nets that a search trains: its own, and those by which it is tested."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from sk_spectral.data.batches import TensorDataset
from sk_spectral.data.splitting import FEWEST_TO_COMPARE, Splitter
from sk_spectral.search.config import SearchConfig
from sk_spectral.search.cross_validation import compare_out_of_fold
from sk_spectral.search.out_of_fold import OutOfFold
from sk_spectral.search.streams import RandomStreams
from sk_spectral.search.wide_limit import bends
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.callbacks import RecordOutputs
from sk_spectral.training.config import TrainingConfig
from sk_spectral.training.losses import LogLoss, SquaredError
from sk_spectral.training.net import SpectralNet

_FEW_ROWS, _FEW_TO_DECIDE = 1000, 200
_ERRORS_OF_A_BEND = 1.5  # where the network has to make fewer mistakes, too
_SHARE_THAT_COUNTS = 0.01  # of the linear loss, in a comparison with it of few rows


class Trainer:
    """Makes and trains nets of one search.

    Parameters
    ----------
    config : SearchConfig
    loss : module of sk_spectral.training.losses
    streams : RandomStreams
        Drawn from for each net.
    """

    def __init__(
        self, config: SearchConfig, loss: SquaredError | LogLoss, streams: RandomStreams
    ) -> None:
        self.config = config
        self.loss = loss
        self._streams = streams

    def new_net(
        self,
        network: SpectralNetwork,
        n_samples: int,
        stop_early: bool,
        training: TrainingConfig | None = None,
        stream: str = "shuffle",
    ) -> SpectralNet:
        """Net that trains `network` on so many rows, by other settings where they are given."""
        training = self.config.training if training is None else training
        generator = self._streams.generator(stream)
        return training.new_net(network, self.loss, n_samples, stop_early, generator)

    def from_the_beginning(self, training: TrainingConfig) -> "Trainer":
        """One that draws as this did at first, to tell what other settings alone change."""
        config = replace(self.config, training=training)
        return Trainer(config, self.loss, self._streams.from_the_beginning())

    def train_anew(
        self,
        start: SpectralNetwork,
        train: TensorDataset,
        valid: TensorDataset | None,
        n_epochs: int,
    ) -> SpectralNetwork:
        """A copy of `start`, trained as the user's network is."""
        network = deepcopy(start)
        net = self.new_net(network, len(train), valid is not None)
        net.fit_rows(train, valid, n_epochs)
        return network

    def compare(
        self,
        start: SpectralNetwork,
        rows: TensorDataset,
        splitter: Splitter,
        *,
        validated: bool,
        report: Callable[[str], None] = lambda line: None,
    ) -> tuple[OutOfFold | None, SpectralNet]:
        """The training from `start` on against linear maps, out of fold, and the net of one fold.

        Where it is `validated`, each fold sets rows apart for this as the whole does. Else the
        folds find the number of epochs that is best for the rows held out. Too few different rows
        compare linear maps alone. The net returned is the one that the user is told of.
        """
        training = self.config.training
        folds = splitter.folds(self._streams.seed("folds"))
        nets: list[SpectralNet] = []

        def fit_network(
            some: TensorDataset, held_out: Tensor, linear_loss: float, *, split: Splitter
        ) -> Tensor:
            of_this = training.quiet() if nets else training
            if validated and len(rows) < _FEW_ROWS:
                of_this = of_this.replace(tol=max(training.tol, _SHARE_THAT_COUNTS * linear_loss))
            net, outputs = self._fit_and_say(start, some, held_out, split, validated, of_this)
            nets.append(net)
            return outputs

        fits = [partial(fit_network, split=splitter.take(np.flatnonzero(~out))) for out in folds]
        compared = compare_out_of_fold(
            rows,
            folds,
            fits if splitter.n_groups >= FEWEST_TO_COMPARE else None,
            self.loss,
            start.layer_sizes[-1],
            start.fit_intercept,
            report,
            standard_errors=standard_errors_for(splitter.n_groups, validated),
            tol=self.config.prune_tol or 0.0,
            bent=not validated
            and rows.y.ndim == 1
            and bends(rows, splitter.groups, _ERRORS_OF_A_BEND),
            apply=None if start.can_be_every_map() else partial(_nearest_outputs, start),
        )
        if not nets:
            nets.append(self.new_net(deepcopy(start), len(rows), False, training, "folds"))
            nets[0].fit_rows(rows, None, training.max_iter)
        return compared, nets[0]

    def _fit_and_say(
        self,
        start: SpectralNetwork,
        rows: TensorDataset,
        held_out: Tensor,
        splitter: Splitter,
        validated: bool,
        training: TrainingConfig,
    ) -> tuple[SpectralNet, Tensor]:
        """A net fitted to some rows, and what it says on others in the end or by epoch."""
        valid = None
        said = RecordOutputs(held_out)
        if validated:
            parts = splitter.set_apart(self.config.validation_fraction, self._streams.seed("folds"))
            rows, valid = (
                TensorDataset(*rows.take(torch.as_tensor(part, device=rows.y.device)))
                for part in parts
            )
        else:
            training = training.replace(callbacks=[*(training.callbacks or ()), said])
        net = self.new_net(deepcopy(start), len(rows), validated, training, "folds")
        net.fit_rows(rows, valid, training.max_iter)
        if validated:
            return net, net.module_.evaluate(held_out)[None]
        net.callbacks_ = [named for named in net.callbacks_ if named[1] is not said]
        net.callbacks.remove(said)
        return net, torch.stack(said.outputs)


def standard_errors_for(n_samples: int, validated: bool) -> float:
    """By how many standard errors units must win on rows held out: 1 + 8 / √n.

    As fits to folds share most of their rows, the true error is about 1.5 times as large (Nadeau
    and Bengio, "Inference for the generalization error", Machine Learning 2003). Below 200 rows it
    is 3: a few of them decide, by how they fall into folds. Without validation rows, too, as
    networks are then stopped where they are all but linear if that is best, and win by chance.
    """
    return 1.0 + 8.0 / n_samples**0.5 if validated and n_samples >= _FEW_TO_DECIDE else 3.0


def _nearest_outputs(start: SpectralNetwork, X: Tensor, W: Tensor) -> Tensor:
    """What a network says that has become W as nearly as it can."""
    network = deepcopy(start)
    network.set_linear_map(W)
    return network.evaluate(X)
