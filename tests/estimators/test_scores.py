"""D² and mean losses of regressions are those of scikit-learn's metrics."""

import numpy as np
import pytest
from sklearn import metrics

from sk_spectral.data.continuous import LOSSES, ContinuousTargets
from sk_spectral.estimators.scores import explained, mean_loss

RNG = np.random.default_rng(0)
Y, SAID = RNG.gamma(2.0, 3.0, size=(2, 40, 2)) + 0.1
WEIGHT = RNG.uniform(0.1, 2.0, 40)

EXPECTED = {
    "squared_error": (metrics.r2_score, metrics.mean_squared_error, {}),
    "huber": (metrics.r2_score, metrics.mean_absolute_error, {}),
    "absolute_error": (metrics.d2_absolute_error_score, metrics.mean_absolute_error, {}),
    "quantile": (metrics.d2_pinball_score, metrics.mean_pinball_loss, {"alpha": 0.3}),
    "poisson": (metrics.d2_tweedie_score, metrics.mean_tweedie_deviance, {"power": 1}),
    "gamma": (metrics.d2_tweedie_score, metrics.mean_tweedie_deviance, {"power": 2}),
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["even", "weighted"])
def test_one_output_and_the_mean_of_several(loss, weight):
    targets = ContinuousTargets(2, 2, loss, (0.3,) if loss == "quantile" else ())
    score, loss_of, settings = EXPECTED[loss]
    for measure, metric in ((explained, score), (mean_loss, loss_of)):
        by_output = [
            metric(Y[:, k], SAID[:, k], sample_weight=weight, **settings) for k in range(2)
        ]
        assert measure(targets, Y, SAID, weight) == pytest.approx(np.mean(by_output))
        assert measure(targets, Y[:, 0], SAID[:, 0], weight) == pytest.approx(by_output[0])


def test_several_quantiles_of_one_column_are_scored_each_at_its_level():
    targets = ContinuousTargets(1, 2, "quantile", (0.2, 0.9))
    y, said = Y[:, 0], np.sort(SAID, axis=1)
    expected = [
        metrics.mean_pinball_loss(y, said[:, k], alpha=level) for k, level in enumerate((0.2, 0.9))
    ]
    assert mean_loss(targets, y, said, None) == pytest.approx(np.mean(expected))
