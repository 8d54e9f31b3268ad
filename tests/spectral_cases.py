"""Spectral parameters of random networks, shared by the tests."""

from itertools import pairwise

import torch
from hypothesis import strategies as st

layer_sizes = st.lists(st.integers(1, 7), min_size=2, max_size=7)
seeds = st.integers(0, 2**16)


def random_parameters(sizes, seed):
    """Eigenvalues and eigenvectors in float64, none of them zero."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.rand(*shape, generator=generator, dtype=torch.float64) * 1.8 - 0.9

    eigenvalues = [draw(n) for n in sizes]
    eigenvectors = [draw(n, m) for m, n in pairwise(sizes)]
    return eigenvalues, eigenvectors


def perceptron_parameters(sizes, seed):
    """The start of a search: every eigenvalue zero but the output's."""
    _, eigenvectors = random_parameters(sizes, seed)
    eigenvalues = [torch.zeros(n, dtype=torch.float64) for n in sizes[:-1]]
    return [*eigenvalues, torch.ones(sizes[-1], dtype=torch.float64)], eigenvectors


def randomize(network, seed=0, scale=0.5):
    """Move a network away from the perceptron, in place; the input eigenvalues stay 0."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in [*network.eigenvalues[1:], *network.eigenvectors]:
            parameter.copy_(
                scale * torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
            )
    return network
