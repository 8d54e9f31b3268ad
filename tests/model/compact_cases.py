"""Networks cut out of random ones, shared by the tests of this room."""

import numpy as np
import torch
from spectral_cases import randomize

from sk_spectral import SpectralNetwork
from sk_spectral.search.compaction import compact_network

MASKS = {
    (3, 2): [],
    (3, 6, 1): [[1, 1, 0, 1, 0, 1]],
    (4, 5, 6, 2): [[0, 0, 0, 0, 0], [1, 0, 1, 0, 0, 1]],
    (2, 3, 4, 3, 2): [[1, 1, 1], [0, 1, 0, 1], [1, 0, 0]],
}


def cut(sizes, *, activation="relu", fit_intercept=True, everything=False):
    """A network, which units are kept of it, and what they make up."""
    network = SpectralNetwork(
        sizes, activation=activation, fit_intercept=fit_intercept,
        dtype=torch.float64, generator=torch.Generator().manual_seed(0),
    )  # fmt: skip
    randomize(network)
    if everything:
        masks = [np.ones(size, dtype=bool) for size in sizes[1:-1]]
    else:
        masks = [np.array(mask, dtype=bool) for mask in MASKS[sizes]]
    return network, masks, compact_network(network, masks)
