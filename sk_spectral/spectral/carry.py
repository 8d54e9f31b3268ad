"""The carry recursion with its adjoint written out: fast, and one node of an autograd graph.

With u_i = φ_{i−1} c_{i−1} and v_i = φ_{i−1} (λ_{i−1} ∘ c_{i−1}) the recursion is

    z_i = v_i − λ_i ∘ u_i,    c_i = f(z_i) − u_i,

so that the pair (λ ∘ c, c), stacked over the batch, takes one product a layer and T_i is never
built. Its adjoint takes two: with r_i = ∂ℓ/∂c_i, δ_i = f′(z_i) ∘ r_i and q_i = −(λ_i ∘ δ_i + r_i),

    ∂ℓ/∂φ_{i−1} = δ_iᵀ (λ_{i−1} ∘ c_{i−1}) + q_iᵀ c_{i−1},    (s, t) = (δ_i, q_i) φ_{i−1},
    r_{i−1} = λ_{i−1} ∘ s + t,    ∂ℓ/∂λ_{i−1} += Σ s ∘ c_{i−1},    ∂ℓ/∂λ_i −= Σ δ_i ∘ u_i,

the sums being over the batch. Values and gradients are those of `algebra.carry_forward`, the
reference in the tests.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from sk_spectral.spectral.tensor_activations import TENSOR_ACTIVATIONS


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


class Recursion:
    """Forward and adjoint of a network's recursion, in buffers that the next batch uses again.

    Parameters
    ----------
    eigenvalues, eigenvectors : sequences of Tensor
        The spectral parameters, read anew in each call.
    activation : {"relu", "tanh", "gelu", "silu"}
    at_zero : sequence of bool
        For each layer but the last, whether its eigenvalues are known to be 0. Then half of its
        product is saved, and the activation of the next layer where that is at 0, too.
    """

    def __init__(
        self,
        eigenvalues: Sequence[Tensor],
        eigenvectors: Sequence[Tensor],
        activation: str,
        at_zero: Sequence[bool],
    ) -> None:
        self.eigenvalues = eigenvalues
        self.eigenvectors = eigenvectors
        self._activation = TENSOR_ACTIVATIONS[activation]
        self.at_zero = list(at_zero)
        self._workspace: _Workspace | None = None

    def forward(self, X: Tensor, masks: Sequence[Tensor | None] | None = None) -> Tensor:
        """Outputs of a batch; what `adjoint` needs of it stays in the buffers.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_0)
        masks : as in `carry`, where one may be None

        Returns
        -------
        Tensor z_L of shape (n_samples, n_L)
        """
        lam, phi, at_zero = self.eigenvalues, self.eigenvectors, self.at_zero
        f, last = self._activation.function, len(self.eigenvectors) - 1
        if self._workspace is None or self._workspace.n_rows != len(X):
            self._workspace = _Workspace(X, [len(v) for v in lam[:-1]])
        workspace = self._workspace
        c = workspace.carries[0] = X
        if last and not at_zero[0]:
            torch.cat([X * lam[0], X], out=workspace.pairs[0])
        for i in range(1, last + 1):
            z, u = workspace.z[i], workspace.u[i]
            if at_zero[i - 1]:
                torch.mm(c, phi[i - 1].T, out=u)
                if at_zero[i]:  # T_i is 0, and so is f(z_i)
                    c = torch.neg(u, out=workspace.carries[i])
                    continue
                torch.mul(u, -lam[i], out=z)
            else:
                torch.mm(workspace.pairs[i - 1], phi[i - 1].T, out=workspace.images[i])
                z.addcmul_(u, lam[i], value=-1)
            x = f(z)
            mask = None if masks is None else masks[i - 1]
            if mask is not None:
                x = x * mask
            c = torch.sub(x, u, out=workspace.carries[i])
            if i < last and not at_zero[i]:
                torch.mul(c, lam[i], out=workspace.scaled[i])
        # Towards few outputs T_L is cheaper than a pair.
        workspace.differences = lam[last] - lam[last + 1][:, None]
        workspace.transfer = phi[last] * workspace.differences
        return c @ workspace.transfer.T

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
        delta : Tensor of shape (n_samples, n_L)
            ∂ℓ/∂z_L.
        d_eigenvalues, d_eigenvectors : sequences of Tensor or None
            Written into, whatever is there; None for parameters without a gradient.
        masks : as they went forward
        d_masks : list of L − 1, optional
            Its entries become the gradients for the masks.
        wants_X : bool

        Returns
        -------
        Tensor ∂ℓ/∂X of shape (n_samples, n_0) where it is wanted, else None
        """
        lam, phi, at_zero = self.eigenvalues, self.eigenvectors, self.at_zero
        workspace, last = self._workspace, len(phi) - 1
        assert workspace is not None, "adjoint needs a forward before it"
        self._adjoint_of_the_output(workspace, delta, d_eigenvalues, d_eigenvectors)
        if last == 0 and not wants_X:
            return None
        r = delta @ workspace.transfer
        for i in range(last, 0, -1):
            z, c, u = workspace.z[i], workspace.carries[i - 1], workspace.u[i]
            d_lam, d_target, d_phi = d_eigenvalues[i - 1], d_eigenvalues[i], d_eigenvectors[i - 1]
            mask = None if masks is None else masks[i - 1]
            if at_zero[i - 1] and at_zero[i]:
                z.zero_()
            if mask is not None and d_masks is not None:
                d_masks[i - 1] = (r * self._activation.function(z)).sum_to_size(mask.shape)
            rows, delta, q = workspace.adjoint_pair(i)
            self._activation.adjoint(r if mask is None else r * mask, z, delta)
            torch.addcmul(r, delta, lam[i], out=q).neg_()
            if d_target is not None:
                d_target.sub_((delta * u).sum(0))
            if d_phi is not None and at_zero[i - 1]:
                torch.mm(q.T, c, out=d_phi)
            elif d_phi is not None:
                torch.mm(rows.T, workspace.pairs[i - 1], out=d_phi)
            if i == 1 and d_lam is None and not wants_X:
                return None
            if d_lam is None and at_zero[i - 1]:
                r = q @ phi[i - 1]
                continue
            s, t = (rows @ phi[i - 1]).view(2, *c.shape)
            r = torch.addcmul(t, s, lam[i - 1])
            if d_lam is not None:
                torch.sum(s.mul_(c), 0, out=d_lam)
        return r

    def _adjoint_of_the_output(
        self,
        workspace: "_Workspace",
        delta: Tensor,
        d_eigenvalues: Sequence[Tensor | None],
        d_eigenvectors: Sequence[Tensor | None],
    ) -> None:
        """Gradients by T_L: for φ_{L−1}, λ_L, and what it adds to that for λ_{L−1}."""
        *_, d_before, d_last = d_eigenvalues
        G = delta.T @ workspace.carries[-1]
        weighted = G * self.eigenvectors[-1]
        if d_before is not None:
            torch.sum(weighted, 0, out=d_before)
        if d_last is not None:
            torch.sum(weighted, 1, out=d_last).neg_()
        if d_eigenvectors[-1] is not None:
            torch.mul(G, workspace.differences, out=d_eigenvectors[-1])


