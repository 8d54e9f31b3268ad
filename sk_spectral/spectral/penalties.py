"""What a topology costs: each penalty an object with its value and its gradient.

The value is a scalar, to be multiplied by the strength alpha and added to the loss. The gradient is
written out beside it, so that a step of training needs no autograd graph. The output eigenvalues
are never penalised: they carry the linear map that the search starts from. At a norm of zero the
subgradient is 0.

A new penalty takes

1. a class with the two methods of `Penalty`, its formula in the docstring;
2. an instance of it in `PENALTIES`, under the name that estimators take;
3. that name in the docstrings of the parameter `penalty`.

At the start of a search, where every eigenvalue is 0 but the output's, its value must be 0 and its
gradient finite. For every entry of the table the tests compare the gradient that is written out
with that of autograd, and that with finite differences.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.linalg import vector_norm

from sk_spectral.spectral.algebra import transfer_blocks

_TINY = 1e-18
"""Least norm to divide by: the square of a smaller one is lost in float32."""


class Penalty(Protocol):
    """What training asks of a penalty; it holds no state."""

    def __call__(self, eigenvalues: Sequence[Tensor], eigenvectors: Sequence[Tensor]) -> Tensor:
        """Value, a scalar tensor through which autograd can go.

        Parameters
        ----------
        eigenvalues : sequence of L + 1 tensors λ_l of shape (n_l,)
        eigenvectors : sequence of L tensors φ_l of shape (n_{l+1}, n_l)

        Returns
        -------
        Tensor of shape ()
        """
        ...

    def add_gradient(
        self,
        eigenvalues: Sequence[Tensor],
        eigenvectors: Sequence[Tensor],
        alpha: float | Tensor,
        d_eigenvalues: Sequence[Tensor | None],
        d_eigenvectors: Sequence[Tensor | None],
        *,
        input_at_zero: bool,
    ) -> Tensor:
        """Add alpha times the gradient to what is there, without a graph.

        Of R networks of one shape at once where all tensors have a leading axis.

        Parameters
        ----------
        eigenvalues, eigenvectors : the spectral parameters, as in a call, or of shapes (R, n_l) and
            (R, n_{l+1}, n_l)
        alpha : float or Tensor of shape (R,)
            Strength of the penalty.
        d_eigenvalues, d_eigenvectors : sequences of Tensor or None
            Added to in place, each of the shape of its parameter; None for one that is not trained.
        input_at_zero : bool
            Whether λ_0 is known to be 0, which may save work.

        Returns
        -------
        Tensor of shape (), or (R,)
            The value, not multiplied by alpha.
        """
        ...


def unit_strengths(eigenvalues: Sequence[Tensor], eigenvectors: Sequence[Tensor]) -> list[Tensor]:
    """For each hidden layer, the summands of `Gamma`: what comes in times what goes out.

    Parameters
    ----------
    eigenvalues, eigenvectors : the spectral parameters

    Returns
    -------
    list of L − 1 tensors of shape (n_l,)
    """
    T = transfer_blocks(eigenvalues, eigenvectors)
    strengths = []
    for i in range(1, len(T)):
        outgoing = T[i] if i + 1 == len(T) else torch.cat([T[i], eigenvectors[i]])
        strengths.append(vector_norm(T[i - 1], dim=1) * vector_norm(outgoing, dim=0))
    return strengths


@dataclass(frozen=True)
class Gamma:
    """Sum over hidden units of what comes in times what goes out, a lasso on the parts of Γ.

    Σ_{i=1..L−1} Σ_j ‖T_i[j, :]‖₂ · ‖(T_{i+1}[:, j]; φ_i[:, j] where i + 1 < L)‖₂: a unit of layer i
    reads by row j of T_i and writes, through the carry, by T_{i+1} and φ_i. With one hidden layer
    the summands are the norms of Γ[:, j, :], so that whole units leave Γ together.
    """

    def __call__(self, eigenvalues: Sequence[Tensor], eigenvectors: Sequence[Tensor]) -> Tensor:
        strengths = unit_strengths(eigenvalues, eigenvectors)
        return torch.cat([eigenvectors[0].new_zeros(1), *strengths]).sum()

    def add_gradient(
        self,
        eigenvalues: Sequence[Tensor],
        eigenvectors: Sequence[Tensor],
        alpha: float | Tensor,
        d_eigenvalues: Sequence[Tensor | None],
        d_eigenvectors: Sequence[Tensor | None],
        *,
        input_at_zero: bool,
    ) -> Tensor:
        """Gradient in passes over the blocks T_i = φ ∘ (λᵀ − λ) and the vectors of norms.

        With `input_at_zero`, λ_0 being 0, ‖T_1[j, :]‖ = ``|λ_1j|`` ‖φ_0[j, :]‖ takes no block.
        """
        last, alpha = len(eigenvectors) - 1, _by_unit(alpha)
        value = eigenvectors[0].new_zeros(eigenvectors[0].shape[:-2])
        if last == 0:
            return value
        differences = _differences(eigenvalues, input_at_zero)
        pairs = zip(eigenvectors, differences, strict=True)
        T = [phi if d is None else phi * d for phi, d in pairs]

        # Of each hidden unit alpha times what goes out to what comes in, and the inverse: 0 where T
        # is 0.
        out_by_in, in_by_out = [], []
        for i in range(last):
            squared = T[i].square().sum(-1)
            incoming = squared.sqrt()
            if differences[i] is None:
                squared_first, incoming = squared, incoming.mul_(eigenvalues[1]).abs_()
            outgoing = T[i + 1].square().sum(-2)
            if i + 1 < last:
                outgoing += eigenvectors[i + 1].square().sum(-2)
            outgoing = outgoing.sqrt_()
            value = value + (incoming * outgoing).sum(-1)
            out_by_in.append(alpha * (outgoing / incoming.clamp_min(_TINY)))
            in_by_out.append(alpha * (incoming / outgoing.clamp_min(_TINY)))

        for i, (phi, d_phi) in enumerate(zip(eigenvectors, d_eigenvectors, strict=True)):
            d_source, d_target = d_eigenvalues[i], d_eigenvalues[i + 1]
            if differences[i] is None:
                scaled = eigenvalues[1] * out_by_in[0]
                if d_phi is not None:
                    d_phi.addcmul_(phi, (scaled * eigenvalues[1])[..., None])
                if d_target is not None:
                    d_target.addcmul_(scaled, squared_first)
                continue
            if i == 0:
                weighted = T[i] * out_by_in[i][..., None]
            elif i == last:
                weighted = T[i] * in_by_out[i - 1][..., None, :]
            else:
                weighted = T[i] * (out_by_in[i][..., None] + in_by_out[i - 1][..., None, :])
            if d_phi is not None:
                d_phi.addcmul_(weighted, differences[i])
                if 0 < i < last:
                    d_phi.addcmul_(phi, in_by_out[i - 1][..., None, :])
            weighted *= phi
            if d_source is not None:
                d_source.add_(weighted.sum(-2))
            if d_target is not None:
                d_target.sub_(weighted.sum(-1))
        return value


def _by_unit(alpha: float | Tensor) -> float | Tensor:
    """To be multiplied with what there is for each unit, whether or not networks have an axis."""
    return alpha[..., None] if isinstance(alpha, Tensor) else alpha


def _differences(eigenvalues: Sequence[Tensor], input_at_zero: bool) -> list[Any]:
    """λ_iᵀ − λ_{i+1} for each block; None where the input is at zero: T_1 = −λ_1 ∘ φ_0."""
    first = int(input_at_zero)  # of the blocks that are built
    unbuilt: list[Any] = [None] * first
    return unbuilt + [v[..., None, :] - w[..., None] for v, w in pairwise(eigenvalues[first:])]


@dataclass(frozen=True)
class Group:
    """Σ_{l<L} ‖λ_l‖₂, not squared: whole layers leave together. The choice of arXiv:2504.00885."""

    def __call__(self, eigenvalues: Sequence[Tensor], eigenvectors: Sequence[Tensor]) -> Tensor:
        return torch.stack([vector_norm(lam) for lam in eigenvalues[:-1]]).sum()

    def add_gradient(
        self,
        eigenvalues: Sequence[Tensor],
        eigenvectors: Sequence[Tensor],
        alpha: float | Tensor,
        d_eigenvalues: Sequence[Tensor | None],
        d_eigenvectors: Sequence[Tensor | None],
        *,
        input_at_zero: bool,
    ) -> Tensor:
        """Gradient λ_l / ‖λ_l‖₂."""
        value, alpha = eigenvalues[0].new_zeros(eigenvalues[0].shape[:-1]), _by_unit(alpha)
        for lam, d_lam in zip(eigenvalues[:-1], d_eigenvalues[:-1], strict=True):
            norm = vector_norm(lam, dim=-1)
            value = value + norm
            if d_lam is not None:
                d_lam.add_((lam / norm[..., None]).nan_to_num_(0.0, 0.0, 0.0) * alpha)
        return value


@dataclass(frozen=True)
class L1:
    """Σ_{l<L} ‖λ_l‖₁: eigenvalues leave one by one."""

    def __call__(self, eigenvalues: Sequence[Tensor], eigenvectors: Sequence[Tensor]) -> Tensor:
        return torch.stack([lam.abs().sum() for lam in eigenvalues[:-1]]).sum()

    def add_gradient(
        self,
        eigenvalues: Sequence[Tensor],
        eigenvectors: Sequence[Tensor],
        alpha: float | Tensor,
        d_eigenvalues: Sequence[Tensor | None],
        d_eigenvectors: Sequence[Tensor | None],
        *,
        input_at_zero: bool,
    ) -> Tensor:
        """Gradient sign(λ_l)."""
        value, alpha = eigenvalues[0].new_zeros(eigenvalues[0].shape[:-1]), _by_unit(alpha)
        for lam, d_lam in zip(eigenvalues[:-1], d_eigenvalues[:-1], strict=True):
            value = value + lam.abs().sum(-1)
            if d_lam is not None:
                d_lam.add_(lam.sign() * alpha)
        return value


PENALTIES: dict[str, Penalty] = {"gamma": Gamma(), "group": Group(), "l1": L1()}
"""By the name that estimators take."""
