"""The published statements, each in float64 against a form computed another way."""

import torch
from hypothesis import given
from spectral_cases import layer_sizes, perceptron_parameters, random_parameters, seeds

from sk_spectral.spectral import algebra
from sk_spectral.spectral.paths import gamma_norm

TOL = {"rtol": 1e-10, "atol": 1e-10}


def assert_close(actual, expected):
    torch.testing.assert_close(actual, expected, **TOL)


@given(layer_sizes, seeds)
def test_inverse_by_the_binomial_formula(sizes, seed):
    _, eigenvectors = random_parameters(sizes, seed)
    Phi = algebra.eigenvector_matrix(eigenvectors)
    inverse = algebra.inverse_eigenvector_matrix(eigenvectors)
    scale = max(1.0, float(inverse.abs().max()))
    assert_close(Phi @ inverse / scale, torch.eye(sum(sizes), dtype=torch.float64) / scale)
    assert_close(inverse / scale, torch.linalg.inv(Phi) / scale)


@given(seeds)
def test_two_layers_as_published(seed):
    """Φ⁻¹ = 2I − Φ and W = φ L_1 − L_2 φ."""
    eigenvalues, eigenvectors = random_parameters([4, 3], seed)
    Phi = algebra.eigenvector_matrix(eigenvectors)
    eye = torch.eye(7, dtype=torch.float64)
    assert_close(algebra.inverse_eigenvector_matrix(eigenvectors), 2 * eye - Phi)
    A = Phi @ torch.diag(torch.cat(eigenvalues)) @ (2 * eye - Phi)
    assert_close(algebra.adjacency(eigenvalues, eigenvectors), A)
    (phi,), (first, second) = eigenvectors, eigenvalues
    W = phi @ torch.diag(first) - torch.diag(second) @ phi
    assert_close(algebra.split_blocks(A, [4, 3])[1, 0], W)


@given(layer_sizes, seeds)
def test_adjacency_has_the_eigenvalues_and_eigenvectors(sizes, seed):
    eigenvalues, eigenvectors = random_parameters(sizes, seed)
    A = algebra.adjacency(eigenvalues, eigenvectors)
    Phi = algebra.eigenvector_matrix(eigenvectors)
    scale = max(1.0, float(A.abs().max()))
    assert_close(A @ Phi / scale, Phi @ torch.diag(torch.cat(eigenvalues)) / scale)


@given(layer_sizes, seeds)
def test_product_blocks_equal_the_blocks_of_the_adjacency(sizes, seed):
    eigenvalues, eigenvectors = random_parameters(sizes, seed)
    A = algebra.adjacency(eigenvalues, eigenvectors)
    dense = algebra.split_blocks(A, algebra.layer_sizes_of(eigenvalues))
    product = algebra.product_blocks(eigenvalues, eigenvectors)
    assert product.keys() == dense.keys()
    scale = max(1.0, float(A.abs().max()))
    for key, block in product.items():
        assert_close(block / scale, dense[key] / scale)


@given(layer_sizes, seeds)
def test_product_formula_as_published(sizes, seed):
    """W_ij = (−1)^{i−1−j} [φ_{i−1} L_{i−1} − L_i φ_{i−1}] φ_{i−2} … φ_j, term by term."""
    eigenvalues, eigenvectors = random_parameters(sizes, seed)
    product = algebra.product_blocks(eigenvalues, eigenvectors)
    for (i, j), block in product.items():
        phi = eigenvectors[i - 1]
        W = phi @ torch.diag(eigenvalues[i - 1]) - torch.diag(eigenvalues[i]) @ phi
        for k in range(1, i - j):
            W = -W @ eigenvectors[i - 1 - k]
        assert_close(block, W)


@given(layer_sizes, seeds)
def test_product_blocks_of_some_columns(sizes, seed):
    eigenvalues, eigenvectors = random_parameters(sizes, seed)
    columns = [torch.arange(0, n, 2) for n in sizes]
    whole = algebra.product_blocks(eigenvalues, eigenvectors)
    some = algebra.product_blocks(eigenvalues, eigenvectors, columns)
    for (i, j), block in some.items():
        assert_close(block, whole[i, j][:, columns[j]])