class _Workspace:
    """Buffers for batches of one size: for each layer but the last, pairs and their halves."""

    differences: Tensor
    transfer: Tensor

    def __init__(self, X: Tensor, sizes: Sequence[int]) -> None:
        self.n_rows = len(X)
        pairs = [X.new_empty(2, len(X), size) for size in sizes]
        self.pairs = [pair.flatten(0, 1) for pair in pairs]
        self.scaled, self.carries = [p[0] for p in pairs], [p[1] for p in pairs]
        images = [X.new_empty(2, len(X), size) for size in sizes]
        self.images = [image.flatten(0, 1) for image in images]
        self.z, self.u = [p[0] for p in images], [p[1] for p in images]
        self._sizes = sizes
        self._adjoints: list[tuple[Tensor, Tensor, Tensor]] | None = None

    def adjoint_pair(self, i: int) -> tuple[Tensor, Tensor, Tensor]:
        """A stacked pair for layer i and its halves, in the storage that all layers share."""
        if self._adjoints is None:
            shared = self.pairs[0].new_empty(2 * self.n_rows * max(self._sizes))
            pairs = [shared[: 2 * self.n_rows * n].view(2, self.n_rows, n) for n in self._sizes]
            self._adjoints = [(pair.flatten(0, 1), pair[0], pair[1]) for pair in pairs]
        return self._adjoints[i]


class _Carry(torch.autograd.Function):
    """The recursion of one batch as a node of an autograd graph."""

    @staticmethod
    def forward(ctx: Any, X: Tensor, activation: str, *tensors: Tensor) -> Tensor:
        n = len(tensors) // 3
        lam, phi, masks = tensors[: n + 1], tensors[n + 1 : 2 * n + 1], tensors[2 * n + 1 :]
        ctx.recursion = Recursion(lam, phi, activation, layers_at_zero(lam))
        ctx.save_for_backward(*tensors)
        return ctx.recursion.forward(X, masks)

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
            delta,
            gradients[: n + 1],
            gradients[n + 1 :],
            masks=tensors[2 * n + 1 :],
            d_masks=d_masks if any(wanted[2 * n + 1 :]) else None,
            wants_X=wants_X,
        )
        return (d_X, None, *gradients, *d_masks)
