"""Three models on the same rows, and when one is said to be better."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss, mean_squared_error

from sk_spectral.report.contenders import (
    LINEAR,
    NETWORK,
    TREES,
    Contender,
    contenders,
    held_out,
)
from sk_spectral.report.table import Table


def table(n=240, *, classes=False):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "a": rng.normal(size=n),
            "b": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)),
            "c": rng.choice(["u", "v", None], n),
            "d": rng.random(n) < 0.5,
        }
    )
    y = pd.Series(X["a"] + (X["c"] == "u") + 0.1 * rng.normal(size=n))
    return Table(X, (y > 0.5).map({True: "yes", False: "no"}) if classes else y, classes, 0)


@pytest.mark.parametrize("classes", [False, True])
def test_all_take_numbers_categories_and_missing_values(classes):
    given = table(classes=classes)
    found = contenders(given, random_state=0)
    assert [one.name for one in found] == [NETWORK, LINEAR, TREES]
    _, X, _, y = held_out(given, 0)
    assert len(y) == 60
    for one in found:
        assert one.score == one.model.score(X, y) > 0.8
        if classes:
            expected = log_loss(y, np.clip(one.model.predict_proba(X), 1e-15, 1))
        else:
            expected = mean_squared_error(y, one.model.predict(X))
        assert one.losses.mean() == pytest.approx(expected)
        assert one.seconds > 0


def test_losses_tell_more_than_chance():
    def one(losses):
        return Contender("", None, 0.0, np.asarray(losses, dtype=float), 0.0)

    rng = np.random.default_rng(0)
    base = rng.uniform(1, 2, 400)
    noise = rng.normal(size=400)
    assert not one(base + noise).loses_to(one(base))
    assert one(base + 0.5 + noise).loses_to(one(base))
    assert one(base + 0.5 + noise).behind(one(base)) == pytest.approx(
        (0.5 + noise).mean() / (noise.std(ddof=1) / 20)
    )
    assert not one(base + 0.001).loses_to(one(base))  # sure, but too little
    assert one(base).behind(one(base)) == 0.0


def test_a_class_that_the_rows_to_fit_do_not_have_costs_what_is_most():
    given = table(classes=True)
    y = given.y.copy()
    y[:2] = "rare"
    found = contenders(Table(given.X, y, True, 0), random_state=1)
    for one in found:
        assert np.isfinite(one.losses).all()
