"""What losses of rows held out say: means and errors by NumPy, decisions at their edges."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import sem

from sk_spectral.search.out_of_fold import OutOfFold, compared_so_far, mean_zero_one
from sk_spectral.search.significance import RELATIVE_FLOOR
from sk_spectral.training.losses import LogLoss, SquaredError

N_SAMPLES = 60


def tensor(array):
    return torch.as_tensor(np.asarray(array, dtype=float))


def losses(seed=0):
    rng = np.random.default_rng(seed)
    return rng.exponential(1.0, N_SAMPLES), rng.exponential(1.2, N_SAMPLES)


def spread_around(mean, error, n=N_SAMPLES):
    """Numbers of this mean, whose mean has this standard error."""
    return mean + error * n**0.5 * np.where(np.arange(n) % 2, 1.0, -1.0)


def compared(gain, error=1.0, *, loss=10.0, mistakes=(None, None), **settings):
    """Network and linear map, whose mean losses differ by `gain` with this standard error."""
    network = np.full(N_SAMPLES, loss)
    made = [None if m is None else tensor(m) for m in mistakes]
    return OutOfFold(
        tensor(network), tensor(network + spread_around(gain, error)), None, 0.1, 1e3, *made,
        **settings,
    )  # fmt: skip


def test_gains_and_their_standard_errors_are_those_of_numpy():
    network, linear = losses()
    found = OutOfFold(tensor(network), tensor(linear), None, 0.1)
    gain, error = found.mean_gain()
    assert gain == pytest.approx((linear - network).mean())
    assert error == pytest.approx(sem(linear - network, ddof=0))
    assert found.mean_loss() == pytest.approx(network.mean())
    assert found.mean_linear_loss() == pytest.approx(linear.mean())


def test_copies_of_a_row_are_one_row_of_more_weight():
    """Each as sure as the other: a row that was repeated is no further evidence."""
    network, linear = losses()
    times = np.random.default_rng(2).integers(1, 4, N_SAMPLES)
    of_weights = OutOfFold(tensor(network), tensor(linear), tensor(times / times.mean()), 0.1)
    rows = np.repeat(np.arange(N_SAMPLES), times)
    copies = OutOfFold(
        tensor(network[rows]), tensor(linear[rows]), None, 0.1, groups=torch.as_tensor(rows)
    )
    np.testing.assert_allclose(copies.mean_gain(), of_weights.mean_gain())
    assert replace(copies, groups=None).mean_gain()[1] < 0.9 * copies.mean_gain()[1]


def test_weights_are_shares_of_the_mean_and_of_its_error():
    network, linear = losses()
    weight = np.random.default_rng(1).uniform(0.0, 2.0, N_SAMPLES)
    weight /= weight.mean()
    gain, error = OutOfFold(tensor(network), tensor(linear), tensor(weight), 0.1).mean_gain()
    mean = np.average(linear - network, weights=weight)
    assert gain == pytest.approx(mean)
    share = weight / weight.sum()
    assert error == pytest.approx(np.sqrt(np.sum(share**2 * (linear - network - mean) ** 2)))


def test_mistakes_are_compared_as_losses_are():
    network, linear = (np.random.default_rng(2).random((2, N_SAMPLES)) < [[0.2], [0.4]]).astype(int)
    found = compared(0.1, mistakes=(network, linear))
    fewer, error = found.mean_zero_one_gain()
    assert fewer == pytest.approx((linear - network).mean())
    assert error == pytest.approx(sem(linear - network, ddof=0))
    assert compared(0.1).mean_zero_one_gain() == (0.0, 0.0)


def test_the_loss_of_the_map_that_is_kept_is_its_own_where_it_is_another():
    network, linear = losses()
    found = OutOfFold(tensor(network), tensor(linear), None, 0.1)
    assert found.mean_kept_loss() == found.mean_linear_loss()
    assert replace(found, kept=tensor(2.0 * linear)).mean_kept_loss() == pytest.approx(
        2.0 * linear.mean()
    )


FLOOR = RELATIVE_FLOOR * 1e3


@pytest.mark.parametrize("standard_errors", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("tol", [0.0, 0.1])
@pytest.mark.parametrize(("off", "expected"), [(1e-6, True), (-1e-6, False)])
def test_units_win_by_so_many_standard_errors_and_the_share_in_addition(
    standard_errors, tol, off, expected
):
    at_the_edge = tol * 10.0 + FLOOR + standard_errors
    found = compared(at_the_edge + off, standard_errors=standard_errors, tol=tol)
    assert found.prefers_units() == expected


@pytest.mark.parametrize(("standard_errors", "enough"), [(3.0, 1.5), (1.2, 1.2)])
@pytest.mark.parametrize(("off", "expected"), [(1e-6, True), (-1e-6, False)])
def test_where_the_truth_bends_at_most_1_5_are_asked(standard_errors, enough, off, expected):
    found = compared(FLOOR + enough + off, standard_errors=standard_errors, bent=True)
    assert found.prefers_units() == expected
    assert not replace(found, bent=False, standard_errors=3.0).prefers_units()


@pytest.mark.parametrize(("constant_loss", "expected"), [(10.1, True), (9.9, False)])
def test_units_must_beat_a_constant_as_well(constant_loss, expected):
    found = replace(compared(100.0), constant_loss=constant_loss)
    assert found.prefers_units() == expected


def test_a_network_that_was_not_compared_is_not_preferred():
    found = replace(compared(100.0), network=torch.full((N_SAMPLES,), torch.nan).double())
    assert not found.has_network
    assert not found.prefers_units()


def errors_of(n_fewer):
    """Mistakes of the network, none, and of a linear map, so many; and in standard errors."""
    linear = np.arange(N_SAMPLES) < n_fewer
    return (np.zeros(N_SAMPLES), linear), linear.mean() / sem(linear, ddof=0)


@pytest.mark.parametrize("n_fewer", [1, 2, 3, 4, 5])
@pytest.mark.parametrize(
    ("settings", "asked"),
    [({}, 2.0), ({"bent": True, "constant_zero_one": 1.0}, 1.5), ({"bent": True}, 1.0)],
)
def test_fewer_mistakes_are_enough_by_as_many_standard_errors_as_are_asked(
    n_fewer, settings, asked
):
    mistakes, z = errors_of(n_fewer)
    found = compared(0.01, 100.0, mistakes=mistakes, **settings)
    assert found.prefers_units() == (z > asked)


def test_a_worse_loss_is_made_up_for_only_where_linear_maps_fail():
    mistakes, _ = errors_of(20)
    assert not compared(-1.0, mistakes=mistakes).prefers_units()
    assert not compared(-1.0, mistakes=mistakes, bent=True, constant_zero_one=0.5).prefers_units()
    assert compared(-1.0, mistakes=mistakes, bent=True, constant_zero_one=0.3).prefers_units()


@pytest.mark.parametrize("share", [0.2, 0.6])
@pytest.mark.parametrize(("off", "expected"), [(1e-6, True), (-1e-6, False)])
def test_folds_end_where_units_would_win_in_99_of_100_cases(share, off, expected):
    """√share z − 2.33 √(1 − share) must be above 2."""
    z = (2.0 + 2.33 * (1.0 - share) ** 0.5) / share**0.5
    assert compared(FLOOR + z + off, standard_errors=2.0).is_decided(share) == expected


@pytest.mark.parametrize("share", [0.2, 0.6])
@pytest.mark.parametrize(("off", "expected"), [(1e-6, False), (-1e-6, True)])
def test_folds_end_where_units_hardly_have_a_hope(share, off, expected):
    """√share z + 2.33 √(1 − share) must be below 1.5."""
    z = (1.5 - 2.33 * (1.0 - share) ** 0.5) / share**0.5
    assert compared(FLOOR + z + off, standard_errors=2.0).is_decided(share) == expected


@pytest.mark.parametrize(
    ("z", "share", "n_fewer", "expected"),
    [
        (-1.4, 0.2, 0, True),  # -0.63 + 2.08 < 1.5
        (-1.4, 0.2, 3, False),  # mistakes: 1.78 standard errors, 0.79 + 1.47 > 2
        (-1.4, 0.2, 1, True),  # 1.01, 0.45 + 1.47 < 2
        (9.2, 0.2, 30, True),  # 4.11 - 2.08 > 2, and 7.75 standard errors of the mistakes
        (9.2, 0.2, 1, False),  # 0.45 < 2
    ],
)
def test_folds_do_not_end_while_mistakes_may_say_otherwise(z, share, n_fewer, expected):
    mistakes, _ = errors_of(n_fewer) if n_fewer else ((np.zeros(N_SAMPLES),) * 2, 0.0)
    found = compared(FLOOR + z, mistakes=mistakes, standard_errors=2.0)
    assert found.is_decided(share) == expected


def outputs_by_epoch(n_epochs=4, n_folds=3, n_outputs=1):
    """What networks say after each epoch, for each fold; and targets."""
    rng = np.random.default_rng(3)
    return [tensor(rng.normal(size=(n_epochs, 20, n_outputs))) for _ in range(n_folds)]


@pytest.mark.parametrize("weighted", [True, False])
def test_each_fold_has_the_epoch_that_is_best_for_the_others(weighted):
    curves, y = outputs_by_epoch(), tensor(np.random.default_rng(4).normal(size=(60, 1)))
    weight = tensor(np.random.default_rng(5).uniform(0.5, 1.5, 60)) if weighted else None
    blank = replace(compared(0.0), sample_weight=weight)
    found, least = compared_so_far(curves, blank, y, SquaredError())
    losses = np.square(np.concatenate(curves, axis=1) - y.numpy())[:, :, 0]
    given = np.ones(60) if weight is None else weight.numpy()
    fold = np.repeat(np.arange(3), 20)
    expected = np.empty(60)
    for k in range(3):
        of_others = np.average(losses[:, fold != k], axis=1, weights=given[fold != k])
        expected[fold == k] = losses[of_others.argmin(), fold == k]
    np.testing.assert_allclose(found.network, expected)
    best = np.average(losses, axis=1, weights=given).argmin()
    assert found.n_epochs == best + 1
    np.testing.assert_allclose(least, losses[best])
    assert found.temperature == 1.0
    assert found.network_zero_one is None


def test_a_fold_that_ended_earlier_says_what_it_said_last():
    curves, y = outputs_by_epoch(), tensor(np.zeros((60, 1)))
    short = [curves[0], curves[1][:2], curves[2]]
    padded = [curves[0], torch.cat([curves[1][:2], curves[1][1:2], curves[1][1:2]]), curves[2]]
    one, other = (compared_so_far(c, compared(0.0), y, SquaredError())[0] for c in (short, padded))
    torch.testing.assert_close(one.network, other.network)


def test_of_the_first_folds_only_their_rows_are_compared():
    curves, y = outputs_by_epoch(n_folds=2), tensor(np.zeros((60, 1)))
    whole = compared(0.0, mistakes=(None, np.arange(60) % 2))
    whole = replace(whole, kept=2.0 * whole.linear, sample_weight=tensor(np.ones(60)))
    found, _ = compared_so_far(curves, whole, y, SquaredError())
    for name in ("network", "linear", "kept", "sample_weight", "linear_zero_one"):
        assert len(getattr(found, name)) == 40, name
    torch.testing.assert_close(found.linear, whole.linear[:40])
    torch.testing.assert_close(found.kept, whole.kept[:40])


def test_of_a_single_epoch_neither_it_nor_a_temperature_is_chosen():
    curves, y = outputs_by_epoch(1, n_outputs=3), torch.arange(60) % 3
    found, _ = compared_so_far(curves, compared(0.0), y, LogLoss())
    assert (found.n_epochs, found.temperature) == (None, 1.0)
    said = np.concatenate(curves, axis=1)[0]
    np.testing.assert_array_equal(found.network_zero_one, said.argmax(axis=1) != y.numpy())


@pytest.mark.parametrize("weighted", [True, False])
def test_the_share_of_mistakes_is_weighted_and_0_of_numbers(weighted):
    outputs, y = outputs_by_epoch(1, 1, 3)[0][0], torch.arange(20) % 3
    weight = np.linspace(0.5, 1.5, 20) if weighted else np.ones(20)
    expected = np.average(outputs.numpy().argmax(axis=1) != y.numpy(), weights=weight)
    given = tensor(weight) if weighted else None
    assert mean_zero_one(LogLoss(), outputs, y, given) == pytest.approx(expected)
    assert mean_zero_one(SquaredError(), outputs, outputs, given) == 0.0
