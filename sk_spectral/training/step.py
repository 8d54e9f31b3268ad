"""The step of training without an autograd graph: flat parameters, and their gradient.

An optimiser then updates two tensors, however deep the network is.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sk_spectral.data.batches import Batch
from sk_spectral.spectral.carry import Recursion
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.spectral.penalties import PENALTIES
from sk_spectral.training.losses import LogLoss, SquaredError

_FEW_COLUMNS = 3
"""Up to these, a product with contiguous columns is twice as fast. With more it would depend on the
number of threads in its last digits."""


def flat_parameters(network: SpectralNetwork) -> list[tuple[str, nn.Parameter]]:
    """Flat parameters with room for the eigenvalues and for the eigenvectors that are trained.

    An optimiser keeps them from one training to the next.
    """
    sizes = [sum(parameter.numel() for parameter in group) for group in _trained(network)]
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
        for trained, whole in zip(_trained(network), flat, strict=True):
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
    """Views of a flat tensor in the shapes of the eigenvalues (0) or the eigenvectors (1)."""
    trained = _trained(network)[group]
    parts = flat.split([parameter.numel() for parameter in trained])
    return [_shaped(part, like) for part, like in zip(parts, trained, strict=True)]


def _trained(network: SpectralNetwork) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Eigenvalues, those of the input where they are trained, and eigenvectors."""
    first, *others = network.eigenvalues
    return [first, *others] if first.requires_grad else others, list(network.eigenvectors)


def _shaped(flat: Tensor, parameter: Tensor) -> Tensor:
    """View with the shape of `parameter`; with few columns, these are contiguous."""
    if parameter.ndim == 2 and parameter.shape[1] <= _FEW_COLUMNS:
        return flat.view(parameter.shape[::-1]).T
    return flat.view(parameter.shape)


class GradientStep:
    """Loss of a batch with its penalty, the gradient written into that of the parameters.

    Parameters
    ----------
    network : SpectralNetwork
        Between `__enter__` and `__exit__` of its FlatParameters.
    loss : module of sk_spectral.training.losses
    penalty : {"gamma", "group", "l1"} or None
    alpha : float
        Strength of the penalty.
    unit_masks : sequence of Tensor, optional
        For each hidden layer, (n_l,) factors of its activations.
    """

    def __init__(
        self,
        network: SpectralNetwork,
        loss: SquaredError | LogLoss,
        penalty: str | None,
        alpha: float,
        unit_masks: Sequence[Tensor] | None = None,
    ) -> None:
        self._unit_masks = unit_masks
        self._loss, self._alpha = loss, alpha
        self._add_penalty = (
            PENALTIES[penalty].add_gradient if penalty is not None and alpha else None
        )
        self._lam = [lam.detach() for lam in network.eigenvalues]
        self._phi = [phi.detach() for phi in network.eigenvectors]
        self._d_lam = [lam.grad for lam in network.eigenvalues]
        self._d_phi = [phi.grad for phi in network.eigenvectors]
        at_zero = [not bool(lam.any()) for lam in self._lam[:-1]]
        self._recursion = Recursion(self._lam, self._phi, network.activation, at_zero)
        # Layers that have not left 0; whether one has, a GPU would have to be asked at each step.
        self._waiting = [i for i, d in enumerate(self._d_lam[:-1]) if d is not None and at_zero[i]]
        if self._lam[0].device.type != "cpu":
            self._leave_zero(self._waiting)

    def _leave_zero(self, layers: list[int]) -> None:
        for i in layers:
            self._recursion.at_zero[i] = False
        self._waiting = [i for i in self._waiting if i not in layers]

    def __call__(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Penalised mean loss, and the outputs, of a batch whose X has its constant column."""
        if self._waiting:
            self._leave_zero([i for i in self._waiting if bool(self._lam[i].any())])
        outputs = self._recursion.forward(batch.X, self._unit_masks)
        value, delta = self._loss.mean_and_gradient(outputs, batch.y, batch.sample_weight)
        self._recursion.adjoint(delta, self._d_lam, self._d_phi, masks=self._unit_masks)
        if self._add_penalty is not None:
            cost = self._add_penalty(
                self._lam, self._phi, self._alpha, self._d_lam, self._d_phi,
                input_at_zero=self._recursion.at_zero[0],
            )  # fmt: skip
            value = torch.add(value, cost, alpha=self._alpha)
        return value, outputs
