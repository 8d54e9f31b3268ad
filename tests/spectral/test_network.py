import pickle

import pytest
import torch
from configurations import architectures
from spectral_cases import randomize
from torch import nn

from sk_spectral import SpectralNetwork
from sk_spectral.spectral import algebra
from sk_spectral.spectral.tensor_activations import TENSOR_ACTIVATIONS
from sk_spectral.training.rescaling import multiply_outputs

ARCHITECTURES = architectures(3, 2)


def blocks_of_the_adjacency(lam, phi):
    return algebra.split_blocks(algebra.adjacency(lam, phi), algebra.layer_sizes_of(lam))


def dense_output(network, X, blocks_of=blocks_of_the_adjacency):
    """The published form: Φ, its inverse, A, its blocks, the sum over all of them."""
    if network.fit_intercept:
        X = torch.cat([X, torch.ones(len(X), 1, dtype=X.dtype)], dim=1)
    blocks = blocks_of(list(network.eigenvalues), list(network.eigenvectors))
    return algebra.direct_forward(X, blocks, TENSOR_ACTIVATIONS[network.activation].function)


def seeded(*args, **kwargs):
    return SpectralNetwork(*args, generator=torch.Generator().manual_seed(0), **kwargs)


@pytest.mark.parametrize("sizes", ARCHITECTURES)
@pytest.mark.parametrize("activation", sorted(TENSOR_ACTIVATIONS))
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_values_and_gradients_equal_the_dense_form(sizes, activation, fit_intercept):
    network = seeded(sizes, activation=activation, fit_intercept=fit_intercept, dtype=torch.float64)
    randomize(network)
    X = torch.randn(7, sizes[0], dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    parameters = [p for p in network.parameters() if p.requires_grad]
    got, expected = network(X), dense_output(network, X)
    torch.testing.assert_close(got, expected, rtol=1e-10, atol=1e-10)
    for one, other in zip(
        torch.autograd.grad(got.square().sum(), parameters),
        torch.autograd.grad(expected.square().sum(), parameters),
        strict=True,
    ):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("depth", [2, 8, 32])
def test_float32_stays_near_the_dense_form(depth):
    X = torch.linspace(-1, 1, 80).reshape(10, 8)
    errors = []
    for seed in range(10):
        generator = torch.Generator().manual_seed(seed)
        network = SpectralNetwork([8, *[16] * depth, 3], generator=generator)
        with torch.no_grad():
            for lam in network.eigenvalues[1:-1]:
                lam.fill_(0.1)
            # The binomial inverse loses digits with depth even in float64; the products do not.
            expected = dense_output(network.double(), X.double(), algebra.product_blocks)
            got = network.float()(X).double()
        errors.append(float((got - expected).norm() / expected.norm()))
    assert sum(errors) / len(errors) < 1e-6


def test_the_forward_never_builds_a_skip_block(monkeypatch):
    """The slow forms raise, and no matrix product pairs eigenvectors with one another."""
    network = randomize(seeded([4, 6, 5, 7, 2]))
    for name in ("eigenvector_matrix", "adjacency", "split_blocks", "product_blocks"):
        monkeypatch.setattr(algebra, name, None)
    n_rows = 11

    class OnlyBatchProducts(torch.overrides.TorchFunctionMode):
        n_products = 0

        def __torch_function__(self, func, types, args=(), kwargs=None):
            if func.__name__ in {"matmul", "__matmul__", "mm", "addmm", "linear", "bmm"}:
                assert args[0].shape[-2] == n_rows
                type(self).n_products += 1
            return func(*args, **(kwargs or {}))

    with OnlyBatchProducts() as mode:
        network(torch.ones(n_rows, 4))
    assert 0 < mode.n_products <= 2 * 4  # two a layer


def test_starts_as_a_perceptron():
    network = seeded([3, 8, 8, 2], dtype=torch.float64)
    assert all((lam == 0).all() for lam in network.eigenvalues[:-1])
    assert (network.eigenvalues[-1] == 1).all()
    assert not any(mask.any() for mask in network.active_units())
    one, other = torch.rand(2, 5, 3, dtype=torch.float64, generator=torch.Generator())
    middle = network((one + other) / 2)
    torch.testing.assert_close(middle, (network(one) + network(other)) / 2, rtol=1e-12, atol=1e-12)


def test_xavier_uniform_eigenvectors():
    network = seeded([30, 200, 10])
    for phi in network.eigenvectors:
        bound = (6 / sum(phi.shape)) ** 0.5
        assert 0.95 * bound < phi.abs().max().item() <= bound


def test_training_activates_hidden_units_from_the_perceptron():
    network = seeded([1, 32, 1])
    X = torch.linspace(-1, 1, 64)[:, None]
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(300):
        optimizer.zero_grad()
        loss = (network(X) - X.abs()).square().mean()
        loss.backward()
        optimizer.step()
    assert loss.item() < 1e-3
    assert network.active_units()[0].any()
    assert (network.eigenvalues[0] == 0).all()


@pytest.mark.parametrize("sizes", ARCHITECTURES)
def test_outputs_are_multiplied(sizes):
    network = randomize(seeded(sizes, dtype=torch.float64))
    X = torch.randn(20, sizes[0], generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    before = network.evaluate(X)
    multiply_outputs(network, 0.25)
    torch.testing.assert_close(network.evaluate(X), 0.25 * before)


def test_eigenvalues_and_eigenvectors_are_read_and_set_in_place():
    network = seeded([2, 3, 1])
    assert [tuple(lam.shape) for lam in network.eigenvalues] == [(3,), (3,), (1,)]
    assert [tuple(phi.shape) for phi in network.eigenvectors] == [(3, 3), (1, 3)]
    before = network(torch.ones(1, 2)).item()
    with torch.no_grad():
        network.eigenvalues[1][:] = torch.tensor([0.5, 0.0, 0.0])
        network.eigenvectors[0][0].fill_(-1.0)
    assert [mask.tolist() for mask in network.active_units()] == [[True, False, False]]
    assert network(torch.ones(1, 2)).item() != before
    assert set(network.state_dict()) == {
        "eigenvalues.0", "eigenvalues.1", "eigenvalues.2", "eigenvectors.0", "eigenvectors.1",
    }  # fmt: skip


def test_small_eigenvalue_does_not_make_a_unit_inactive():
    """T_2's row is non-zero through λ_1 although λ_2 is exactly 0."""
    network = seeded([2, 3, 3, 1])
    with torch.no_grad():
        network.eigenvalues[1].fill_(0.3)
    assert [int(mask.sum()) for mask in network.active_units()] == [3, 3]


def test_as_the_head_of_a_convolutional_network():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), SpectralNetwork([144, 16, 10])
        )
        model(torch.rand(5, 1, 8, 8)).square().mean().backward()
    head = model[-1]
    assert head.eigenvalues[1].grad.abs().max() > 0
    assert head.eigenvalues[0].grad is None
    assert model[0].weight.grad.abs().max() > 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_round_trips(dtype):
    network = randomize(seeded([3, 4, 2], activation="silu", dtype=dtype))
    X = torch.ones(2, 3, dtype=dtype)
    assert network(X).dtype is dtype
    loaded = pickle.loads(pickle.dumps(network))
    assert torch.equal(loaded(X), network(X))
    other = seeded([3, 4, 2], activation="silu", dtype=dtype)
    other.load_state_dict(network.state_dict())
    assert torch.equal(other(X), network(X))
    assert "silu" in repr(network)


