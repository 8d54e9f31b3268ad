"""From the network that was trained to the one that predicts."""

from copy import deepcopy

import numpy as np
import torch

from sk_spectral.batches import TensorRows
from sk_spectral.compact import CompactNetwork
from sk_spectral.network import SpectralNetwork
from sk_spectral.perceptron import nonlinear_share
from sk_spectral.pruning import Pruning

ROWS_TO_COMPARE = 256
_ROWS_FOR_SHARE = 20_000


def evenly_spaced(rows: TensorRows) -> TensorRows:
    """At most 20,000 of the rows, which hold no memory of the others."""
    some = rows.take(slice(None, None, -(-len(rows) // _ROWS_FOR_SHARE)))
    return TensorRows(*(None if part is None else part.clone() for part in some))


def nonlinear_share_of(network: SpectralNetwork, pruning: Pruning, rows: TensorRows) -> float:
    """Share of the predictions that no linear map has, on evenly spaced rows."""
    if not any(mask.any() for mask in pruning.unit_masks):
        return 0.0
    some = evenly_spaced(rows)
    outputs = network.evaluate(some.X, pruning.unit_masks)
    weight = None if some.sample_weight is None else some.sample_weight.cpu().numpy()
    arrays = (tensor.cpu().numpy() for tensor in (some.X, outputs))
    return nonlinear_share(*arrays, weight, network.fit_intercept)


def cut_out(network: SpectralNetwork, pruning: Pruning, X: torch.Tensor) -> CompactNetwork:
    """Compact network of the kept units, compared with the pruned network on the rows X."""
    compact = CompactNetwork.from_network(
        network, [mask.cpu().numpy() for mask in pruning.unit_masks]
    )
    X = X.double()
    with torch.no_grad():
        masks = [mask.cpu().double() for mask in pruning.unit_masks]
        expected = deepcopy(network).double()(X, masks).numpy()
    got = compact(X.numpy())
    error = np.abs(got - expected).max(initial=0.0)
    if not error <= 1e-8 * (1.0 + np.abs(expected).max(initial=0.0)):
        raise RuntimeError(
            f"The compact network differs from the pruned one by {error:.3g}. The eigenvectors "
            "have grown too large for their products: lower learning_rate_init or use fewer layers."
        )
    return compact
