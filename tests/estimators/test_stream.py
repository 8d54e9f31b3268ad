"""partial_fit: what one chunk says is held against all that came before it."""

import numpy as np
import pytest

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor

RNG = np.random.RandomState(0)
X = RNG.randn(300, 4)
Y = np.abs(X[:, 0]) + X[:, 1]


def streamed(model, X, y, size, n_epochs=1, **first):
    for _ in range(n_epochs):
        for i in range(0, len(X), size):
            model.partial_fit(X[i : i + size], y[i : i + size], **first)
    return model


def test_one_row_more_changes_little():
    model = streamed(SpectralNASRegressor((16,), random_state=0), X, Y, 50, 20)
    before = model.score(X, Y)
    assert before > 0.8
    assert model.partial_fit(X[:1], Y[:1]).score(X, Y) > before - 0.05


@pytest.mark.slow
def test_one_row_more_after_a_fit_changes_little():
    model = SpectralNASRegressor((16,), random_state=0).fit(X, Y)
    before = model.score(X, Y)
    assert model.partial_fit(X[:1], Y[:1]).score(X, Y) > before - 0.05


@pytest.mark.slow
def test_rows_that_come_one_by_one_are_learned_from():
    model = streamed(SpectralNASRegressor((8,), random_state=0), X, X[:, 0], 1, 2)
    assert model.score(X, X[:, 0]) > 0.8


@pytest.mark.slow
def test_a_column_that_was_constant_gets_its_scale_when_it_varies():
    A = X.copy()
    A[:, 3] = 5e4 + 2e4 * X[:, 3]
    A[:60, 3] = 5e4
    target = X[:, 0] + A[:, 3] / 2e4
    model = SpectralNASRegressor((8,), random_state=0).partial_fit(A[:60], target[:60])
    assert model.feature_importances_[3] == 0
    assert streamed(model, A, target, 60, 40).score(A, target) > 0.8


@pytest.mark.slow
def test_a_chunk_of_one_class_does_not_undo_the_others():
    y = np.digitize(X[:, 0], [-0.5, 0.5])
    model = streamed(SpectralNASClassifier((8,), random_state=0), X, y, 50, 20, classes=[0, 1, 2])
    before = model.score(X, y)
    assert model.partial_fit(X[y == 1][:30], y[y == 1][:30]).score(X, y) > before - 0.1


def test_the_batch_size_follows_the_chunks():
    model = SpectralNASRegressor((4,), random_state=0).partial_fit(X[:40], Y[:40])
    assert model.net_.batch_size == 40
    assert model.partial_fit(X, Y).net_.batch_size == 32


def test_later_classes_must_be_the_first_ones():
    y = np.arange(300) % 2
    model = SpectralNASClassifier((4,), random_state=0).partial_fit(X, y, classes=[0, 1])
    model.partial_fit(X, y, classes=[1, 0])
    with pytest.raises(ValueError, match="are not those of the first call"):
        model.partial_fit(X, y, classes=[0, 1, 2])


def test_units_of_a_fit_stay_while_rows_are_like_those_it_saw():
    A = np.column_stack([1e3 * X[:, 0], X[:, 1:3], np.full(300, 7.0)])
    model = SpectralNASRegressor((8,), random_state=0, max_iter=5).fit(A, 1e4 * Y)
    before = model._scaling
    after = model.partial_fit(A[:50], 1e4 * Y[:50])._scaling
    np.testing.assert_array_equal(after.input_scale, before.input_scale)
    np.testing.assert_array_equal(after.output_scale, before.output_scale)


@pytest.mark.slow
@pytest.mark.filterwarnings("error:.*encountered")
@pytest.mark.parametrize(("center", "spread"), [(7.0, 0.0), (0.0, 1e-200)])
def test_a_column_that_said_nothing_in_a_fit_is_learned_once_it_varies(center, spread):
    A, target = X.copy(), X[:, 0] + X[:, 3]
    A[:, 3] = center + spread * X[:, 3]
    model = SpectralNASRegressor((8,), random_state=0, max_iter=5).fit(A, X[:, 0])
    A[:, 3] = center + X[:, 3]
    assert streamed(model, A, target, 20, 20).score(A, target) > 0.9


def test_values_from_another_world_are_refused_where_units_are_known():
    model = SpectralNASRegressor((4,), random_state=0, max_iter=5, warm_start=True).fit(X, Y)
    with pytest.raises(ValueError, match=r"Column 0 of X has values .* times as far from its mean"):
        model.fit(1e30 * X, Y)
