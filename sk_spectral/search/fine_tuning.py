"""Fine-tuning with distillation: what is left of a network is trained to do as the whole did."""

from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

from sk_spectral.data.batches import TensorDataset
from sk_spectral.data.streamed import StreamedRows
from sk_spectral.search.candidate import Candidate
from sk_spectral.search.streams import RandomStreams
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.config import TrainingConfig
from sk_spectral.training.fit import train
from sk_spectral.training.loss import Loss, weighted_mean
from sk_spectral.training.net import SpectralNet

_SHARE_OF_THE_WHOLE = 0.7
_STEPS, _SHARE_OF_STEPS, _STEPS_UNWATCHED = 400, 0.25, 150
_PASSES, _BATCHES_OF_A_PASS = 4, 1000


@dataclass(frozen=True, eq=False)
class SoftTargets:
    """Gives rows targets of which a share is what a network says of them."""

    whole: SpectralNetwork
    loss: Loss
    share: float

    def __call__(self, rows: TensorDataset) -> TensorDataset:
        y = self.loss.soft_targets(self.whole.evaluate(rows.X), rows.y, self.share)
        return TensorDataset(rows.X, y, rows.sample_weight)


@dataclass(frozen=True, eq=False)
class FineTuning:
    """Trains what is left of a network, its targets drawn towards the outputs of the whole.

    The targets are 0.7 of what the whole network says and 0.3 of the truth (Hinton, Vinyals and
    Dean, "Distilling the Knowledge in a Neural Network", arXiv:1503.02531): their noise is less,
    and few units suffice to say the same. Without validation rows, which tell when to stop, they
    are what the whole network says alone.

    Attributes
    ----------
    whole : SpectralNetwork
    training : TrainingConfig
        Of the search. The penalty is left out, and no rule stops a fine-tuning.
    loss : Loss
    streams : RandomStreams
    watched : bool
        Whether there are rows that tell which epoch is the best.
    n_epochs : int
        For which the whole was trained.
    stream : StreamedRows or None
        The rows that it was trained on, where they are not in memory.
    """

    whole: SpectralNetwork
    training: TrainingConfig
    loss: Loss
    streams: RandomStreams
    watched: bool
    n_epochs: int = 0
    stream: StreamedRows | None = None

    def rows_for(self, rows: TensorDataset) -> TensorDataset | StreamedRows:
        """These rows with the targets that are to be trained on; in their place those of a stream.

        Of that 1,000 batches in a pass.
        """
        if self.stream is None:
            return self.soft_targets(rows)
        batch_size = self.training.batch_size_for(len(self.stream))
        return self.stream.at_most(_BATCHES_OF_A_PASS * batch_size).with_changed(self._softened)

    def soft_targets(self, rows: TensorDataset) -> TensorDataset:
        """These rows with the targets that are to be trained on."""
        return self._softened(rows)

    @property
    def _softened(self) -> SoftTargets:
        share = _SHARE_OF_THE_WHOLE if self.watched else 1.0
        return SoftTargets(self.whole, self.loss, share)

    def refit(
        self,
        network: SpectralNetwork,
        unit_masks: list[Tensor],
        inputs: Tensor | None = None,
        *,
        rows: TensorDataset | StreamedRows,
        valid: TensorDataset | None,
    ) -> tuple[SpectralNetwork, int]:
        """Train a copy for 400 steps and keep the epoch that is best for the validation rows.

        Or for a quarter as long as the whole was, where this is more: what took long to learn takes
        a while to be said in another way; of a stream for four passes. Without validation rows for
        150 steps, and keep the last. By L-BFGS for `max_iter` of its iterations at most, of which
        each may take many steps.

        Parameters
        ----------
        network : SpectralNetwork
        unit_masks : list of bool tensors
        inputs : bool tensor of shape (n_inputs,), optional
            Columns of the rows that the network reads; by default all.
        rows : TensorDataset or StreamedRows
            From `rows_for`.
        valid : TensorDataset or None
            With those that are true.

        Returns
        -------
        SpectralNetwork
        int
            Number of that epoch, from 1 on.
        """
        steps = _STEPS_UNWATCHED if valid is None else _STEPS
        n_epochs = self.training.epochs_for(steps, len(rows))
        if self.stream is not None:
            n_epochs = max(n_epochs, _PASSES)
        elif valid is not None:
            n_epochs = max(n_epochs, int(_SHARE_OF_STEPS * self.n_epochs))
        if inputs is not None:
            rows = rows.with_inputs(inputs)
            valid = None if valid is None else valid.with_inputs(inputs)
        net = self._train(network, unit_masks, rows, valid, n_epochs)
        if valid is None:
            return net.module_, len(net.history)
        return net.module_, 1 + int(np.argmin(net.history[:, "valid_loss"]))

    def again(self, candidate: Candidate, rows: TensorDataset) -> Candidate:
        """Make the last fine-tuning of a candidate again, on all rows: there are none to watch.

        An epoch that no rows watch may be a bad one. Where it ends above what is lost on all rows
        without it, though a part of them was new to that, the candidate stays as it is.
        """
        checkpoint = candidate.fine_tuned_from
        if checkpoint is None:
            return candidate
        soft = self.soft_targets(rows)
        if candidate.inputs is not None:
            soft, rows = soft.with_inputs(candidate.inputs), rows.with_inputs(candidate.inputs)
        net = self._train(checkpoint.network, candidate.unit_masks, soft, None, checkpoint.n_epochs)
        before, after = (
            float(weighted_mean(self._losses(network, candidate, rows), rows.sample_weight))
            for network in (candidate.network, net.module_)
        )
        network = net.module_ if after <= before else candidate.network
        return replace(candidate, network=network, fine_tuned_from=None)

    def _losses(
        self, network: SpectralNetwork, candidate: Candidate, rows: TensorDataset
    ) -> Tensor:
        return self.loss(network.evaluate(rows.X, candidate.unit_masks), rows.y)

    def _train(
        self,
        network: SpectralNetwork,
        unit_masks: list[Tensor],
        rows: TensorDataset | StreamedRows,
        valid: TensorDataset | None,
        n_epochs: int,
    ) -> SpectralNet:
        training = self.training.quiet().to_the_last_epoch().replace(penalty=None)
        return train(
            network,
            rows,
            valid,
            self.loss,
            training,
            self.streams.generator("fine-tuning"),
            n_epochs=n_epochs,
            unit_masks=unit_masks,
            task="pruning",
        )
