"""Activations on tensors, each with its adjoint by torch's own kernels.

Beside `activations`, which has the same functions on arrays and imports no torch.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

_aten = torch.ops.aten


@dataclass(frozen=True)
class TensorActivation:
    """Activation f with its adjoint, both entry by entry.

    Attributes
    ----------
    name : str
        That of the same function in `activations.ARRAY_ACTIVATIONS`.
    function : callable
        f(z), differentiable by autograd.
    adjoint : callable
        ``adjoint(r, z, out)`` writes f′(z) ∘ r into `out`, r, z and `out` of one shape.
    """

    name: str
    function: Callable[[Tensor], Tensor]
    adjoint: Callable[[Tensor, Tensor, Tensor], object]


TENSOR_ACTIVATIONS: dict[str, TensorActivation] = {
    f.name: f
    for f in (
        TensorActivation(
            "relu",
            torch.relu,
            lambda r, z, out: _aten.threshold_backward.grad_input(r, z, 0, grad_input=out),
        ),
        TensorActivation(
            "tanh",
            torch.tanh,
            lambda r, z, out: _aten.tanh_backward.grad_input(r, torch.tanh(z), grad_input=out),
        ),
        TensorActivation(
            "gelu",
            # The tanh form, so that the compact NumPy network computes the same function.
            lambda z: F.gelu(z, approximate="tanh"),
            lambda r, z, out: _aten.gelu_backward.grad_input(
                r, z, approximate="tanh", grad_input=out
            ),
        ),
        TensorActivation(
            "silu",
            F.silu,
            lambda r, z, out: _aten.silu_backward.grad_input(r, z, grad_input=out),
        ),
    )
}
"""By name, as in `activations.ARRAY_ACTIVATIONS`."""
