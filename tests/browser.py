"""Headless Chromium for tests of pages, and a server of a folder on this machine."""

from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from shutil import which
from threading import Thread

import pytest

PHONE, DESK = (390, 844), (1400, 900)
_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_SETTINGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@contextmanager
def chromium():
    """A browser of playwright, or a skip where there is none."""
    playwright = pytest.importorskip("playwright.sync_api")
    path = next(filter(None, map(which, _NAMES)), None)
    if path is None:
        pytest.skip("there is no Chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=_SETTINGS)
        yield browser
        browser.close()


@contextmanager
def opened(browser, size, scheme="light"):
    """A page of this size, which must say nothing on the console and ask no other machine."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme
    )
    page, told = context.new_page(), []
    page.on("console", lambda message: told.append(message.text) if message.type == "error" else 0)
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("requestfailed", lambda request: _left(request) or told.append(f"no {request.url}"))
    page.on("request", lambda request: _own(request.url) or told.append(f"asks {request.url}"))
    yield page
    assert not told, told[:5]
    context.close()


def _own(url):
    return url.startswith(("http://127.0.0.1:", "file:", "data:", "blob:"))


def _left(request):
    """Whether it was given up because the page was left."""
    return request.failure == "net::ERR_ABORTED"


def check_drawn(page):
    """Pictures are there, and nothing is wider than the page."""
    broken = page.evaluate(
        "Promise.all([...document.images].map(i => { i.loading = 'eager';"
        " return i.decode().then(() => null, () => i.src) })).then(all => all.filter(Boolean))"
    )
    assert broken == [], page.url
    width, window = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert width <= window + 1, f"{page.url} is {width} pixels wide, not {window}"


def ground_and_ink(page, selector="body"):
    """How light, from 0 to 1, the ground of the page is and the text of an element."""
    return page.evaluate(
        """selector => {
            const light = color => {
                const [r, g, b] = color.match(/[\\d.]+/g).map(Number);
                return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
            };
            let at = document.querySelector(selector), ground = at;
            const clear = one => getComputedStyle(one).backgroundColor.endsWith(', 0)');
            while (ground.parentElement && clear(ground)) ground = ground.parentElement;
            const own = getComputedStyle(ground).backgroundColor;
            return [clear(ground) ? 1 : light(own), light(getComputedStyle(at).color)];
        }""",
        selector,
    )


@contextmanager
def served(folder):
    """The address of a folder."""

    class Silent(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder)))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()
