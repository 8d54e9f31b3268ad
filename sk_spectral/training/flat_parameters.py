"""The parameters of a network in two tensors, so that a step of an optimiser is a few calls."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sk_spectral.spectral.network import SpectralNetwork

_FEW_COLUMNS = 3
"""Up to these, a product with contiguous columns is twice as fast. With more it would depend on the
number of threads in its last digits."""


def flat_parameters(network: SpectralNetwork) -> list[tuple[str, nn.Parameter]]:
    """Flat parameters with room for the eigenvalues and for the eigenvectors that are trained.

    An optimiser keeps them from one training to the next.
    """
    sizes = [sum(parameter.numel() for parameter in group) for group in trained_parameters(network)]
    like = network.eigenvalues[-1]
    return [
        (name, nn.Parameter(like.new_zeros(size)))
        for name, size in zip(("eigenvalues", "eigenvectors"), sizes, strict=True)
    ]


class FlatParameters:
    """Makes the parameters of a network and their gradients views of flat ones, for a while.

    Parameters
    ----------
    network : SpectralNetwork
    flat : sequence of two nn.Parameter
        As `flat_parameters` made them for this network.
    """

    def __init__(self, network: SpectralNetwork, flat: Sequence[nn.Parameter]) -> None:
        self._views: list[tuple[nn.Parameter, Tensor, Tensor]] = []
        for trained, whole in zip(trained_parameters(network), flat, strict=True):
            sizes = [parameter.numel() for parameter in trained]
            whole.grad = torch.zeros_like(whole)
            parts = zip(whole.detach().split(sizes), whole.grad.split(sizes), strict=True)
            for parameter, (value, gradient) in zip(trained, parts, strict=True):
                views = _shaped(value, parameter), _shaped(gradient, parameter)
                self._views.append((parameter, *views))

    def __enter__(self) -> "FlatParameters":
        for parameter, value, gradient in self._views:
            value.copy_(parameter.detach())
            parameter.data = value
            parameter.grad = gradient
        return self

    def __exit__(self, *error: object) -> None:
        for parameter, value, _ in self._views:
            # Storage of its own, so that each can be copied and pickled alone.
            parameter.data = value.clone(memory_format=torch.contiguous_format)
            parameter.grad = None

    def frozen(self) -> list[tuple[Tensor, Tensor]]:
        """Views of the parameters that a callback has frozen since, and what they must stay."""
        return [(view, view.clone()) for p, view, _ in self._views if not p.requires_grad]


def views_of(flat: Tensor, network: SpectralNetwork, group: int) -> list[Tensor]:
    """Views of a flat tensor in the shapes of the eigenvalues (0) or the eigenvectors (1).

    Of a tensor of shape (R, n_parameters), with a leading axis.
    """
    trained = trained_parameters(network)[group]
    parts = flat.split([parameter.numel() for parameter in trained], dim=-1)
    return [_shaped(part, like) for part, like in zip(parts, trained, strict=True)]


def trained_parameters(network: SpectralNetwork) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Eigenvalues, those of the input where they are trained, and eigenvectors."""
    first, *others = network.eigenvalues
    return [first, *others] if first.requires_grad else others, list(network.eigenvectors)


def _shaped(flat: Tensor, parameter: Tensor) -> Tensor:
    """View with the shape of `parameter`; with few columns, these are contiguous."""
    leading = flat.shape[:-1]
    if parameter.ndim == 2 and parameter.shape[1] <= _FEW_COLUMNS:
        return flat.view(leading + parameter.shape[::-1]).mT
    return flat.view(leading + parameter.shape)