@given(layer_sizes, seeds)
def test_carry_equals_the_direct_sum_in_values_and_gradients(sizes, seed):
    eigenvalues, eigenvectors = random_parameters(sizes, seed)
    X = torch.linspace(-1, 1, 5 * sizes[0], dtype=torch.float64).reshape(5, sizes[0])

    def value_and_gradients(forward):
        leaves = [t.clone().requires_grad_() for t in (*eigenvalues, *eigenvectors)]
        lam, phi = leaves[: len(sizes)], leaves[len(sizes) :]
        out = forward(lam, phi)
        gradients = torch.autograd.grad(out.square().sum(), leaves)
        return out.detach(), gradients

    dense = value_and_gradients(
        lambda lam, phi: algebra.direct_forward(
            X, algebra.split_blocks(algebra.adjacency(lam, phi), sizes), torch.tanh
        )
    )
    carry = value_and_gradients(lambda lam, phi: algebra.carry_forward(X, lam, phi, torch.tanh))
    scale = max(1.0, float(dense[0].abs().max()), *(float(g.abs().max()) for g in dense[1]))
    assert_close(carry[0] / scale, dense[0] / scale)
    for got, expected in zip(carry[1], dense[1], strict=True):
        assert_close(got / scale, expected / scale)


@given(layer_sizes, seeds)
def test_zero_eigenvalues_give_exactly_a_linear_perceptron(sizes, seed):
    eigenvalues, eigenvectors = perceptron_parameters(sizes, seed)
    blocks = algebra.product_blocks(eigenvalues, eigenvectors)
    last = len(sizes) - 1
    for (i, _), block in blocks.items():
        if i < last:
            assert (block == 0).all()
    W = algebra.linear_map(eigenvectors)
    X = torch.linspace(-1, 1, 3 * sizes[0], dtype=torch.float64).reshape(3, sizes[0])
    linear = X @ W.T
    assert_close(algebra.carry_forward(X, eigenvalues, eigenvectors, torch.relu), linear)
    assert gamma_norm(blocks) == 0.0


@given(layer_sizes, seeds)
def test_a_common_constant_changes_no_block(sizes, seed):
    eigenvalues, eigenvectors = random_parameters(sizes, seed)
    blocks = algebra.product_blocks(eigenvalues, eigenvectors)
    shifted = algebra.product_blocks([lam + 0.7 for lam in eigenvalues], eigenvectors)
    for key, block in blocks.items():
        assert_close(shifted[key], block)


def test_a_masked_unit_still_passes_the_carry():
    eigenvalues, eigenvectors = random_parameters([3, 4, 2], 0)
    X = torch.eye(3, dtype=torch.float64)
    masks = [torch.tensor([1.0, 0.0, 1.0, 0.0], dtype=torch.float64)]
    blocks = algebra.product_blocks(eigenvalues, eigenvectors)
    hidden = torch.relu(X @ blocks[1, 0].T) * masks[0]
    expected = hidden @ blocks[2, 1].T + X @ blocks[2, 0].T
    got = algebra.carry_forward(X, eigenvalues, eigenvectors, torch.relu, masks)
    assert_close(got, expected)


@given(layer_sizes, seeds)
def test_linear_map_is_the_direct_block_of_the_adjacency_at_the_start(sizes, seed):
    """W_L0 = (−1)^L φ_{L−1} … φ_0, with its sign."""
    eigenvalues, eigenvectors = perceptron_parameters(sizes, seed)
    A = algebra.adjacency(eigenvalues, eigenvectors)
    dense = algebra.split_blocks(A, sizes)[len(sizes) - 1, 0]
    scale = max(1.0, float(A.abs().max()))
    W = algebra.linear_map(eigenvectors)
    assert W.shape == (sizes[-1], sizes[0])
    assert_close(W / scale, dense / scale)


def test_linear_map_by_hand():
    one, other = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0], [5.0]])
    assert algebra.linear_map([one]).tolist() == [[-1.0, -2.0]]
    assert algebra.linear_map([one, other]).tolist() == [[3.0, 6.0], [5.0, 10.0]]
    assert algebra.linear_map([one, other, one]).tolist() == [[-13.0, -26.0]]


def test_one_hidden_layer_has_a_tensor_of_paths():
    W_21, W_10 = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0], [5.0]])
    assert algebra.gamma_tensor(W_21, W_10).tolist() == [[[3.0], [10.0]]]
