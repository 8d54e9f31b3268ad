import numpy as np
import pytest

from sk_spectral.datasets import make_linear_to_quadratic, make_teacher_student


@pytest.mark.parametrize("beta", [5, 1000])
def test_linear_to_quadratic_by_the_published_formula(beta):
    for alpha in (0.0, 0.45, 0.5, 0.55, 1.0):
        X, y, truth = make_linear_to_quadratic(500, alpha, beta, random_state=42)
        step = np.tanh(beta * (alpha - 0.5))
        expected = 0.5 * (1 - step) * X.mean(axis=1) + 0.5 * (1 + step) * (X**2).mean(axis=1)
        np.testing.assert_allclose(y, expected, rtol=1e-12)
        assert truth == pytest.approx(0.5 * (1 + step))
        assert X.shape == (500, 2)
        assert -1 <= X.min() < -0.95
        assert 0.95 < X.max() <= 1


@pytest.mark.parametrize("n_hidden_layers", [0, 1, 2])
def test_teacher_student_by_the_truth_it_returns(n_hidden_layers):
    X, y, truth = make_teacher_student(300, 7, n_hidden_layers, random_state=0)
    assert len(truth) == n_hidden_layers + 1
    x = X
    for layer, W in enumerate(truth):
        np.testing.assert_allclose(W @ W.T, np.eye(7), atol=1e-12)
        x = x @ W.T
        if layer < n_hidden_layers:
            x = x * (x > 0)
    np.testing.assert_allclose(y, x, rtol=1e-10, atol=1e-12)


def test_noise_and_random_state():
    X, y, _ = make_teacher_student(20_000, 5, random_state=3)
    again = make_teacher_student(20_000, 5, random_state=3)
    np.testing.assert_array_equal(again.y, y)
    noisy = make_teacher_student(20_000, 5, noise=0.1, random_state=3)
    np.testing.assert_array_equal(noisy.X, X)
    assert (noisy.y - y).std() == pytest.approx(0.1, rel=0.02)
    assert not np.array_equal(make_teacher_student(20_000, 5, random_state=4).X, X)
    one, other = (make_linear_to_quadratic(10, random_state=s).X for s in (0, 1))
    assert not np.array_equal(one, other)
