import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from sk_spectral.batches import TensorRows
from sk_spectral.crossfit import N_FOLDS, CrossFit, cross_fit, folds
from sk_spectral.losses import LogLoss, SquaredError
from sk_spectral.network import SpectralNetwork
from sk_spectral.preparation import Data


def data_of(y, X=None, seed=0):
    X = np.random.default_rng(seed).normal(size=(len(y), 3)) if X is None else X
    return Data(np.asarray(y), None, X)


def test_folds_hold_each_row_out_once():
    held_out = folds(data_of(np.zeros((50, 1))), 0)
    assert len(held_out) == N_FOLDS
    assert (np.sum(held_out, axis=0) == 1).all()
    assert min(out.sum() for out in held_out) == 10


def test_equal_rows_are_in_one_fold_and_do_not_change_the_others():
    X, y = np.random.default_rng(0).normal(size=(40, 3)), np.arange(40.0)[:, None]
    once = folds(data_of(y, X), 3)
    twice = np.r_[np.arange(40), np.arange(10)]
    repeated = folds(data_of(y[twice], X[twice]), 3)
    for out, out_repeated in zip(once, repeated, strict=True):
        np.testing.assert_array_equal(out_repeated, out[twice])


def test_rows_of_equal_X_are_in_one_fold_whatever_their_targets():
    """Else a network that learns the shares by cell would be tested on the opposite of them."""
    X, y = np.repeat(np.arange(30.0), 10)[:, None], np.arange(300) % 2
    for out in folds(data_of(y, X), 0):
        assert out.sum() == 60
        assert len(np.unique(X[out])) == 6
        assert y[out].mean() == 0.5


def test_folds_are_by_class_where_classes_allow_it():
    y = np.repeat([0, 1], [90, 10])
    assert [int(y[out].sum()) for out in folds(data_of(y), 0)] == [2] * N_FOLDS
    rare = np.repeat([0, 1], [98, 2])
    assert len(folds(data_of(rare), 0)) == N_FOLDS


def test_too_few_different_rows_have_no_folds():
    assert folds(data_of(np.zeros((9, 1))), 0) is None
    assert folds(data_of(np.zeros((90, 1)), np.ones((90, 2))), 0) is None


def rows_of_a_line(n_samples=60, weight=None):
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(n_samples, 3, generator=generator, dtype=torch.float64)
    noise = 0.1 * torch.randn(n_samples, 1, generator=generator, dtype=torch.float64)
    return TensorRows(X, X.sum(1, keepdim=True) + 1.0 + noise, weight)


def constant_network(rows):
    """Predicts 0, and remembers how many rows it was given."""
    generator = torch.Generator().manual_seed(0)
    network = SpectralNetwork([3, 4, 1], dtype=torch.float64, generator=generator)
    network.set_perceptron(torch.zeros(1, 4))
    constant_network.n_rows.append(len(rows))
    return network


def test_losses_are_of_rows_held_out():
    constant_network.n_rows = []
    rows = rows_of_a_line()
    data = Data(rows.y.numpy(), None, rows.X.numpy())
    held_out = folds(data, 0)
    found = cross_fit(rows, held_out, constant_network, SquaredError(), 1, True)
    assert constant_network.n_rows == [48, 48]  # much worse: two folds are enough
    order = np.concatenate([np.flatnonzero(out) for out in held_out[:2]])
    torch.testing.assert_close(found.network, rows.y[order, 0].square())
    X, y = rows.X.numpy(), rows.y.numpy()[:, 0]
    expected = np.empty(60)
    for out in held_out:
        ridge = Ridge(alpha=found.shrinkage * 48).fit(X[~out], y[~out])
        expected[out] = (ridge.predict(X[out]) - y[out]) ** 2
    np.testing.assert_allclose(found.linear, expected[order], rtol=1e-6)
    gain, error = found.mean_gain()
    gains = found.linear.numpy() - found.network.numpy()
    assert gain == pytest.approx(gains.mean())
    assert error == pytest.approx(gains.std() / len(order) ** 0.5)
    assert gain < -2 * error
    assert found.mean_mistakes_avoided() == (0.0, 0.0)


def test_a_network_that_is_not_worse_is_tested_on_all_folds():
    rows, fitted = rows_of_a_line(), []

    def the_truth(others):
        fitted.append(len(others))
        network = SpectralNetwork(
            [3, 4, 1], dtype=torch.float64, generator=torch.Generator().manual_seed(0)
        )
        network.set_perceptron(torch.ones(1, 4))
        return network

    held_out = folds(Data(rows.y.numpy(), None, rows.X.numpy()), 0)
    found = cross_fit(rows, held_out, the_truth, SquaredError(), 1, True)
    assert fitted == [48] * N_FOLDS
    assert len(found.network) == len(found.linear) == 60


def test_weights_count_in_the_mean_and_in_its_error():
    weight = torch.tensor([2.0, 1.0, 0.0, 1.0]).double()
    found = CrossFit(
        torch.zeros(4).double(), torch.tensor([1.0, 3.0, 99.0, 5.0]).double(), weight, 1.0
    )
    gain, error = found.mean_gain()
    assert gain == pytest.approx(2.5)
    shares = np.array([0.5, 0.25, 0.25])
    assert error == pytest.approx(np.linalg.norm(shares * np.array([-1.5, 0.5, 2.5])))
    assert found.mean_loss() == 0


def test_a_fold_that_leaves_one_class_cannot_be_compared():
    y = torch.tensor([0] * 20 + [1] * 5)
    X = torch.randn(25, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    held_out = [y.numpy() == 1, y.numpy() == 0]
    constant_network.n_rows = []
    assert cross_fit(TensorRows(X, y), held_out, constant_network, LogLoss(), 1, True) is None


def test_mistakes_are_counted_and_fewer_of_them_keep_the_folds_going():
    """A network that is sure of all, and of some wrongly: a worse loss, and fewer mistakes."""
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(200, 3, generator=generator, dtype=torch.float64)
    y = ((X[:, 0].abs() > 0.7) | (torch.arange(200) % 10 == 0)).long()
    n_fits = []

    def sure(others):
        n_fits.append(len(others))
        network = SpectralNetwork([3, 2, 1], dtype=torch.float64, generator=generator)
        network.evaluate = lambda rows: 100.0 * (rows[:, :1].abs() - 0.7).sign()
        return network

    held_out = folds(Data(y.numpy(), None, X.numpy()), 0)
    found = cross_fit(TensorRows(X, y), held_out, sure, LogLoss(), 1, True)
    assert len(n_fits) == N_FOLDS
    gain, error = found.mean_gain()
    assert gain < -2 * error
    order = np.concatenate([np.flatnonzero(out) for out in held_out])
    wrong = (X[order, 0].abs() > 0.7).long() != y[order]
    torch.testing.assert_close(found.network_mistakes, wrong.double())
    fewer, error = found.mean_mistakes_avoided()
    assert fewer == pytest.approx(float((found.linear_mistakes - wrong.double()).mean()))
    assert fewer > 2 * error
