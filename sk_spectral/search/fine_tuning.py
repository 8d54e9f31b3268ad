"""Fine-tuning with distillation: what is left of a network is trained to do as the whole did."""

from collections.abc import Callable
from copy import deepcopy

import numpy as np
from torch import Tensor

from sk_spectral.data.batches import TensorDataset
from sk_spectral.search.iterative_pruning import Checkpoint
from sk_spectral.search.trainer import Trainer
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.net import SpectralNet

_SHARE_OF_THE_WHOLE = 0.7
_STEPS, _STEPS_UNWATCHED = 400, 150


class FineTuning:
    """Trains what is left of a network, its targets drawn towards the outputs of the whole.

    The targets are 0.7 of what the whole network says and 0.3 of the truth (Hinton, Vinyals and
    Dean, "Distilling the Knowledge in a Neural Network", arXiv:1503.02531): their noise is less,
    and few units suffice to say the same. Without validation rows, which tell when to stop, they
    are what the whole network says alone.

    Parameters
    ----------
    trainer : Trainer
    network : SpectralNetwork
        Is trained further by each call. As it is now it is the whole.
    train : TensorDataset
    valid : TensorDataset or None
    all_rows : callable, optional
        Gives both together.
    """

    def __init__(
        self,
        trainer: Trainer,
        network: SpectralNetwork,
        train: TensorDataset,
        valid: TensorDataset | None,
        all_rows: Callable[[], TensorDataset] | None = None,
    ) -> None:
        self._trainer = trainer
        training = trainer.config.training
        self._training = training.quiet().to_the_last_epoch().replace(penalty=None)
        self._network = network
        self._whole = deepcopy(network)
        self._share = 1.0 if valid is None else _SHARE_OF_THE_WHOLE
        self._train = self._with_soft_targets(train)
        self._valid = valid
        self._all_rows = all_rows
        self._kept: tuple[list[Tensor], Checkpoint] | None = None

    def __call__(self, unit_masks: list[Tensor]) -> int:
        """Train for 400 steps and keep the epoch that is best for the validation rows.

        By L-BFGS for `max_iter` of its iterations at most, of which each may take many steps.

        Without these for 150, and keep the last.

        Returns
        -------
        int
            Number of that epoch, from 1 on.
        """
        steps = _STEPS_UNWATCHED if self._valid is None else _STEPS
        n_epochs = self._training.epochs_for(steps, len(self._train))
        net = self._fit(self._train, self._valid, unit_masks, n_epochs)
        if self._valid is None:
            return len(net.history)
        return 1 + int(np.argmin(net.history[:, "valid_loss"]))

    def keep(self, unit_masks: list[Tensor], last: Checkpoint) -> None:
        """Remember what the search ended with."""
        self._kept = unit_masks, last

    def again_on_all_rows(self) -> None:
        """Make the last refit again, on all rows, if these are more than were trained on.

        The other rows are let go, and no refit can be made any more.
        """
        if self._all_rows is None or self._kept is None:
            return
        del self._train, self._valid
        unit_masks, last = self._kept
        self._network.load_state_dict(last.parameters)
        rows = self._with_soft_targets(self._all_rows())
        self._fit(rows, None, unit_masks, last.n_epochs)

    def _with_soft_targets(self, rows: TensorDataset) -> TensorDataset:
        outputs = self._whole.evaluate(rows.X)
        y = self._trainer.loss.soft_targets(outputs, rows.y, self._share)
        return TensorDataset(rows.X, y, rows.sample_weight)

    def _fit(
        self,
        rows: TensorDataset,
        valid: TensorDataset | None,
        unit_masks: list[Tensor],
        n_epochs: int,
    ) -> SpectralNet:
        net = self._trainer.new_net(
            self._network, len(rows), valid is not None, self._training, "fine-tuning"
        )
        return net.fit_rows(rows, valid, n_epochs, [mask.to(rows.X.dtype) for mask in unit_masks])
