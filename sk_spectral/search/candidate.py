"""What may be left of a search: a network that nobody changes any more, and what it loses."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from sk_spectral.spectral.network import SpectralNetwork


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The network from which a fine-tuning set out, and for how many epochs."""

    network: SpectralNetwork
    n_epochs: int


@dataclass(frozen=True, eq=False)
class Candidate:
    """A network, the hidden units that stay in it, and what it loses with them.

    Attributes
    ----------
    network : SpectralNetwork
        Not changed by anyone who is given it.
    unit_masks : list of bool tensors of shape (n_l,), one for each hidden layer
        True for the units that stay.
    loss_before, loss_after : float
        Mean loss of the network that was trained, and of this one with these units alone.
    shrinkage : float or None
        With which this linear map was fitted, if it is one that takes the place of a network.
    n_read : int or None
        How many of the inputs, the first of them, it was fitted to; None for all.
    inputs : bool tensor of shape (n_inputs,), or None
        Those that `network` has, where it lost some of the search's.
    fine_tuned_from : Checkpoint or None
        How to fine-tune these units again, on more rows.
    tried : tuple of Candidate
        What was tried beside it, without what these were compared with.
    """

    network: SpectralNetwork
    unit_masks: list[Tensor]
    loss_before: float
    loss_after: float
    shrinkage: float | None = None
    n_read: int | None = None
    inputs: Tensor | None = None
    fine_tuned_from: Checkpoint | None = None
    tried: "tuple[Candidate, ...]" = ()

    @classmethod
    def linear(
        cls,
        network: SpectralNetwork,
        shrinkage: float,
        n_read: int | None,
        loss_before: float,
        loss_after: float,
    ) -> Self:
        """A network that has become a linear map."""
        return cls(network, no_units(network), loss_before, loss_after, shrinkage, n_read)

    @property
    def has_units(self) -> bool:
        """Whether any hidden unit stays."""
        return any(bool(mask.any()) for mask in self.unit_masks)


def with_linear_map(network: SpectralNetwork, W: Tensor) -> SpectralNetwork:
    """A copy of a network that has become W, or as near to it as it can be."""
    linear = deepcopy(network)
    linear.set_linear_map(W)
    return linear


def nearest_outputs(network: SpectralNetwork, X: Tensor, W: Tensor) -> Tensor:
    """What a network says of X that has become W as nearly as it can."""
    return with_linear_map(network, W).evaluate(X)


def no_units(network: SpectralNetwork) -> list[Tensor]:
    """Masks that leave none."""
    return [torch.zeros_like(mask) for mask in network.active_units()]
