"""Numbers of units in the layers: which can be used, and how many parameters they take.

Plain integers, n_0 of the input to n_L of the output; imports no torch.
"""

from collections.abc import Sequence
from itertools import pairwise
from numbers import Integral


def check_layer_sizes(layer_sizes: Sequence[int], name: str) -> tuple[int, ...]:
    """Layer sizes as a tuple of ints.

    Parameters
    ----------
    layer_sizes : sequence of int
    name : str
        What the error calls them.

    Returns
    -------
    tuple of int

    Raises
    ------
    ValueError
        Where one is no positive integer.
    """
    sizes = tuple(layer_sizes)
    for size in sizes:
        if not isinstance(size, Integral) or isinstance(size, bool) or size < 1:
            raise ValueError(f"{name} must hold positive integers, got {size!r} in {sizes!r}.")
    return tuple(int(size) for size in sizes)


def n_spectral_parameters(layer_sizes: Sequence[int]) -> int:
    """Parameters in spectral space, eigenvectors and eigenvalues: Σ_l n_l n_{l+1} + Σ_l n_l.

    Parameters
    ----------
    layer_sizes : sequence of L + 1 ints

    Returns
    -------
    int
    """
    return sum(layer_sizes) + sum(source * target for source, target in pairwise(layer_sizes))


def n_direct_parameters(layer_sizes: Sequence[int]) -> int:
    """Parameters in direct space, one for each entry of each block: Σ_{j<i} n_i n_j.

    Parameters
    ----------
    layer_sizes : sequence of L + 1 ints

    Returns
    -------
    int
    """
    return sum(layer_sizes[i] * layer_sizes[j] for i in range(len(layer_sizes)) for j in range(i))
