"""Linear maps of every loss, against scikit-learn's linear models for it and by derivative.

Those minimise a mean half deviance or a sum; this the mean loss + ½ shrinkage ‖W‖².
"""

import numpy as np
import pytest
import torch
from sklearn.linear_model import GammaRegressor, PoissonRegressor, QuantileRegressor
from sklearn.metrics import mean_pinball_loss

from sk_spectral.search import convex
from sk_spectral.search.convex import GeneralizedLinearMaps
from sk_spectral.training.deviances import GammaDeviance, PoissonDeviance
from sk_spectral.training.robust_losses import BoundedSlopeLoss, HuberLoss

RNG = np.random.default_rng(0)
X = RNG.normal(size=(150, 4))
LINE = 0.5 * X[:, 0] - X[:, 1] + 0.3
WEIGHT = RNG.uniform(0.2, 3.0, 150)


@pytest.fixture
def to_the_minimum(monkeypatch):
    monkeypatch.setattr(convex, "_LBFGS", {"maxiter": 5000, "gtol": 1e-10, "ftol": 0.0})


@pytest.mark.usefixtures("to_the_minimum")
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["even", "weighted"])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize(
    ("loss", "model", "y"),
    [
        (PoissonDeviance(), PoissonRegressor, RNG.poisson(np.exp(LINE))),
        (GammaDeviance(), GammaRegressor, RNG.gamma(2.0, np.exp(LINE) / 2)),
    ],
)
def test_deviances_have_the_maps_of_scikit_learn(loss, model, y, weight, fit_intercept):
    maps = GeneralizedLinearMaps(X, y[:, None], weight, fit_intercept, loss, 1)
    for shrinkage in (1.0, 1e-3):
        # half the deviance there
        found = model(alpha=shrinkage / 2, fit_intercept=fit_intercept, tol=1e-10, max_iter=10_000)
        found.fit(X, y, sample_weight=weight)
        expected = [*found.coef_, found.intercept_] if fit_intercept else found.coef_
        np.testing.assert_allclose(maps(shrinkage)[0], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("levels", [[0.5], [0.1, 0.8]])
def test_quantiles_lose_no_more_than_those_of_scikit_learn(levels):
    """By linear programming, which has no rows in between: the loss is what can be compared."""
    y = LINE + RNG.standard_t(2, 150)
    loss = BoundedSlopeLoss.of_quantiles(levels)
    W = GeneralizedLinearMaps(X, y[:, None], None, True, loss, len(levels))(0.0)
    for k, level in enumerate(levels):
        best = QuantileRegressor(quantile=level, alpha=0.0).fit(X, y)
        least = mean_pinball_loss(y, best.predict(X), alpha=level)
        found = mean_pinball_loss(y, X @ W[k, :-1] + W[k, -1], alpha=level)
        assert least <= found <= least + 1e-3


@pytest.mark.usefixtures("to_the_minimum")
@pytest.mark.parametrize("shape", [(150, 4), (20, 40)])
def test_no_step_in_any_direction_lowers_the_objective(shape):
    wide, y, loss = RNG.normal(size=shape), RNG.standard_t(2, (shape[0], 2)), HuberLoss([0.5, 1.0])
    W = GeneralizedLinearMaps(wide, y, None, True, loss, 2)(0.1)

    def objective(W):
        outputs = torch.as_tensor(wide @ W[:, :-1].T + W[:, -1])
        return float(loss(outputs, torch.as_tensor(y)).mean()) + 0.05 * np.square(W[:, :-1]).sum()

    least = objective(W)
    for _ in range(20):
        assert objective(W + 1e-3 * RNG.normal(size=W.shape)) > least


def test_rows_that_are_not_kept_are_read_part_by_part(monkeypatch):
    y = RNG.poisson(np.exp(LINE))[:, None]
    kept = GeneralizedLinearMaps(X, y, WEIGHT, True, PoissonDeviance(), 1)(1e-2)
    monkeypatch.setattr(convex, "_VALUES_TO_KEEP", 0)
    monkeypatch.setattr(convex, "_ROWS_AT_ONCE", 13)
    read = GeneralizedLinearMaps(X, y, WEIGHT, True, PoissonDeviance(), 1)(1e-2)
    np.testing.assert_allclose(read, kept, rtol=1e-6, atol=1e-8)
