"""The spectral algebra of a feed-forward network, one function an equation.

A network with layers 0 (the input) to L (the output) and n_l units in layer l has one adjacency
matrix A over all its units, decomposed as A = Φ Λ Φ⁻¹ (Peri, Chicchi, Fanelli and Giambagli,
"Spectral Architecture Search for Neural Network Models", npj Artificial Intelligence 2025,
arXiv:2504.00885; its layers count from 1, these count from 0, so that its W_31 is W_20 here).

Throughout, `eigenvalues` is a sequence of L + 1 vectors, `eigenvalues[l]` of shape (n_l,), and
`eigenvectors` a sequence of L matrices, `eigenvectors[l]` of shape (n_{l+1}, n_l). Blocks are
dictionaries keyed (target layer, source layer).

`carry_forward` is what a network computes. The forms that build Φ, A or a skip block are the
reference it is tested against, and too slow to train with.
"""

from collections.abc import Callable, Sequence
from math import comb
from typing import Any

import torch
from torch import Tensor

from sk_spectral.spectral.paths import Blocks


def layer_sizes_of(eigenvalues: Sequence[Tensor]) -> tuple[int, ...]:
    """Numbers of units (n_0, …, n_L) of the layers that `eigenvalues` belong to.

    Parameters
    ----------
    eigenvalues : sequence of L + 1 tensors of shape (n_l,)

    Returns
    -------
    tuple of int
    """
    return tuple(len(lam) for lam in eigenvalues)


# ------------------------------------------------------------------------------ dense reference


def eigenvector_matrix(eigenvectors: Sequence[Tensor]) -> Tensor:
    """Eigenvector matrix Φ = I + N, with φ_l at block (l + 1, l) of N.

    Parameters
    ----------
    eigenvectors : sequence of L tensors, the l-th of shape (n_{l+1}, n_l)

    Returns
    -------
    Tensor of shape (n, n), n = Σ n_l
    """
    sizes = [eigenvectors[0].shape[1]] + [phi.shape[0] for phi in eigenvectors]
    Phi = torch.eye(sum(sizes), dtype=eigenvectors[0].dtype, device=eigenvectors[0].device)
    column = 0
    for phi in eigenvectors:
        row = column + phi.shape[1]
        Phi[row : row + phi.shape[0], column:row] = phi
        column = row
    return Phi


def inverse_eigenvector_matrix(eigenvectors: Sequence[Tensor]) -> Tensor:
    """Inverse Φ⁻¹ = Σ_{k=0..L} (−1)^k C(L + 1, k + 1) Φ^k, for one mapping 2I − Φ.

    The sum ends because N = Φ − I is nilpotent, N^{L+1} = 0; it is the general inversion formula
    of arXiv:2504.00885.

    Parameters
    ----------
    eigenvectors : sequence of L tensors, the l-th of shape (n_{l+1}, n_l)

    Returns
    -------
    Tensor of shape (n, n)
    """
    n_mappings = len(eigenvectors)
    Phi = eigenvector_matrix(eigenvectors)
    power = torch.eye(len(Phi), dtype=Phi.dtype, device=Phi.device)
    inverse = torch.zeros_like(Phi)
    for k in range(n_mappings + 1):
        inverse = inverse + (-1) ** k * comb(n_mappings + 1, k + 1) * power
        power = power @ Phi
    return inverse


def adjacency(eigenvalues: Sequence[Tensor], eigenvectors: Sequence[Tensor]) -> Tensor:
    """Adjacency matrix A = Φ Λ Φ⁻¹ of the whole network.

    Parameters
    ----------
    eigenvalues : sequence of L + 1 tensors of shape (n_l,)
    eigenvectors : sequence of L tensors, the l-th of shape (n_{l+1}, n_l)

    Returns
    -------
    Tensor of shape (n, n), n = Σ n_l
    """
    Phi = eigenvector_matrix(eigenvectors)
    return (Phi * torch.cat(list(eigenvalues))) @ inverse_eigenvector_matrix(eigenvectors)


def split_blocks(A: Tensor, layer_sizes: Sequence[int]) -> dict[tuple[int, int], Tensor]:
    """Blocks W_ij, i > j, read off the adjacency matrix.

    Parameters
    ----------
    A : Tensor of shape (n, n)
    layer_sizes : (n_0, …, n_L)

    Returns
    -------
    dict from (i, j), target layer first, to the Tensor W_ij of shape (n_i, n_j)
    """
    ends = [sum(layer_sizes[: i + 1]) for i in range(len(layer_sizes))]
    spans = [slice(end - size, end) for end, size in zip(ends, layer_sizes, strict=True)]
    return {(i, j): A[spans[i], spans[j]] for i in range(len(spans)) for j in range(i)}


def direct_forward(X: Tensor, blocks: Blocks, activation: Callable[[Tensor], Tensor]) -> Tensor:
    """Network output by the direct sum: z_i = Σ_{j<i} W_ij x_j, x_i = f(z_i), ŷ = z_L.

    Parameters
    ----------
    X : Tensor of shape (n_samples, n_0)
    blocks : every block (i, j) with j < i
    activation : f, applied entry by entry in the hidden layers

    Returns
    -------
    Tensor of shape (n_samples, n_L)
    """
    n_mappings = max(i for i, _ in blocks)
    x = [X]
    for i in range(1, n_mappings + 1):
        z = torch.stack([x[j] @ blocks[i, j].T for j in range(i)]).sum(dim=0)
        x.append(activation(z) if i < n_mappings else z)
    return x[-1]


