"""What a topology costs: each penalty a function of the spectral parameters.

A penalty returns a scalar tensor, to be multiplied by the strength alpha and added to the loss. The
output eigenvalues are never penalised: they carry the linear map that the search starts from. At
a norm of zero the subgradient is 0.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.linalg import vector_norm

from sk_spectral.algebra import transfer_blocks


def gamma(eigenvalues: Sequence[Tensor], eigenvectors: Sequence[Tensor]) -> Tensor:
    """Sum over hidden units of what comes in times what goes out, a lasso on the parts of Γ.

    Σ_{i=1..L−1} Σ_j ‖T_i[j, :]‖₂ · ‖(T_{i+1}[:, j]; φ_i[:, j] where i + 1 < L)‖₂: a unit of layer i
    reads by row j of T_i and writes, through the carry, by T_{i+1} and φ_i. With one hidden layer
    the summands are the norms of Γ[:, j, :], so that whole units leave Γ together.
    """
    T = transfer_blocks(eigenvalues, eigenvectors)
    total = eigenvectors[0].new_zeros(())
    for i in range(1, len(T)):
        incoming = vector_norm(T[i - 1], dim=1)
        outgoing = T[i] if i + 1 == len(T) else torch.cat([T[i], eigenvectors[i]])
        total = total + incoming @ vector_norm(outgoing, dim=0)
    return total


def group(eigenvalues: Sequence[Tensor], eigenvectors: Sequence[Tensor]) -> Tensor:
    """Σ_{l<L} ‖λ_l‖₂, not squared: whole layers leave together. The choice of arXiv:2504.00885."""
    return torch.stack([vector_norm(lam) for lam in eigenvalues[:-1]]).sum()


def l1(eigenvalues: Sequence[Tensor], eigenvectors: Sequence[Tensor]) -> Tensor:
    """Σ_{l<L} ‖λ_l‖₁: eigenvalues leave one by one."""
    return torch.stack([lam.abs().sum() for lam in eigenvalues[:-1]]).sum()


Penalty = Callable[[Sequence[Tensor], Sequence[Tensor]], Tensor]

PENALTIES: dict[str, Penalty] = {"gamma": gamma, "group": group, "l1": l1}
