"""From the network that was trained to the one that predicts."""

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import torch
from numpy.typing import NDArray

from sk_spectral.data.batches import TensorDataset
from sk_spectral.data.knots import knots_of
from sk_spectral.data.scaling import Scaling
from sk_spectral.data.sparse import SparseRows
from sk_spectral.model.compact import CompactNetwork
from sk_spectral.model.pieces import Pieces
from sk_spectral.model.topology import Topology
from sk_spectral.search.baseline import LinearMaps, nonlinear_share
from sk_spectral.search.candidate import Candidate
from sk_spectral.spectral.algebra import product_blocks, transfer_blocks
from sk_spectral.spectral.network import SpectralNetwork, diverged

_ROWS_TO_COMPARE = 256
_TOLERANCE = 1e-8
_LARGEST_TOLERANCE = 1e-5
_ROUNDING = 1e-13
_ROWS_FOR_SHARE, _SHRINKAGE = 20_000, 1e-4
_ROWS_FOR_BENDS, _ROWS_A_PIECE, _MOST_KNOTS = 4000, 10, 13


def evenly_spaced(rows: TensorDataset, most: int = _ROWS_FOR_SHARE) -> TensorDataset:
    """At most so many of the rows, which hold no memory of the others."""
    every = slice(None, None, -(-len(rows) // most))
    X = rows.X[every] if isinstance(rows.X, SparseRows) else rows.X[every].clone()
    weight = None if rows.sample_weight is None else rows.sample_weight[every].clone()
    return TensorDataset(X, rows.y[every].clone(), weight)


def read(
    candidate: Candidate, rows: TensorDataset, scaling: Scaling | None = None
) -> tuple[CompactNetwork, Topology, NDArray[np.float64]]:
    """What is left of a network, its topology and the shares of its features.

    The network reads inputs in the units of training, which `scaling` makes of features.

    ValueError where it diverged so far that one of the numbers that tell of it is none.
    """
    pieces = None if scaling is None else scaling.pieces
    with np.errstate(all="ignore"):  # looked for below
        share = nonlinear_share_of(candidate, rows, pieces)
        joined = interaction_share_of(candidate, rows, pieces)
        compact = cut_out(candidate, rows.take(slice(_ROWS_TO_COMPARE)).X)
        of_features = compact if scaling is None else scaling.attached_to(compact)
        shares = of_features.input_shares(_variances(rows, of_features))
        of_topology = shares.copy()  # which is frozen, while an estimator's array is its user's
        of_topology.flags.writeable = False
        topology = Topology.from_compact(
            of_features,
            feature_importances=of_topology,
            loss_before=candidate.loss_before,
            loss_after=candidate.loss_after,
            nonlinear_share=share,
            interaction_share=joined,
        )
    told = candidate.loss_before, candidate.loss_after, share, joined, topology.gamma_norm
    if not all(np.isfinite(numbers).all() for numbers in (told, topology.block_norms, shares)):
        raise diverged("The weights of the network became too large to be squared")
    return compact, topology, shares


def _variances(rows: TensorDataset, compact: CompactNetwork) -> NDArray[np.float64] | None:
    """Of the inputs, where indicators may be among them."""
    if isinstance(rows.X, SparseRows):
        return None
    X = rows.X[:, : compact.n_inputs].double()
    variances: NDArray[np.float64] = X.var(dim=0, correction=0).cpu().numpy()
    return variances


def nonlinear_share_of(
    candidate: Candidate, rows: TensorDataset, pieces: Pieces | None = None
) -> float:
    """Share of the predictions that no linear map of the features has, on evenly spaced rows."""
    reads_pieces = pieces is not None and candidate.n_read is None
    if not (candidate.has_units or reads_pieces):
        return 0.0
    n_features = None if pieces is None else pieces.n_features
    if isinstance(rows.X, SparseRows):
        return _share_of_sparse(candidate, rows)
    some = evenly_spaced(rows)
    outputs = candidate.network.evaluate(some.X, candidate.unit_masks)
    return nonlinear_share(
        some.X[:, :n_features].cpu().numpy(),
        outputs.cpu().numpy(),
        some.weight_array(),
        candidate.network.fit_intercept,
    )


def _share_of_sparse(candidate: Candidate, rows: TensorDataset) -> float:
    """Share of the predictions of rows that a ridge regression of others does not have.

    Sparse rows may have more columns than there are rows: a linear map of all of them has all.
    """
    some = evenly_spaced(rows, _ROWS_FOR_SHARE)
    outputs = candidate.network.evaluate(some.X, candidate.unit_masks).double()
    fitted, others = slice(None, None, 2), slice(1, None, 2)
    n_outputs, fit_intercept = outputs.shape[1], candidate.network.fit_intercept
    maps = LinearMaps(TensorDataset(some.X[fitted], outputs[fitted]), n_outputs, fit_intercept)
    W = maps(_SHRINKAGE)
    assert W is not None
    said = some.X[others] @ torch.as_tensor(W[:, : some.X.shape[1]].T)
    said = said + torch.as_tensor(W[:, some.X.shape[1] :].sum(axis=1))
    truth = outputs[others]
    total = (truth - truth.mean(dim=0)).square().sum()
    return min(float((truth - said).square().sum() / total), 1.0) if total > 0 else 0.0


def interaction_share_of(
    candidate: Candidate, rows: TensorDataset, pieces: Pieces | None = None
) -> float:
    """Share of the predictions that no sum of functions of one feature each has.

    These are piecewise linear between quantiles of evenly spaced rows, of as many pieces as 10 rows
    for each allow.
    """
    if not candidate.has_units:
        return 0.0
    if isinstance(rows.X, SparseRows):
        return _share_of_sparse(candidate, rows)
    some = evenly_spaced(rows, _ROWS_FOR_BENDS)
    outputs = candidate.network.evaluate(some.X, candidate.unit_masks)
    n_features = some.X.shape[1] if pieces is None else pieces.n_features
    X = some.X[:, :n_features].cpu().double().numpy()
    most = min(len(X) // (_ROWS_A_PIECE * n_features) + 1, _MOST_KNOTS)
    columns = [X]
    for values in X.T:
        knots = knots_of(values, None, most) if most > 2 else values[:0]
        start, end = knots[:-1], knots[1:]
        columns.append(np.clip((values[:, None] - start) / (end - start), 0.0, 1.0))
    return nonlinear_share(
        np.hstack(columns),
        outputs.cpu().numpy(),
        some.weight_array(),
        candidate.network.fit_intercept,
    )


def cut_out(candidate: Candidate, X: torch.Tensor) -> CompactNetwork:
    """Compact network of the kept units, compared with the pruned network on the rows X.

    Both round: by a share of all that their sums add up, however much of that cancels. Where what
    cancels is so large that digits of the outputs are lost, ValueError says what to lower.
    """
    exact = deepcopy(candidate.network).cpu().double()
    masks = [mask.cpu() for mask in candidate.unit_masks]
    compact = compact_network(candidate.network, [mask.numpy() for mask in masks])
    X = X.cpu().double()
    with torch.no_grad(), np.errstate(all="ignore"):
        expected = exact(X, [mask.double() for mask in masks]).numpy()
        error = np.abs(compact(X.numpy()) - expected)
        size = 1.0 + np.abs(expected).max(initial=0.0)
        rounding = _ROUNDING * _magnitudes(exact, X).numpy()
    allowed = np.maximum(_TOLERANCE * size, np.minimum(rounding, _LARGEST_TOLERANCE * size))
    if not (np.isfinite(size) and (error <= allowed).all()):
        raise ValueError(
            "The outputs of the network are differences of numbers so large that their digits are "
            "lost: lower learning_rate_init, or set standardize=True to bring X and y to one scale."
        )
    return compact


def compact_network(
    network: SpectralNetwork, unit_masks: Sequence[NDArray[np.bool_]]
) -> CompactNetwork:
    """Cut the blocks between the units in `unit_masks` out of a SpectralNetwork.

    Parameters
    ----------
    network : SpectralNetwork
    unit_masks : sequence of bool arrays of shape (n_l,)
        For each hidden layer, which units are kept.

    Returns
    -------
    CompactNetwork
        In float64, of the same outputs but for rounding.
    """
    eigenvalues = [lam.detach().cpu().double() for lam in network.eigenvalues]
    eigenvectors = [phi.detach().cpu().double() for phi in network.eigenvectors]
    kept = [np.arange(len(eigenvalues[0]))] + [np.flatnonzero(mask) for mask in unit_masks]
    blocks = product_blocks(eigenvalues, eigenvectors, columns=kept)
    n_features = network.layer_sizes[0]

    weights, intercepts = [], []
    for i in range(1, len(eigenvalues)):
        rows = kept[i] if i < len(kept) else slice(None)
        parts = [blocks[i, j].numpy()[rows] for j in range(i)]
        intercepts.append(parts[0][:, n_features:].sum(axis=1))
        parts[0] = parts[0][:, :n_features]
        weights.append(np.ascontiguousarray(np.hstack(parts)))
    return CompactNetwork(
        weights=tuple(weights),
        intercepts=tuple(intercepts) if network.fit_intercept else None,
        activation=network.activation,
        unit_masks=tuple(np.asarray(mask, dtype=bool) for mask in unit_masks),
    )


def _magnitudes(network: SpectralNetwork, X: torch.Tensor) -> torch.Tensor:
    """What the sums of the recursion add up in magnitude, as |f(z)| ≤ |z|; shaped as outputs."""
    carry = X.abs()
    if network.fit_intercept:
        carry = torch.cat([carry, carry.new_ones(len(X), 1)], dim=1)
    transfers = transfer_blocks(list(network.eigenvalues), list(network.eigenvectors))
    for phi, T in zip(network.eigenvectors[:-1], transfers[:-1], strict=True):
        carry = carry @ (phi.abs() + T.abs()).T
    return carry @ transfers[-1].abs().T