# ----------------------------------------------------------------------------------- blocks


def transfer_block(phi: Tensor, source_eigenvalues: Tensor, target_eigenvalues: Tensor) -> Tensor:
    """Transfer block T_i = φ_{i−1} Λ_{i−1} − Λ_i φ_{i−1} = φ_{i−1} ∘ (λ_{i−1}ᵀ − λ_i).

    Parameters
    ----------
    phi : φ_{i−1}, shape (n_i, n_{i−1})
    source_eigenvalues : λ_{i−1}, shape (n_{i−1},)
    target_eigenvalues : λ_i, shape (n_i,)

    Returns
    -------
    Tensor of shape (n_i, n_{i−1}), the block W_{i,i−1}
    """
    return phi * (source_eigenvalues - target_eigenvalues[:, None])


def transfer_blocks(eigenvalues: Sequence[Tensor], eigenvectors: Sequence[Tensor]) -> list[Tensor]:
    """Transfer blocks [T_1, …, T_L] of all the layers.

    Parameters
    ----------
    eigenvalues, eigenvectors : the spectral parameters

    Returns
    -------
    list of L tensors, the i-th of shape (n_{i+1}, n_i)
    """
    return [
        transfer_block(phi, eigenvalues[i], eigenvalues[i + 1])
        for i, phi in enumerate(eigenvectors)
    ]


def product_blocks(
    eigenvalues: Sequence[Tensor],
    eigenvectors: Sequence[Tensor],
    columns: Sequence[Any] | None = None,
) -> dict[tuple[int, int], Tensor]:
    """Blocks W_ij = (−1)^{i−1−j} T_i φ_{i−2} … φ_j, without the adjacency matrix.

    Parameters
    ----------
    eigenvalues, eigenvectors : the spectral parameters
    columns : for each layer, the index of the units whose columns are wanted (all by default);
        the products are then taken over these columns alone

    Returns
    -------
    dict from (i, j), target layer first, to W_ij of shape (n_i, n_j or len(columns[j]))
    """
    n_mappings = len(eigenvectors)
    T = transfer_blocks(eigenvalues, eigenvectors)
    blocks = {}
    for j in range(n_mappings):
        pick = slice(None) if columns is None else columns[j]
        blocks[j + 1, j] = T[j][:, pick]
        path = eigenvectors[j][:, pick]
        for i in range(j + 2, n_mappings + 1):
            path = -path
            blocks[i, j] = T[i - 1] @ path
            if i < n_mappings:
                path = eigenvectors[i - 1] @ path
    return blocks


def carry_forward(
    X: Tensor,
    eigenvalues: Sequence[Tensor],
    eigenvectors: Sequence[Tensor],
    activation: Callable[[Tensor], Tensor],
    unit_masks: Sequence[Tensor] | None = None,
) -> Tensor:
    """Network output by the carry: z_i = T_i c_{i−1}, c_i = f(z_i) − φ_{i−1} c_{i−1}, c_0 = x_0.

    Equal to the direct sum over all blocks, in two matrix products a layer: inserting the product
    formula of the blocks into z_i = Σ_j W_ij x_j and pulling T_i out leaves the sum c_{i−1}, which
    follows from c_{i−2}. No skip block is built.

    Parameters
    ----------
    X : Tensor of shape (n_samples, n_0), with the constant-1 unit where the network has one
    eigenvalues, eigenvectors : the spectral parameters
    activation : f with f(0) = 0, applied entry by entry in the hidden layers
    unit_masks : for each hidden layer, a Tensor of shape (n_l,) that multiplies its activations;
        a unit masked with 0 still passes the carry

    Returns
    -------
    Tensor of shape (n_samples, n_L)
    """
    carry = X
    for i, phi in enumerate(eigenvectors[:-1]):
        x = activation(carry @ transfer_block(phi, eigenvalues[i], eigenvalues[i + 1]).T)
        if unit_masks is not None:
            x = x * unit_masks[i]
        carry = x - carry @ phi.T
    return carry @ transfer_block(eigenvectors[-1], eigenvalues[-2], eigenvalues[-1]).T


def linear_map(eigenvectors: Sequence[Tensor]) -> Tensor:
    """Linear map W_L0 = (−1)^L φ_{L−1} … φ_0 that a network is at the start of a search.

    The block W_L0 of A where every eigenvalue is 0 but the output's, which are 1: T_L is then
    −φ_{L−1} in its product formula, and every hidden unit outputs 0.

    Parameters
    ----------
    eigenvectors : sequence of L ≥ 1 tensors, the l-th of shape (n_{l+1}, n_l)

    Returns
    -------
    Tensor of shape (n_L, n_0)
    """
    *others, last = eigenvectors
    W = -last
    for phi in reversed(others):
        W = -W @ phi
    return W


def gamma_tensor(W_21: Tensor, W_10: Tensor) -> Tensor:
    """Γ_ijk = (W_21)_ij (W_10)_jk of a network with one hidden layer.

    Parameters
    ----------
    W_21 : Tensor of shape (n_2, n_1)
    W_10 : Tensor of shape (n_1, n_0)

    Returns
    -------
    Tensor of shape (n_2, n_1, n_0)
    """
    return W_21[:, :, None] * W_10[None, :, :]
