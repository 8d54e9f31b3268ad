"""What a net predicts and how good it is, by the metrics of scikit-learn."""

import numpy as np
import pytest
import torch
from configurations import LOSSES, as_truth
from scipy.special import softmax
from sklearn.base import is_classifier, is_regressor
from sklearn.metrics import accuracy_score, get_scorer, log_loss, r2_score
from skorch.callbacks import EpochScoring
from spectral_cases import randomize

from sk_spectral import SpectralNASClassifier, SpectralNetwork
from sk_spectral.training.config import TrainingConfig
from sk_spectral.training.fit import new_net
from sk_spectral.training.losses import LogLoss

N_SAMPLES = 50


def case(name):
    """A net that has not learned anything, rows, and its outputs for them."""
    loss, n_outputs = LOSSES[name]
    network = SpectralNetwork((3, 4, n_outputs), generator=torch.Generator().manual_seed(0))
    randomize(network)
    net = new_net(network, loss, TrainingConfig(), N_SAMPLES, stop_early=False).initialize()
    random = torch.Generator().manual_seed(1)
    X = torch.randn(N_SAMPLES, 3, generator=random)
    y = as_truth(loss, torch.randn(N_SAMPLES, n_outputs, generator=random))
    with torch.no_grad():
        outputs = network(X).numpy().astype(float)
    return net, X, y.numpy(), outputs


def logits_of(outputs):
    if outputs.shape[1] > 1:
        return outputs
    return np.column_stack([np.zeros(len(outputs)), outputs[:, 0]])


@pytest.mark.parametrize("name", ["two classes", "classes"])
def test_classes_are_the_likeliest_and_their_score_is_the_share_that_is_right(name):
    net, X, y, outputs = case(name)
    p = softmax(logits_of(outputs), axis=1)
    np.testing.assert_allclose(net.predict_proba(X), p, rtol=1e-5)
    np.testing.assert_array_equal(net.predict(X), p.argmax(axis=1))
    np.testing.assert_array_equal(net.classes_, np.arange(p.shape[1]))
    weight = np.linspace(0.1, 2.0, N_SAMPLES)
    for given in (None, weight):
        expected = accuracy_score(y, p.argmax(axis=1), sample_weight=given)
        assert net.score(X, y, given) == pytest.approx(expected)


def test_numbers_are_the_outputs_and_their_score_is_r2():
    net, X, y, outputs = case("squares")
    np.testing.assert_allclose(net.predict(X), outputs, rtol=1e-6)
    np.testing.assert_array_equal(net.predict_proba(X), net.predict(X))
    weight = np.linspace(0.1, 2.0, N_SAMPLES)
    for given in (None, weight):
        expected = r2_score(y, outputs, sample_weight=given)
        assert net.score(X, y, given) == pytest.approx(expected, rel=1e-5)
    assert not hasattr(net, "classes_")


@pytest.mark.parametrize("name", LOSSES)
def test_scikit_learn_knows_what_kind_of_net_it_is(name):
    net, *_ = case(name)
    assert is_classifier(net) == isinstance(net.criterion, LogLoss)
    assert is_regressor(net) == (not isinstance(net.criterion, LogLoss))


@pytest.mark.parametrize("name", ["two classes", "classes"])
def test_scorers_of_probabilities_find_the_classes(name):
    net, X, y, outputs = case(name)
    expected = -log_loss(y, softmax(logits_of(outputs), axis=1))
    assert get_scorer("neg_log_loss")(net, X, y) == pytest.approx(expected, rel=1e-5)


def test_scorers_of_classes_work_as_callbacks():
    rows = np.random.RandomState(0).randn(200, 3)
    y = np.sin(2 * rows[:, 0]) + rows[:, 1] ** 2 > 1
    scores = [EpochScoring(name, on_train=True) for name in ("accuracy", "roc_auc")]
    model = SpectralNASClassifier(
        (4,), n_knots=0, prune_tol=None, max_iter=2, callbacks=scores, random_state=0
    )
    history = model.fit(rows, y).net_.history
    assert all(0.4 < value <= 1 for row in history[:, ("accuracy", "roc_auc")] for value in row)
