"""The site as it was built, in a browser: `pytest tests/docs/test_site.py --site FOLDER`."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from browser import DESK, PHONE, check_drawn, chromium, ground_and_ink, opened, served

MEGABYTE = 2**20


@pytest.fixture(scope="module")
def site(request):
    folder = request.config.getoption("--site")
    if folder is None:
        pytest.skip("no --site was built")
    return Path(folder)


@pytest.fixture(scope="module")
def pages(site):
    found = sorted(path for path in site.rglob("*.html") if "_static" not in path.parts)
    assert len(found) > 80
    return found


@pytest.fixture(scope="module")
def address(site):
    with served(site) as url:
        yield url


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


class Links(HTMLParser):
    """What a page links to, the anchors that it has, and its pictures."""

    def __init__(self, path):
        super().__init__()
        self.targets, self.anchors = [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.anchors |= {attrs[key] for key in ("id", "name") if attrs.get(key)}
        self.targets += [attrs[key] for key in ("href", "src") if attrs.get(key)]


def test_every_link_inside_is_alive(site, pages):
    parsed = {path.resolve(): Links(path) for path in pages}
    dead = []
    for path, links in parsed.items():
        for target in links.targets:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            other = path if not parts.path else (path.parent / unquote(parts.path)).resolve()
            if not other.exists():
                dead.append((path.name, target))
            elif parts.fragment and other in parsed:
                anchors = parsed[other].anchors
                if parts.fragment not in anchors and unquote(parts.fragment) not in anchors:
                    dead.append((path.name, target))
    assert dead == []


def test_it_is_small(site):
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) < 30 * MEGABYTE


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (DESK, "dark")])
def test_every_page_renders_with_its_pictures(site, pages, address, browser, size, scheme):
    with opened(browser, size, scheme) as page:
        for path in pages:
            page.goto(f"{address}/{path.relative_to(site)}")
            check_drawn(page)
            ground, ink = ground_and_ink(page)
            assert (ground > 0.8 and ink < 0.4) if scheme == "light" else (ground < 0.3 < ink)


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESK, "light")])
def test_chapters_render_the_other_way_round_too(address, browser, size, scheme):
    with opened(browser, size, scheme) as page:
        for name in ("index", "get_started", "how_much_network", "mathematics", "gallery/index"):
            page.goto(f"{address}/{name}.html")
            check_drawn(page)
            ground, ink = ground_and_ink(page, "article")
            assert (ground > 0.8 and ink < 0.4) if scheme == "light" else (ground < 0.3 < ink)


@pytest.mark.parametrize("size", [PHONE, DESK])
@pytest.mark.parametrize(
    ("words", "page_name"),
    [("gamma_norm", "sk_spectral.spectral.paths"), ("LassoNet", "coming_from/lassonet"),
     ("quantile", "recipes/quantiles"), ("partial_fit", "SpectralNASRegressor")],
)  # fmt: skip
def test_search_finds(address, browser, size, words, page_name):
    with opened(browser, size) as page:
        page.goto(f"{address}/search.html?q={words}")
        page.wait_for_selector("#search-results ul.search li a")
        page.wait_for_function("document.querySelector('.search-summary')?.innerText.length > 0")
        found = [
            link.get_attribute("href") for link in page.query_selector_all("#search-results a")
        ]
        assert any(page_name in link for link in found), found


def test_the_theme_can_be_switched_by_hand(address, browser):
    with opened(browser, DESK, "light") as page:
        page.goto(f"{address}/index.html")
        seen = set()
        for _ in range(3):
            seen.add(ground_and_ink(page)[0] > 0.5)
            page.evaluate(
                "const m = document.documentElement.dataset; m.theme ="
                " m.theme === 'dark' ? 'light' : 'dark'"
            )
        assert seen == {True, False}


def test_formulas_and_topologies_are_drawn(address, browser):
    with opened(browser, DESK) as page:
        page.goto(f"{address}/mathematics.html")
        heights = page.evaluate(
            "[...document.querySelectorAll('math')].map(m => m.getBoundingClientRect().height)"
        )
        assert len(heights) > 20
        assert min(heights) > 5
        page.goto(f"{address}/get_started.html")
        assert page.locator(".sk-spectral-topology svg circle").count() >= 5
        assert page.locator("img[src*='_images']").count() >= 1
