"""A topology where users see it: in a browser, and as the output of a notebook's cell."""

import numpy as np
import pandas as pd
import pytest
from browser import DESK, PHONE, check_drawn, chromium, ground_and_ink, opened

from sk_spectral import SpectralNASRegressor

NAME = "<img src=x onerror=alert(1)>"
PAGE = (
    "<!doctype html><html><head><meta charset='utf-8'><meta name='color-scheme' "
    "content='light dark'><link rel='icon' href='data:,'></head><body>{}</body></html>"
)
NOTEBOOK = f"""
import numpy as np
import pandas as pd
from sk_spectral import SpectralNASRegressor
X = np.random.default_rng(0).uniform(-1, 1, (300, 3))
frame = pd.DataFrame(X, columns=[{NAME!r}, "b", "c"])
model = SpectralNASRegressor((16,), random_state=0).fit(frame, X[:, 0] * X[:, 1])
"""


@pytest.fixture(scope="module")
def model():
    X = np.random.default_rng(0).uniform(-1, 1, (300, 3))
    frame = pd.DataFrame(X, columns=[NAME, "b", "c"])
    return SpectralNASRegressor((16,), random_state=0).fit(frame, X[:, 0] * X[:, 1])


@pytest.mark.slow
@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESK, "light"), (DESK, "dark")])
def test_in_a_browser_all_is_drawn_inside_the_page(model, size, scheme, tmp_path):
    path = tmp_path / "topology.html"
    path.write_text(PAGE.format(model.topology_._repr_html_()), encoding="utf-8")
    with chromium() as browser, opened(browser, size, scheme) as page:
        page.goto(f"file://{path}")
        check_drawn(page)
        assert page.locator("img").count() == 0  # the name is text
        box = page.locator("svg").first.bounding_box()
        assert 0 < box["width"] <= size[0]
        dots = page.locator("svg circle")
        active = sum(model.topology_.n_active_units)
        assert dots.count() == 3 + min(active, 12) + 1
        for dot in dots.all():
            of_dot = dot.bounding_box()
            assert (
                box["x"] <= of_dot["x"] < of_dot["x"] + of_dot["width"] <= box["x"] + box["width"]
            )
        texts = [text.bounding_box() for text in page.locator("svg text").all()]
        assert all(box["x"] - 1 <= text["x"] for text in texts)
        ink = ground_and_ink(page, ".sk-spectral-topology")[1]
        assert ink < 0.3 if scheme == "light" else ink > 0.7
        assert page.locator("strong").inner_text() == model.topology_.verdict == "network"


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_in_a_notebook_a_cell_shows_it(model, tmp_path):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    cells = [NOTEBOOK, "model.topology_", "print(model.topology_)", "model"]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    nbclient.NotebookClient(book, timeout=120).execute()
    _, shown, printed, estimator = (cell.outputs for cell in book.cells)
    assert shown[0].data["text/html"] == model.topology_._repr_html_()
    assert shown[0].data["text/plain"] == repr(model.topology_)
    assert printed[0].text.strip() == model.topology_.summary()
    assert "sk-container" in estimator[0].data["text/html"]  # scikit-learn's own diagram
