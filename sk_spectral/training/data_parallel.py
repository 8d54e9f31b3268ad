"""One training of several processes: the first leads it, the others make the same steps."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from sk_spectral.data.streamed import Pass, Stream, StreamedRows
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.config import TrainingConfig
from sk_spectral.training.loss import Loss
from sk_spectral.training.resuming import restore
from sk_spectral.training.team import Team


@dataclass(frozen=True, eq=False)
class SharedTraining:
    """What the first process tells the others to train with it.

    Attributes
    ----------
    network : SpectralNetwork
    loss : Loss
    config : TrainingConfig
    of_pass : Pass
        Which rows of a stream, and in which units.
    unit_masks : sequence of Tensor or None
    """

    network: SpectralNetwork
    loss: Loss
    config: TrainingConfig
    of_pass: Pass
    unit_masks: Sequence[Tensor] | None

    @classmethod
    def of(
        cls,
        network: SpectralNetwork,
        rows: StreamedRows,
        loss: Loss,
        config: TrainingConfig,
        unit_masks: Sequence[Tensor] | None,
    ) -> "SharedTraining":
        """That of `train`, without those who are told of it."""
        own = config.quiet().replace(observer=None, checkpoint=None, team=None)
        masks = None if unit_masks is None else [mask.cpu() for mask in unit_masks]
        return cls(deepcopy(network).cpu(), loss, own, rows.of_pass, masks)

    def follow(self, team: Team, stream: Stream, make_net: Any) -> None:
        """Make the steps of the first process, by the rows of this one, until that ends them.

        Parameters
        ----------
        team : Team
        stream : Stream
            Of this process.
        make_net : callable
            As `new_net` of `sk_spectral.training.fit`.
        """
        device = self.config.torch_device(self.network, stream.n_rows)
        network, dtype = self.network.to(device), self.network.eigenvalues[0].dtype
        masks = None if self.unit_masks is None else [mask.to(device) for mask in self.unit_masks]
        rows = StreamedRows(stream, self.of_pass, dtype, device)
        state = team.told()
        generator = None if state["generator"] is None else torch.Generator()
        net = make_net(network, self.loss, self.config, len(rows), False, generator)
        net.team = team
        with net.initialize().steps(masks) as step:
            restore(net, state)
            batches = net.get_iterator(rows, training=True)
            while team.told():
                step.begin_epoch()
                for batch in step.told_of(batches):
                    step(batch)
                step.end_epoch()
