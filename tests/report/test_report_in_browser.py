"""The report as a browser shows it."""

import numpy as np
import pandas as pd
import pytest
from browser import DESK, PHONE, check_drawn, chromium, ground_and_ink, opened

from sk_spectral.report import main

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.uniform(-1, 1, size=(300, 3)), columns=["a" * 60, "<u>b</u>", "c"])
    frame["kind"] = rng.choice(["first of the kinds", "second of the kinds", None], 300)
    frame["y"] = np.abs(frame["a" * 60]) + (frame["kind"] == "first of the kinds")
    frame["y"] += 0.1 * rng.normal(size=300)
    frame.to_csv(folder / "t.csv", index=False)
    path = folder / "t.html"
    assert main(["report", str(folder / "t.csv"), "--target", "y", "--output", str(path)]) == 0
    return path


@pytest.mark.slow
@pytest.mark.parametrize("size", [PHONE, DESK])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_drawn_on_any_screen(report, size, scheme):
    with chromium() as browser, opened(browser, size, scheme) as page:
        page.goto(f"file://{report}")
        check_drawn(page)
        ground, ink = ground_and_ink(page)
        assert (ground > 0.8 and ink < 0.4) if scheme == "light" else (ground < 0.3 < ink)
        assert page.locator(".verdict b").inner_text() == "additive"
        assert page.locator("u").count() == 0
        bars = [bar.bounding_box()["width"] for bar in page.locator(".bars i").all()]
        assert len(bars) == 4
        assert bars == sorted(bars, reverse=True)
        assert page.locator(".wide img").bounding_box()["width"] >= 500
