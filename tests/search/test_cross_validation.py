import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from sk_spectral.data.batches import TensorDataset
from sk_spectral.data.dataset import Data
from sk_spectral.data.splitting import N_FOLDS, Splitter
from sk_spectral.search.cross_validation import compare_out_of_fold
from sk_spectral.search.ladder import compare_linear_maps
from sk_spectral.search.out_of_fold import OutOfFold
from sk_spectral.training.losses import LogLoss, SquaredError


def rows_of_a_line(n_samples=60, weight=None):
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(n_samples, 3, generator=generator, dtype=torch.float64)
    noise = 0.1 * torch.randn(n_samples, 1, generator=generator, dtype=torch.float64)
    return TensorDataset(X, X.sum(1, keepdim=True) + 1.0 + noise, weight)


def folds_of(rows):
    y = rows.y.numpy()
    return Splitter.of(Data(y, None, rows.X.numpy())).folds(0)


def in_each_fold(outputs_of):
    """Such a fit in each fold, and a list of how many rows they were given."""
    n_rows = []

    def fit(others, held_out, linear_loss):
        n_rows.append(len(others))
        return outputs_of(held_out)[None]

    return [fit] * N_FOLDS, n_rows


def compared_with(rows, held_out, fits, loss):
    """A network against linear maps, on the same rows held out."""
    linear = compare_linear_maps(rows, held_out, loss, 1, True)
    return compare_out_of_fold(linear, rows, held_out, fits, loss)


def test_losses_are_of_rows_held_out():
    rows = rows_of_a_line(120)
    held_out = folds_of(rows)
    fits, n_rows = in_each_fold(lambda X: X.new_zeros(len(X), 1))
    found = compared_with(rows, held_out, fits, SquaredError())
    assert n_rows == [96]  # much worse: one fold is enough
    order = np.concatenate([np.flatnonzero(out) for out in held_out[:1]])
    torch.testing.assert_close(found.network, rows.y[order, 0].square())
    X, y = rows.X.numpy(), rows.y.numpy()[:, 0]
    expected = np.empty(120)
    for out in held_out:
        ridge = Ridge(alpha=found.shrinkage * 96).fit(X[~out], y[~out])
        expected[out] = (ridge.predict(X[out]) - y[out]) ** 2
    np.testing.assert_allclose(found.linear, expected[order], rtol=1e-6)
    gain, error = found.mean_gain()
    gains = found.linear.numpy() - found.network.numpy()
    assert gain == pytest.approx(gains.mean())
    assert error == pytest.approx(gains.std() / len(order) ** 0.5)
    assert gain < -2 * error
    assert found.mean_zero_one_gain() == (0.0, 0.0)


def test_a_network_that_is_little_better_is_tested_on_all_folds():
    rows = rows_of_a_line()
    rows = TensorDataset(rows.X, rows.y + 0.06 * rows.X[:, :1].abs())
    fits, n_rows = in_each_fold(lambda X: X.sum(1, keepdim=True) + 1.0 + 0.06 * X[:, :1].abs())
    found = compared_with(rows, folds_of(rows), fits, SquaredError())
    assert n_rows == [48] * N_FOLDS
    assert len(found.network) == len(found.linear) == 60
    assert found.n_epochs is None


def test_a_network_that_is_much_better_is_not_tested_on_all_folds():
    rows = rows_of_a_line(200)
    bent = TensorDataset(rows.X, rows.X[:, :1].abs())
    fits, n_rows = in_each_fold(lambda X: X[:, :1].abs())
    found = compared_with(bent, folds_of(bent), fits, SquaredError())
    assert len(n_rows) == 2
    assert found.prefers_units()


def test_the_epoch_that_is_best_for_all_rows_held_out_is_taken(monkeypatch):
    """By epochs the outputs go from 0 through the truth, and one fold ends in the middle."""
    rows, ends = rows_of_a_line(), iter([5, 5, 2, 5, 5])

    def fit(others, held_out, linear_loss):
        truth = held_out.sum(1, keepdim=True) + 1.0
        return torch.stack([share * truth for share in (0.0, 0.6, 0.9, 1.2, 1.5)])[: next(ends)]

    monkeypatch.setattr(OutOfFold, "is_decided", lambda self, share: False)
    found = compared_with(rows, folds_of(rows), [fit] * N_FOLDS, SquaredError())
    assert found.n_epochs == 3
    order = np.concatenate([np.flatnonzero(out) for out in folds_of(rows)])
    truth = rows.X[order].sum(1) + 1.0
    share = torch.full((60,), 0.9, dtype=torch.float64)
    share[24:36] = 0.6
    torch.testing.assert_close(found.network, (rows.y[order, 0] - share * truth).square())


