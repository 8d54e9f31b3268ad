"""Fine-tuning with distillation: what is trained on, for how long, and what is left as it was."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from evaluated_cases import network_with_truth

from sk_spectral.data.batches import TensorDataset
from sk_spectral.search import fine_tuning
from sk_spectral.search.candidate import Candidate, Checkpoint
from sk_spectral.search.fine_tuning import FineTuning
from sk_spectral.search.streams import RandomStreams
from sk_spectral.training.config import TrainingConfig
from sk_spectral.training.losses import LogLoss, SquaredError

TRAINING = TrainingConfig(batch_size=20, alpha=0.1, n_iter_no_change=1)


def fine_tuning_of(whole, *, watched=True, loss=None, training=TRAINING):
    streams = RandomStreams(np.random.RandomState(0))
    return FineTuning(whole, training, loss or SquaredError(), streams, watched)


@pytest.fixture
def calls(monkeypatch):
    """What is trained, each training being of three epochs at most."""
    seen, train = [], fine_tuning.train

    def recorded(network, rows, valid, loss, config, generator, *, n_epochs, unit_masks, task):
        assert task == "pruning"
        seen.append((network, rows, valid, config, n_epochs, unit_masks))
        few = min(n_epochs, 3)
        return train(
            network, rows, valid, loss, config, generator, n_epochs=few, unit_masks=unit_masks
        )

    monkeypatch.setattr(fine_tuning, "train", recorded)
    return seen


def rows_of(network, X, part):
    return TensorDataset(X[part], torch.zeros(len(X[part]), network.layer_sizes[-1]).double())


def test_targets_are_drawn_towards_the_whole_network():
    network, X = network_with_truth((3, 6, 2))
    rows = rows_of(network, X, slice(150))
    soft = fine_tuning_of(network).soft_targets(rows)
    torch.testing.assert_close(soft.y, 0.7 * network(X[:150]).detach())
    unwatched = fine_tuning_of(network, watched=False).soft_targets(rows)
    torch.testing.assert_close(unwatched.y, network(X[:150]).detach())


def test_soft_targets_of_classes_are_probabilities():
    network, X = network_with_truth((3, 6, 3))
    y = torch.arange(200) % 3
    soft = fine_tuning_of(network, loss=LogLoss()).soft_targets(TensorDataset(X, y))
    expected = 0.7 * torch.softmax(network(X).detach(), 1) + 0.3 * torch.eye(3).double()[y]
    torch.testing.assert_close(soft.y, expected)


def test_a_copy_is_trained_without_penalty_or_rule_and_the_best_epoch_kept(calls):
    network, X = network_with_truth((3, 6, 2))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    masks = [torch.arange(6) < 4]
    rows, valid = (rows_of(network, X, part) for part in (slice(150), slice(150, 200)))
    tuned, epoch = fine_tuning_of(network).refit(network, masks, rows=rows, valid=valid)
    ((_, on, watched, config, n_epochs, unit_masks),) = calls
    assert (on, watched, unit_masks) == (rows, valid, masks)
    assert n_epochs == 50  # 400 steps of 8 batches
    assert config.penalty is None
    assert config.n_iter_no_change > 1000
    assert epoch in (1, 2, 3)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    loss = [(n(X[150:], [m.double() for m in masks])).square().mean() for n in (tuned, network)]
    assert loss[0] < loss[1]


def test_without_rows_to_watch_it_takes_150_steps_and_the_last_epoch(calls):
    network, X = network_with_truth((3, 6, 2))
    rows = rows_of(network, X, slice(150))
    _, epoch = fine_tuning_of(network, watched=False).refit(
        network, network.active_units(), rows=rows, valid=None
    )
    assert calls[0][4] == 19  # 150 steps of 8 batches
    assert epoch == 3


def test_the_last_fine_tuning_is_made_again_on_all_rows(calls):
    network, X = network_with_truth((3, 6, 2))
    other, _ = network_with_truth((3, 6, 2), silent=(1,))
    candidate = Candidate(
        network, network.active_units(), 2.0, 1.0, fine_tuned_from=Checkpoint(other, 2)
    )
    found = fine_tuning_of(network).again(candidate, rows_of(network, X, slice(None)))
    ((start, on, watched, _, n_epochs, unit_masks),) = calls
    assert (start, watched, n_epochs) == (other, None, 2)
    assert unit_masks is candidate.unit_masks
    torch.testing.assert_close(on.y, 0.7 * network(X).detach())
    assert found.network not in (network, other)
    assert (found.loss_before, found.loss_after) == (2.0, 1.0)
    same = replace(candidate, fine_tuned_from=None)
    assert fine_tuning_of(network).again(same, on) is same


def test_a_network_that_fits_all_rows_better_stays_as_it_is(calls):
    network, X = network_with_truth((3, 6, 2))
    other, _ = network_with_truth((3, 6, 2), silent=(1,))
    candidate = Candidate(
        network, network.active_units(), 2.0, 1.0, fine_tuned_from=Checkpoint(other, 1)
    )
    rows = TensorDataset(X, network(X).detach())
    found = fine_tuning_of(network).again(candidate, rows)
    assert len(calls) == 1
    assert found.network is network
    assert found.fine_tuned_from is None


@pytest.mark.parametrize(("solver", "expected"), [("adam", 50), ("lbfgs", 7)])
def test_it_takes_400_steps_but_no_more_line_searches_than_the_user_allows(solver, expected):
    training = TrainingConfig(solver=solver, batch_size=20, max_iter=7)
    assert training.epochs_for(400, 150) == expected


def test_what_took_long_to_learn_is_refitted_for_longer_on_the_inputs_that_are_left(calls):
    network, X = network_with_truth((2, 6, 2))
    read, wide = torch.tensor([True, False, True]), torch.cat([X, X[:, :1]], dim=1)
    rows, valid = (rows_of(network, wide, part) for part in (slice(150), slice(150, 200)))
    long = replace(fine_tuning_of(network), n_epochs=400)
    long.refit(network, network.active_units(), read, rows=rows, valid=valid)
    assert calls[0][4] == 100
    for seen, given in zip(calls[0][1:3], (rows, valid), strict=True):
        assert torch.equal(seen.X, given.X[:, [0, 2]])