@pytest.mark.parametrize(
    ("activation", "reason"),
    [("logistic", "0.5"), ("identity", "linear"), ("softsign?", "f.0. = 0"), (torch.cos, "relu")],
)
def test_activations_that_cannot_be_used_say_why(activation, reason):
    with pytest.raises(ValueError, match=reason):
        SpectralNetwork([2, 3, 1], activation=activation)


@pytest.mark.parametrize("sizes", ARCHITECTURES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_becomes_a_linear_map(sizes, dtype):
    network = randomize(seeded(sizes, dtype=dtype))
    # Of rank 1, which the narrowest hidden layer has room for.
    W = torch.outer(torch.arange(1.0, sizes[-1] + 1), torch.linspace(-1, 1, sizes[0] + 1)).double()
    network.set_linear_map(W)
    assert not any(mask.any() for mask in network.active_units())
    X = torch.randn(20, sizes[0], generator=torch.Generator().manual_seed(1), dtype=dtype)
    expected = X.double() @ W[:, :-1].T + W[:, -1]
    tol = 1e-4 if dtype is torch.float32 else 1e-10
    torch.testing.assert_close(network.evaluate(X).double(), expected, rtol=tol, atol=tol)


def test_becomes_the_nearest_map_where_a_layer_is_narrower_than_its_rank():
    network = seeded([3, 1, 2], fit_intercept=False, dtype=torch.float64)
    W = torch.tensor([[3.0, 0.0, 0.0], [0.0, 1.0, 0.0]]).double()
    assert not network.can_be_every_map()
    phi = network.eigenvectors[1].detach()
    network.set_linear_map(W)
    got = algebra.linear_map([v.detach() for v in network.eigenvectors])
    torch.testing.assert_close(got, phi @ torch.linalg.pinv(phi) @ W)  # projected onto its range


def test_changes_its_eigenvectors_no_more_than_it_must():
    network = seeded([3, 5, 4, 2], dtype=torch.float64)
    before = [phi.detach().clone() for phi in network.eigenvectors]
    network.set_linear_map(algebra.linear_map(before))
    for phi, one in zip(network.eigenvectors, before, strict=True):
        torch.testing.assert_close(phi.detach(), one, rtol=0, atol=1e-12)


def test_eigenvectors_that_diverged_become_no_map():
    network = seeded([3, 5, 2])
    with torch.no_grad():
        network.eigenvectors[1].fill_(torch.inf)
    with pytest.raises(ValueError, match="too large to be inverted"):
        network.set_linear_map(torch.ones(2, 4))


@pytest.mark.parametrize("sizes", [[2], [], [2, 0, 1], [2, -3, 1], [2, 2.5, 1], [2, True, 1]])
def test_layer_sizes_that_cannot_be_used(sizes):
    with pytest.raises(ValueError, match="layer_sizes"):
        SpectralNetwork(sizes)


def test_input_eigenvalues_train_where_asked_for():
    network = seeded([2, 8, 1], train_input_eigenvalues=True)
    assert (network.eigenvalues[0] == 0).all()
    X = torch.linspace(-1, 1, 64).reshape(32, 2)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(3):
        optimizer.zero_grad()
        (network(X) - X.abs().sum(1, keepdim=True)).square().mean().backward()
        optimizer.step()
    assert (network.eigenvalues[0] != 0).all()