def test_an_epoch_is_tested_on_rows_that_did_not_choose_it(monkeypatch):
    """Each fold has an epoch of its own that is right by chance."""
    rows, n_fits = rows_of_a_line(), iter(range(N_FOLDS))

    def fit(others, held_out, linear_loss):
        outputs = held_out.new_zeros(N_FOLDS, len(held_out), 1)
        outputs[next(n_fits)] = held_out.sum(1, keepdim=True) + 1.0
        return outputs

    monkeypatch.setattr(OutOfFold, "is_decided", lambda self, share: False)
    found = compared_with(rows, folds_of(rows), [fit] * N_FOLDS, SquaredError())
    order = np.concatenate([np.flatnonzero(out) for out in folds_of(rows)])
    torch.testing.assert_close(found.network, rows.y[order, 0].square())


def test_outputs_that_are_right_but_too_sure_are_divided_by_a_temperature(monkeypatch):
    """Three of four rows are right, by logits of 40: those of log 3 would say so."""
    X = torch.arange(80.0, dtype=torch.float64)[:, None]
    y = (X[:, 0] % 2).long()
    said = torch.where(X % 8 < 2, 1 - y[:, None], y[:, None])

    def fit(others, held_out, linear_loss):
        outputs = 80.0 * said[held_out[:, 0].long()] - 40.0
        return torch.stack([torch.zeros_like(outputs), outputs])

    monkeypatch.setattr(OutOfFold, "is_decided", lambda self, share: False)
    rows = TensorDataset(X, y)
    held_out = folds_of(rows)
    found = compared_with(rows, held_out, [fit] * N_FOLDS, LogLoss())
    assert found.n_epochs == 2
    assert found.temperature == 32.0  # the largest; 40 / log 3 = 36
    order = np.concatenate([np.flatnonzero(out) for out in held_out])
    expected = LogLoss()((said[order] * 2.0 - 1.0) * 40.0 / 32.0, y[order])
    torch.testing.assert_close(found.network, expected.double())


def seen_so_far(gain, spread, fewer=None, n=40):
    """A network that gains with a standard error of spread / √n, and makes fewer mistakes."""
    linear = torch.ones(n).double() + gain
    linear[::2] += spread
    linear[1::2] -= spread
    mistakes = (None, None)
    if fewer is not None:
        mistakes = torch.zeros(n).double(), (torch.arange(n) < fewer).double()
    return OutOfFold(torch.ones(n).double(), linear, None, 0.01, 2.0, *mistakes)


@pytest.mark.parametrize(
    ("z", "share", "fewer", "expected"),
    [
        (-1.4, 0.2, None, True),  # -0.63 + 2.08 < 1.5
        (-1.2, 0.2, None, False),
        (-1.4, 0.2, 2, False),  # mistakes: 1.45 standard errors, 0.65 + 1.47 > 2
        (-1.4, 0.2, 1, True),
        (0.0, 0.6, None, True),  # 1.47 < 1.5
        (0.1, 0.6, None, False),
        (9.2, 0.2, None, True),  # 4.11 - 2.08 > 2
        (9.0, 0.2, None, False),
        (4.6, 0.6, None, True),
        (4.4, 0.6, None, False),
    ],
)
def test_folds_end_where_the_rest_would_hardly_change_the_outcome(z, share, fewer, expected):
    compared = seen_so_far(z / 40**0.5, 1.0, fewer)
    assert compared.mean_gain()[0] / compared.mean_gain()[1] == pytest.approx(z)
    assert compared.is_decided(share) == expected


def test_weights_count_in_the_mean_and_in_its_error():
    weight = torch.tensor([2.0, 1.0, 0.0, 1.0]).double()
    found = OutOfFold(
        torch.zeros(4).double(), torch.tensor([1.0, 3.0, 99.0, 5.0]).double(), weight, 1.0, 9.0
    )
    gain, error = found.mean_gain()
    assert gain == pytest.approx(2.5)
    shares = np.array([0.5, 0.25, 0.25])
    assert error == pytest.approx(np.linalg.norm(shares * np.array([-1.5, 0.5, 2.5])))
    assert found.mean_loss() == 0


def test_mistakes_are_counted_and_fewer_of_them_keep_the_folds_going():
    """A network that is sure of all, and of some wrongly: a worse loss, and fewer mistakes."""
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(200, 3, generator=generator, dtype=torch.float64)
    y = ((X[:, 0].abs() > 0.7) | (torch.arange(200) % 10 == 0)).long()
    rows = TensorDataset(X, y)
    fits, n_rows = in_each_fold(lambda X: 100.0 * (X[:, :1].abs() - 0.7).sign())
    held_out = folds_of(rows)
    found = compared_with(rows, held_out, fits, LogLoss())
    assert len(n_rows) == N_FOLDS
    gain, error = found.mean_gain()
    assert gain < -2 * error
    order = np.concatenate([np.flatnonzero(out) for out in held_out])
    wrong = (X[order, 0].abs() > 0.7).long() != y[order]
    torch.testing.assert_close(found.network_zero_one, wrong.double())
    fewer, error = found.mean_zero_one_gain()
    assert fewer == pytest.approx(float((found.linear_zero_one - wrong.double()).mean()))
    assert fewer > 2 * error
