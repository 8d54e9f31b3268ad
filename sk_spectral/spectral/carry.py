"""The carry recursion with its adjoint written out: fast, and one node of an autograd graph.

With u_i = φ_{i−1} c_{i−1} and T_i = φ_{i−1} ∘ (1 λ_{i−1}ᵀ − λ_i 1ᵀ) the recursion is

    z_i = T_i c_{i−1},    c_i = f(z_i) − u_i,

two products a layer. Its adjoint takes four: with r_i = ∂ℓ/∂c_i, δ_i = f′(z_i) ∘ r_i and, summed
over the batch, G_i = Σ δ_i c_{i−1}ᵀ,

    ∂ℓ/∂φ_{i−1} = G_i ∘ (1 λ_{i−1}ᵀ − λ_i 1ᵀ) − Σ r_i c_{i−1}ᵀ,
    ∂ℓ/∂λ_{i−1} += (G_i ∘ φ_{i−1})ᵀ 1,    ∂ℓ/∂λ_i −= (G_i ∘ φ_{i−1}) 1,
    r_{i−1} = T_iᵀ δ_i − φ_{i−1}ᵀ r_i,

of which the inputs need the two for G_1 and φ_0 alone. Where λ_{i−1} is 0, T_i = −λ_i ∘ φ_{i−1},
and half of them are saved. Values and gradients are those of `algebra.carry_forward`, the
reference in the tests.

`Recursion` takes R networks of one shape at once, replicas, on a leading axis of every tensor: of
small ones the number of calls decides what a step costs, not their arithmetic. One network is
R = 1.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from sk_spectral.spectral.tensor_activations import TENSOR_ACTIVATIONS

_OfLayer = tuple[Tensor | None, Tensor | None, Tensor | None]
"""Gradients to write for λ_{i−1}, λ_i and φ_{i−1}, or None."""


def carry(
    X: Tensor,
    eigenvalues: Sequence[Tensor],
    eigenvectors: Sequence[Tensor],
    activation: str,
    unit_masks: Sequence[Tensor] | None = None,
) -> Tensor:
    """Network output z_L, as `algebra.carry_forward` with the activation by name.

    Parameters
    ----------
    X : Tensor of shape (n_samples, n_0), with the constant-1 unit where the network has one
    eigenvalues, eigenvectors : the spectral parameters
    activation : {"relu", "tanh", "gelu", "silu"}
    unit_masks : for each hidden layer, a Tensor of shape (n_l,) or (n_samples, n_l), optional

    Returns
    -------
    Tensor of shape (n_samples, n_L)
        Differentiable once, in X, the eigenvalues, the eigenvectors and the masks.

    Raises
    ------
    RuntimeError
        Where autograd is asked for a second derivative.
    """
    masks = [None] * (len(eigenvectors) - 1) if unit_masks is None else list(unit_masks)
    return _Carry.apply(X, activation, *eigenvalues, *eigenvectors, *masks)


def layers_at_zero(eigenvalues: Sequence[Tensor]) -> list[bool]:
    """For each layer but the last, whether its eigenvalues are seen to be 0.

    On a GPU they are not looked at: it would have to be waited for.

    Parameters
    ----------
    eigenvalues : sequence of L + 1 tensors of shape (n_l,)

    Returns
    -------
    list of L bools
    """
    return [v.device.type == "cpu" and not bool(v.any()) for v in eigenvalues[:-1]]


def one_replica(tensors: Sequence[Any]) -> list[Any]:
    """With a leading axis of length 1, for those of one network; None stays."""
    return [None if values is None else values[None] for values in tensors]


def of_columns(
    eigenvalues: Sequence[Tensor], eigenvectors: Sequence[Tensor], columns: Tensor
) -> tuple[list[Tensor], list[Tensor]]:
    """What is left of a network where all inputs but these are 0: T_1 and φ_0 act by column.

    Parameters
    ----------
    eigenvalues : sequence of L + 1 tensors of shape (R, n_l)
    eigenvectors : sequence of L tensors of shape (R, n_{l+1}, n_l)
    columns : int tensor of shape (n_columns,)
    """
    return (
        [eigenvalues[0][:, columns], *eigenvalues[1:]],
        [eigenvectors[0].index_select(2, columns), *eigenvectors[1:]],
    )


class Recursion:
    """Forward and adjoint of the recursion of R networks, in buffers that are used again.

    Parameters
    ----------
    eigenvalues : sequence of L + 1 tensors of shape (R, n_l)
    eigenvectors : sequence of L tensors of shape (R, n_{l+1}, n_l)
        Read anew in each call.
    activation : {"relu", "tanh", "gelu", "silu"}
    at_zero : sequence of bool
        For each layer but the last, whether its eigenvalues are known to be 0 in all networks. Then
        half of its product is saved, and the activation of the next layer where that is at 0, too.
    """

    def __init__(
        self,
        eigenvalues: Sequence[Tensor],
        eigenvectors: Sequence[Tensor],
        activation: str,
        at_zero: Sequence[bool],
    ) -> None:
        self.eigenvectors = eigenvectors
        self._sizes = [lam.shape[1] for lam in eigenvalues]
        # Of a small network a view takes as long as a product; these are made once.
        self._sources = [lam[:, None, :] for lam in eigenvalues]
        self._targets = [lam[:, :, None] for lam in eigenvalues]
        self._transposed = [phi.mT for phi in eigenvectors]
        self._activation = TENSOR_ACTIVATIONS[activation]
        self.at_zero = list(at_zero)
        self._workspace: _Workspace | None = None

    def forward(self, X: Tensor, masks: Sequence[Tensor | None] | None = None) -> Tensor:
        """Outputs of a batch; what `adjoint` needs of it stays in the buffers.

        Parameters
        ----------
        X : Tensor of shape (R, n_samples, n_0)
        masks : for each hidden layer None, or a Tensor that broadcasts to (R, n_samples, n_l)

        Returns
        -------
        Tensor z_L of shape (R, n_samples, n_L)
        """
        at_zero = self.at_zero
        f, last = self._activation.function, len(self.eigenvectors) - 1
        if self._workspace is None or self._workspace.n_rows != X.shape[1]:
            self._workspace = _Workspace(X, self._sizes)
        workspace = self._workspace
        c = workspace.carries[0] = X
        for i in range(1, last + 1):
            z, u = workspace.z[i], workspace.u[i]
            torch.bmm(c, self._transposed[i - 1], out=u)
            if at_zero[i - 1] and at_zero[i]:  # T_i is 0, and so is f(z_i)
                c = torch.neg(u, out=workspace.carries[i])
                continue
            if at_zero[i - 1]:
                torch.mul(u, -self._sources[i], out=z)
            else:
                self._write_transfer(workspace, i)
                torch.bmm(c, workspace.transposed_transfers[i], out=z)
            x = f(z)
            mask = None if masks is None else masks[i - 1]
            if mask is not None:
                x = x * mask
            c = torch.sub(x, u, out=workspace.carries[i])
        self._write_transfer(workspace, last + 1)
        return torch.bmm(c, workspace.transposed_transfers[last + 1])

    def _write_transfer(self, workspace: "_Workspace", i: int) -> None:
        """T_i and the differences of eigenvalues in it."""
        differences = workspace.differences[i]
        torch.sub(self._sources[i - 1], self._targets[i], out=differences)
        torch.mul(self.eigenvectors[i - 1], differences, out=workspace.transfers[i])

    def adjoint(
        self,
        delta: Tensor,
        d_eigenvalues: Sequence[Tensor | None],
        d_eigenvectors: Sequence[Tensor | None],
        *,
        masks: Sequence[Tensor | None] | None = None,
        d_masks: list[Tensor | None] | None = None,
        wants_X: bool = False,
    ) -> Tensor | None:
        """Gradients for the last batch that went forward, whose buffers it uses up.

        Parameters
        ----------
        delta : Tensor of shape (R, n_samples, n_L)
            ∂ℓ/∂z_L.
        d_eigenvalues, d_eigenvectors : sequences of Tensor or None
            In the shapes of these. Written into, whatever is there; None for parameters without a
            gradient.
        masks : as they went forward
        d_masks : list of L − 1, optional
            Its entries become the gradients for the masks.
        wants_X : bool

        Returns
        -------
        Tensor ∂ℓ/∂X of shape (R, n_samples, n_0) where it is wanted, else None
        """
        phi, at_zero = self.eigenvectors, self.at_zero
        workspace, last = self._workspace, len(phi) - 1
        assert workspace is not None, "adjoint needs a forward before it"
        self._adjoint_of_the_output(workspace, delta, d_eigenvalues, d_eigenvectors)
        if last == 0 and not wants_X:
            return None
        r = torch.bmm(delta, workspace.transfers[last + 1])
        for i in range(last, 0, -1):
            z = workspace.z[i]
            mask = None if masks is None else masks[i - 1]
            if at_zero[i - 1] and at_zero[i]:
                z.zero_()
            if mask is not None and d_masks is not None:
                d_masks[i - 1] = (r * self._activation.function(z)).sum_to_size(mask.shape)
            self._activation.adjoint(r if mask is None else r * mask, z, workspace.delta[i])
            gradients = d_eigenvalues[i - 1], d_eigenvalues[i], d_eigenvectors[i - 1]
            if at_zero[i - 1]:
                r = self._adjoint_at_zero(workspace, i, r, gradients)
            else:
                self._adjoint_of_parameters(workspace, i, r, gradients)
            if i == 1 and not wants_X:
                return None
            if at_zero[i - 1]:
                r = torch.bmm(r, phi[i - 1])
            else:
                of_z = torch.bmm(workspace.delta[i], workspace.transfers[i])
                r = of_z.baddbmm_(r, phi[i - 1], alpha=-1)
        return r

    def _adjoint_of_parameters(
        self, workspace: "_Workspace", i: int, r: Tensor, gradients: _OfLayer
    ) -> None:
        """Gradients of one layer, by G_i."""
        d_source, d_target, d_phi = gradients
        c = workspace.carries[i - 1]
        G = torch.bmm(workspace.transposed_delta[i], c)
        if d_phi is not None:
            torch.mul(G, workspace.differences[i], out=d_phi)
            d_phi.baddbmm_(r.mT, c, alpha=-1)
        if d_source is None and d_target is None:
            return
        weighted = G.mul_(self.eigenvectors[i - 1])
        if d_source is not None:
            torch.sum(weighted, 1, out=d_source)
        if d_target is not None:
            d_target.sub_(weighted.sum(2))

    def _adjoint_at_zero(
        self, workspace: "_Workspace", i: int, r: Tensor, gradients: _OfLayer
    ) -> Tensor:
        """Gradients of one layer where λ_{i−1} is 0, and −(λ_i ∘ δ_i + r_i), as u_i takes it."""
        d_source, d_target, d_phi = gradients
        c, delta = workspace.carries[i - 1], workspace.delta[i]
        q = torch.addcmul(r, delta, self._sources[i]).neg_()
        if d_target is not None:
            d_target.sub_((delta * workspace.u[i]).sum(1))
        if d_phi is not None:
            torch.bmm(q.mT, c, out=d_phi)
        if d_source is not None:
            G = torch.bmm(workspace.transposed_delta[i], c)
            torch.sum(G.mul_(self.eigenvectors[i - 1]), 1, out=d_source)
        return q

    def _adjoint_of_the_output(
        self,
        workspace: "_Workspace",
        delta: Tensor,
        d_eigenvalues: Sequence[Tensor | None],
        d_eigenvectors: Sequence[Tensor | None],
    ) -> None:
        """Gradients by T_L: for φ_{L−1}, λ_L, and what it adds to that for λ_{L−1}."""
        *_, d_before, d_last = d_eigenvalues
        G = torch.bmm(delta.mT, workspace.carries[-1])
        weighted = G * self.eigenvectors[-1]
        if d_before is not None:
            torch.sum(weighted, 1, out=d_before)
        if d_last is not None:
            torch.sum(weighted, 2, out=d_last).neg_()
        if d_eigenvectors[-1] is not None:
            torch.mul(G, workspace.differences[-1], out=d_eigenvectors[-1])


class _Workspace:
    """Buffers for batches of one size, for each layer."""

    def __init__(self, X: Tensor, sizes: Sequence[int]) -> None:
        n_replicas, self.n_rows, _ = X.shape
        self.z, self.u, self.carries, self.delta = (
            [X.new_empty(n_replicas, self.n_rows, size) for size in sizes[:-1]] for _ in range(4)
        )
        self.differences = [X.new_empty(0, 0)] + [
            X.new_empty(n_replicas, target, source) for source, target in pairwise(sizes)
        ]
        self.transfers = [torch.empty_like(values) for values in self.differences]
        self.transposed_transfers = [values.mT for values in self.transfers]
        self.transposed_delta = [values.mT for values in self.delta]


class _Carry(torch.autograd.Function):
    """The recursion of one batch as a node of an autograd graph."""

    @staticmethod
    def forward(ctx: Any, X: Tensor, activation: str, *tensors: Tensor) -> Tensor:
        n = len(tensors) // 3
        lam, phi, masks = tensors[: n + 1], tensors[n + 1 : 2 * n + 1], tensors[2 * n + 1 :]
        ctx.recursion = Recursion(
            one_replica(lam), one_replica(phi), activation, layers_at_zero(lam)
        )
        ctx.save_for_backward(*tensors)
        return ctx.recursion.forward(X[None], masks)[0]

    @staticmethod
    def backward(ctx: Any, delta: Tensor) -> tuple[Any, ...]:
        if torch.is_grad_enabled():
            raise RuntimeError(
                "A SpectralNetwork has no second derivative (create_graph=True was asked for). "
                "algebra.carry_forward computes the same and can be differentiated twice."
            )
        wants_X, _, *wanted = ctx.needs_input_grad
        tensors = ctx.saved_tensors  # refuses parameters that were changed since
        n = len(tensors) // 3
        gradients = [
            torch.zeros_like(tensor) if wants else None
            for tensor, wants in zip(tensors[: 2 * n + 1], wanted[: 2 * n + 1], strict=True)
        ]
        d_masks: list[Tensor | None] = [None] * (n - 1)
        d_X = ctx.recursion.adjoint(
            delta[None],
            one_replica(gradients[: n + 1]),
            one_replica(gradients[n + 1 :]),
            masks=tensors[2 * n + 1 :],
            d_masks=d_masks if any(wanted[2 * n + 1 :]) else None,
            wants_X=wants_X,
        )
        return (None if d_X is None else d_X[0], None, *gradients, *d_masks)
