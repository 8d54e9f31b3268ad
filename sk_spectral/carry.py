"""The carry recursion with its adjoint written out: one node of the autograd graph.

Values and gradients are those of `algebra.carry_forward`, the reference in the tests.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


def _gelu(z: Tensor) -> Tensor:
    # The tanh form, so that the compact NumPy network computes the same function.
    return F.gelu(z, approximate="tanh")


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "gelu": _gelu,
    "silu": F.silu,
}

# f′(z) ∘ r, from r and z.
_ADJOINTS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "relu": lambda r, z: torch.ops.aten.threshold_backward(r, z, 0),
    "tanh": lambda r, z: torch.ops.aten.tanh_backward(r, torch.tanh(z)),
    "gelu": lambda r, z: torch.ops.aten.gelu_backward(r, z, approximate="tanh"),
    "silu": lambda r, z: torch.ops.aten.silu_backward(r, z),
}

_FEWEST_INPUTS_TO_SHARE = 32
"""Below, a product over the inputs is cheaper than the passes over the units that it saves."""


def carry(
    X: Tensor,
    eigenvalues: Sequence[Tensor],
    eigenvectors: Sequence[Tensor],
    activation: str,
    unit_masks: Sequence[Tensor] | None = None,
) -> Tensor:
    """Network output z_L, as `algebra.carry_forward` with the activation by name.

    Differentiable once, in X, the eigenvalues, the eigenvectors and the masks. Where the input
    eigenvalues are frozen at 0, T_1 = −Λ_1 φ_0 needs no product of its own: so on the CPU, for
    many inputs.
    """
    first = eigenvalues[0]
    shared = (
        len(eigenvectors) > 1
        and len(first) >= _FEWEST_INPUTS_TO_SHARE
        and not first.requires_grad
        and first.device.type == "cpu"  # asking a GPU would wait for it
        and not bool(first.any())
    )
    masks = [None] * (len(eigenvectors) - 1) if unit_masks is None else list(unit_masks)
    return _Carry.apply(X, activation, shared, *eigenvalues, *eigenvectors, *masks)


class _Carry(torch.autograd.Function):
    """Forward and adjoint of z_i = T_i c_{i−1}, x_i = f(z_i), c_i = x_i − φ_{i−1} c_{i−1}."""

    @staticmethod
    def forward(ctx: Any, X: Tensor, activation: str, shared: bool, *tensors: Tensor) -> Tensor:
        n = len(tensors) // 3
        lam, phi, masks = tensors[: n + 1], tensors[n + 1 : 2 * n + 1], tensors[2 * n + 1 :]
        f = ACTIVATIONS[activation]
        c, carries, potentials, transfers = X, [X], [], []
        for i in range(n):
            alone = shared and i == 0
            transfers.append(None if alone else phi[i] * (lam[i] - lam[i + 1][:, None]))
            z = c @ (phi[i] if alone else transfers[i]).T
            potentials.append(z)
            if i + 1 == n:
                break
            x = f(z * -lam[1] if alone else z)
            if masks[i] is not None:
                x = x * masks[i]
            c = x.sub_(z) if alone else torch.addmm(x, c, phi[i].T, alpha=-1)
            carries.append(c)
        ctx.activation, ctx.n_mappings = activation, n
        ctx.save_for_backward(*tensors, *transfers, *carries, *potentials[:-1])
        return z

    @staticmethod
    def backward(ctx: Any, delta: Tensor) -> tuple[Any, ...]:
        if torch.is_grad_enabled():
            raise RuntimeError(
                "A SpectralNetwork has no second derivative (create_graph=True was asked for). "
                "algebra.carry_forward computes the same and can be differentiated twice."
            )
        n, saved = ctx.n_mappings, ctx.saved_tensors
        lam, phi, masks = saved[: n + 1], saved[n + 1 : 2 * n + 1], saved[2 * n + 1 : 3 * n]
        transfers, carries = saved[3 * n : 4 * n], saved[4 * n : 5 * n]
        potentials = saved[5 * n :]
        adjoint = _ADJOINTS[ctx.activation]
        wants_X, _, _, *wants = ctx.needs_input_grad
        d_lam = [torch.zeros_like(v) if wants[i] else None for i, v in enumerate(lam)]
        d_phi: list[Tensor | None] = [None] * n
        d_masks: list[Tensor | None] = [None] * (n - 1)

        def through_transfer(i: int, delta: Tensor) -> Tensor:
            """Gradients by T_{i+1}: adds those for its eigenvalues, returns that for φ_i."""
            G = delta.T @ carries[i]
            weighted = G * phi[i]
            if d_lam[i] is not None:
                d_lam[i] += weighted.sum(0)
            if d_lam[i + 1] is not None:
                d_lam[i + 1] -= weighted.sum(1)
            return G.mul_(lam[i] - lam[i + 1][:, None])

        d_phi[-1] = through_transfer(n - 1, delta)
        r = delta @ transfers[-1]
        for i in reversed(range(n - 1)):
            alone = transfers[i] is None
            z = potentials[i] * -lam[1] if alone else potentials[i]
            delta = r if masks[i] is None else r * masks[i]
            if wants[2 * n + 1 + i]:
                d_masks[i] = (r * ACTIVATIONS[ctx.activation](z)).sum_to_size(masks[i].shape)
            delta = adjoint(delta, z)
            if alone:
                if d_lam[1] is not None:
                    d_lam[1] -= (delta * potentials[0]).sum(0)
                passed = torch.addcmul(r, delta, lam[1]).neg_()
                d_phi[0] = passed.T @ carries[0]
                r = passed @ phi[0] if wants_X else r
            else:
                d_phi[i] = through_transfer(i, delta).addmm_(r.T, carries[i], alpha=-1)
                if i > 0 or wants_X:
                    r = torch.addmm(delta @ transfers[i], r, phi[i], alpha=-1)
        return (r if wants_X else None, None, None, *d_lam, *d_phi, *d_masks)
