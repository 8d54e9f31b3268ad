"""Fits on a GPU, where there is one, are those on the CPU but for rounding."""

import numpy as np
import pytest
import torch

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")

X = np.random.RandomState(0).randn(600, 4)
Y = np.abs(X[:, 0]) + X[:, 1]


@pytest.mark.parametrize("device", ["cuda", "auto"])
def test_a_regressor_scores_as_on_the_cpu(device):
    scores = [
        SpectralNASRegressor((32,), device=d, max_iter=40, random_state=0).fit(X, Y).score(X, Y)
        for d in ("cpu", device)
    ]
    assert scores[1] == pytest.approx(scores[0], abs=0.02)


def test_a_classifier_ends_on_the_cpu():
    model = SpectralNASClassifier((32,), device="cuda", max_iter=10, random_state=0)
    model.fit(X, Y > 0.5)
    assert model.network_.eigenvectors[0].device.type == "cpu"
    assert model.score(X, Y > 0.5) > 0.8


def test_a_fit_that_was_killed_on_a_gpu_goes_on(tmp_path):
    whole = SpectralNASRegressor((32,), device="cuda", max_iter=10, random_state=0).fit(X, Y)
    kept = SpectralNASRegressor(
        (32,), device="cuda", max_iter=10, random_state=0, checkpoint=tmp_path / "c"
    ).fit(X, Y)
    np.testing.assert_allclose(kept.predict(X), whole.predict(X), rtol=1e-3, atol=1e-3)
