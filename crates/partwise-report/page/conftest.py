"""A browser for the tests, reports to open in it, and what a page is asked."""

import os
import shutil
import time

import pytest

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import sync_playwright  # noqa: E402

import assemble  # noqa: E402
import fixtures  # noqa: E402

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def browser():
    """One browser for all tests."""
    if CHROMIUM is None:
        pytest.skip("no Chromium here")
    with sync_playwright() as play:
        made = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture(scope="session")
def reports(tmp_path_factory):
    """Files by name, made when first asked for."""
    folder = tmp_path_factory.mktemp("reports")
    made = {}

    def of(name):
        if name not in made:
            data = getattr(fixtures, name)()
            path = folder / f"{name}.html"
            path.write_text(assemble.assemble(data), encoding="utf-8", newline="\n")
            made[name] = (path, data)
        return made[name]

    return of


class Opened:
    """A page with what it complained about and what it asked for."""

    def __init__(self, browser, path, **settings):
        self.context = browser.new_context(
            **({"viewport": {"width": 1440, "height": 900}, "accept_downloads": True} | settings)
        )
        self.context.set_default_timeout(8000)
        self.context.set_default_navigation_timeout(30000)
        self.page = self.context.new_page()
        self.complaints, self.requests = [], []
        self.page.on("console", lambda m: self.complaints.append(m.text))
        self.page.on("pageerror", lambda e: self.complaints.append(str(e)))
        self.page.on("dialog", lambda d: (self.complaints.append("dialog: " + d.message), d.dismiss()))
        self.page.on("request", lambda r: self.requests.append(r.url))
        self.url = path.as_uri()
        start = time.perf_counter()
        self.page.goto(self.url)
        self.page.wait_for_selector("html[data-ready]", timeout=20000)
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        self.seconds = time.perf_counter() - start

    def scroll_through(self):
        """Come by every part of the page, for what is drawn only when it is near."""
        self.page.evaluate(
            """async () => {
              for (let y = 0; y < document.documentElement.scrollHeight; y += 600) {
                scrollTo({ top: y, behavior: 'instant' });
                await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
              }
            }"""
        )

    def settle(self):
        self.page.wait_for_timeout(250)

    def until(self, expression, seconds=3):
        """Wait for what JavaScript says. The policy of the page forbids to wait inside it."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            if self.page.evaluate(expression):
                return
            self.page.wait_for_timeout(20)
        raise AssertionError("never true: " + expression)


@pytest.fixture
def opened(browser, reports):
    pages = []

    def go(name, **settings):
        page = Opened(browser, reports(name)[0], **settings)
        pages.append(page)
        return page

    yield go
    for page in pages:
        page.context.close()
