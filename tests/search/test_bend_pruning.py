"""Which features keep their pieces in a network."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from evaluated_cases import evaluator_of, network_with_truth

from sk_spectral.data.batches import TensorDataset
from sk_spectral.search.bend_pruning import drop_bends, slopes_of_pieces, without_inputs
from sk_spectral.search.iterative_pruning import IterativePruning, Limits
from sk_spectral.spectral.algebra import product_blocks

SOURCES = np.array([0, 1, 0, 0, 1])
"""Two features, two bends of the first and one of the second."""


def bent_rows(n_samples=200):
    x = np.random.default_rng(0).normal(size=(n_samples, 2))
    inputs = [x[:, 0], x[:, 1], np.abs(x[:, 0]), np.maximum(x[:, 0] - 1, 0), np.abs(x[:, 1])]
    X = np.stack(inputs, axis=1)
    return torch.as_tensor(X - X.mean(axis=0))


def blocks_of(network):
    lam, phi = list(network.eigenvalues), list(network.eigenvectors)
    return product_blocks([v.detach() for v in lam], [v.detach() for v in phi])


def test_the_line_that_is_nearest_to_a_piece_is_of_least_squares():
    X = bent_rows()
    weight = torch.as_tensor(np.random.default_rng(1).uniform(0.5, 1.5, 200))
    slopes = slopes_of_pieces(TensorDataset(X, X[:, :1], weight), SOURCES)
    for piece in (2, 3, 4):
        x, p, w = X[:, SOURCES[piece]].numpy(), X[:, piece].numpy(), weight.sqrt().numpy()
        expected = np.linalg.lstsq((w * x)[:, None], w * p, rcond=None)[0][0]
        assert float(slopes[piece]) == pytest.approx(expected)
    assert slopes[:2].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("trained", [True, False])
def test_what_was_read_of_a_piece_is_read_of_its_feature(trained):
    network, _ = network_with_truth((5, 6, 4, 2))
    with torch.no_grad():  # as it is where input eigenvalues are not trained, or all alike
        network.eigenvalues[0].fill_(0.3 if trained else 0.0)
    network.eigenvalues[0].requires_grad_(trained)
    X, kept = bent_rows(), torch.tensor([True, True, True, True, False])
    slopes = slopes_of_pieces(TensorDataset(X, X[:, :1]), SOURCES)
    narrow = without_inputs(network, kept, slopes, SOURCES)
    lines = X.clone()
    lines[:, 4] = slopes[4] * X[:, 1]
    torch.testing.assert_close(narrow(X[:, kept]), network(lines))
    assert narrow.eigenvalues[0].requires_grad is trained
    assert narrow.layer_sizes == (4, 6, 4, 2)


def test_input_eigenvalues_are_those_that_miss_least_of_the_first_block():
    network, _ = network_with_truth((5, 6, 4, 2))
    X, kept = bent_rows(), torch.tensor([True, True, False, False, True])
    slopes = slopes_of_pieces(TensorDataset(X, X[:, :1]), SOURCES)
    narrow = without_inputs(network, kept, slopes, SOURCES)
    before, after = blocks_of(network), blocks_of(narrow)
    onto = torch.zeros(6, 4, dtype=torch.float64)  # of all inputs and the constant
    onto[[0, 1, 4, 5], [0, 1, 2, 3]] = 1.0
    onto[[2, 3], [0, 0]] = slopes[[2, 3]]
    for block in before:
        if block[1] == 0 and block[0] > 1:
            torch.testing.assert_close(after[block], before[block] @ onto)
    wanted, missed = before[1, 0] @ onto, []
    for step in (0.0, -0.01, 0.01):
        changed = deepcopy(narrow)
        with torch.no_grad():
            changed.eigenvalues[0][0] += step
        missed.append(float((wanted - blocks_of(changed)[1, 0]).square().sum()))
    assert missed[0] < min(missed[1:])


def test_features_lose_their_pieces_where_the_network_does_not_miss_the_bend():
    network, _ = network_with_truth((5, 6, 4, 2))
    X = bent_rows()
    with torch.no_grad():  # the bend of the second feature is read by no unit
        network.eigenvectors[0][:, 4] = 0.0
    y, reads = network(X).detach(), []

    def refit(network, masks, inputs):
        reads.append(inputs.tolist())
        return network, 1

    evaluator = evaluator_of(X, y, independent=True)
    pruning = IterativePruning(network, evaluator, Limits(1.0), refit)
    drop_bends(pruning, TensorDataset(X, y), SOURCES)
    assert reads == [[True, True, True, True, False]]
    assert pruning.best.inputs.tolist() == reads[0]
    assert pruning.best.network.layer_sizes[0] == 4
    torch.testing.assert_close(pruning.best.network.evaluate(pruning.X, pruning.best.unit_masks), y)


def test_none_leaves_where_all_bends_are_needed():
    network, _ = network_with_truth((5, 6, 4, 2))
    X = bent_rows()
    y = network(X).detach()
    pruning = IterativePruning(network, evaluator_of(X, y, independent=True), Limits(1.0), None)
    drop_bends(pruning, TensorDataset(X, y), SOURCES)
    assert pruning.best.inputs is None
