"""The squared norm over paths from input to output: forwards the richness, backwards the shares.

A path is a chain of units from the input to the output, one step through a block each, and weighs
the product of its entries. Squared weights of all paths add up by a recursion over the blocks,

    forwards   p_0 = 1,  p_i = Σ_{j<i} (W_ij ∘ W_ij) p_j,    of the paths that end in a unit,
    backwards  q_L = 1,  q_j = Σ_{i>j} (W_ij ∘ W_ij)ᵀ q_i,   of the paths that start in a unit,

so that 1ᵀp_L = 1ᵀq_0 is the sum over all of them, and p_i ∘ q_i that of the paths through each unit
of layer i. Blocks are dictionaries keyed (target layer,
source layer), of NumPy arrays or of tensors: operators alone are used, and no torch imported.
"""

from collections.abc import Mapping
from typing import Any

Blocks = Mapping[tuple[int, int], Any]
"""Every block W_ij with j < i, of shape (n_i, n_j); n_j may be 0 for a hidden layer."""


def gamma_norm(blocks: Blocks) -> float:
    """Richness ‖Γ‖: the norm over all paths from input to output through a hidden unit.

    ‖Γ‖² = 1ᵀp_L − ‖W_L0‖²_F. The direct block is left out of the last sum rather than taken off
    it, so that nothing cancels. With one hidden layer this is the Frobenius norm of
    `algebra.gamma_tensor`.

    Parameters
    ----------
    blocks : mapping from (i, j) to an array or tensor of shape (n_i, n_j), for all j < i

    Returns
    -------
    float
        In the units of the blocks; exactly 0 where there is no hidden layer or none is read.
    """
    last = max(i for i, _ in blocks)
    p = _forwards(blocks)
    return float(sum((blocks[last, j] ** 2 @ p[j]).sum() for j in p)) ** 0.5


def input_shares(blocks: Blocks) -> Any:
    """Share of the squared norm over all paths to the outputs that starts at each input.

    It is q_0 / 1ᵀq_0, the direct path included: exactly 0 for an input that no block reads.

    Parameters
    ----------
    blocks : mapping from (i, j) to an array or tensor of shape (n_i, n_j), for all j < i

    Returns
    -------
    array or tensor of shape (n_0,)
        Adds up to 1; zeros where no output reads anything.
    """
    q = _backwards(blocks)
    total = q[0].sum()
    return q[0] / total if total > 0 else q[0]


def unit_shares(blocks: Blocks) -> list[Any]:
    """Share of the squared norm over all paths to the outputs that goes through each hidden unit.

    It is p_i ∘ q_i / 1ᵀq_0 for the hidden layers i: exactly 0 for a unit that reads nothing, or
    that nothing reads. With several layers a path may go through more than one unit.

    Parameters
    ----------
    blocks : mapping from (i, j) to an array or tensor of shape (n_i, n_j), for all j < i

    Returns
    -------
    list of arrays or tensors of shape (n_i,)
        One for each hidden layer; zeros where no output reads anything.
    """
    p, q = _forwards(blocks), _backwards(blocks)
    total = q[0].sum()
    return [p[i] * q[i] / (total if total > 0 else 1.0) for i in sorted(p)]


def _forwards(blocks: Blocks) -> dict[int, Any]:
    """The sums p_i over the paths that end in each unit, for the hidden layers."""
    p: dict[int, Any] = {}
    for i in range(1, max(i for i, _ in blocks)):
        p[i] = (blocks[i, 0] ** 2).sum(1)
        for j in range(1, i):
            p[i] = p[i] + blocks[i, j] ** 2 @ p[j]
    return p


def _backwards(blocks: Blocks) -> dict[int, Any]:
    """The sums q_j over the paths that start in each unit, for all layers."""
    last = max(i for i, _ in blocks)
    # The sum over no columns: a vector of n_L zeros of the blocks' own kind.
    q = {last: blocks[last, 0][:, :0].sum(1) + 1.0}
    for j in range(last - 1, -1, -1):
        q[j] = sum(q[i] @ blocks[i, j] ** 2 for i in range(j + 1, last + 1))
    return q
