"""Who is told what is trained, and may end it early."""

from typing import Any

from sk_spectral.data.scaling import Scaling
from sk_spectral.spectral.network import SpectralNetwork


class Observer:
    """Is told of every training of a search. This one wants to know nothing."""

    def of(self, scaling: Scaling) -> "Observer":
        """For networks that are trained in these units from now on."""
        return self

    def begin(self, task: str, n_epochs: int) -> Any:
        """A training begins, of so many epochs at most; what is given back names it.

        Parameters
        ----------
        task : str
            "fold", "training", "more weight decay", "without the penalty", "pruning" or "trial".
        n_epochs : int
        """

    def epoch(self, begun: Any, network: SpectralNetwork) -> bool:
        """An epoch of it has ended: whether the training is to end as well."""
        return False

    def end(self, begun: Any, network: SpectralNetwork) -> None:
        """The training has ended, with this network."""
