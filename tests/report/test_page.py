"""What the page says, and that names are text in it."""

from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sk_spectral import SpectralNASRegressor
from sk_spectral.model import TopologySample
from sk_spectral.report.contenders import LINEAR, NETWORK, TREES, Contender
from sk_spectral.report.page import advice, page
from sk_spectral.report.table import Table

pytest.importorskip("matplotlib").use("agg")
NAME = "<script>document.title='x'</script>"


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(120, 2)), columns=[NAME, "b & c"])
    return SpectralNASRegressor((8,), random_state=0).fit(X, X[NAME] + 2 * X["b & c"]), X


def found(model, *means):
    rng = np.random.default_rng(0)
    return [
        Contender(name, model, 0.5, mean + 0.01 * rng.normal(size=50), 1.0)
        for name, mean in zip((NETWORK, LINEAR, TREES), means, strict=True)
    ]


@pytest.mark.parametrize(
    ("means", "said"),
    [
        ((1.0, 1.0, 2.0), "as well as the linear model, but for chance"),
        ((1.0, 2.0, 1.5), "better than boosted trees, by more than chance"),
        ((2.0, 1.0, 3.0), "But here the linear model predicts better, by more than chance"),
        ((2.0, 3.0, 1.0), "But here boosted trees predict better, by more than chance"),
    ],
)
def test_advice_is_by_verdict_and_held_out_rows(model, means, said):
    text = advice(found(model[0], *means))
    assert text.startswith("A linear model is enough")
    assert said in text


def test_names_are_text_and_all_parts_are_there(model):
    fitted, X = model
    table = Table(X, pd.Series(np.zeros(120)), False, 3, ("'id' numbers the rows",))
    sample = TopologySample((fitted.topology_,) * 2)
    text = page(Path("t.csv"), NAME, table, found(fitted, 1, 1, 1), "print('<&>')", sample)
    opened = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag, attrs):
            opened.append(tag)
            assert not any(name.startswith("on") for name, _ in attrs)

    Tags().feed(text)
    assert "script" not in opened
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert opened.count("h2") == 5
    assert {"svg", "img", "pre"} <= set(opened)
    for part in (
        "3 rows without it are left out", "&#x27;id&#x27; numbers the rows", "R²",
        "print(&#x27;&lt;&amp;&gt;&#x27;)", "2 searches", "b &amp; c", "50 rows held out",
    ):  # fmt: skip
        assert part in text, part
    assert "How sure" not in page(Path("t.csv"), "y", table, found(fitted, 1, 1, 1), "", None)
