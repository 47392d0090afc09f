"""The report in a real Chromium, opened from files: charts draw, nothing leaves the machine, switches work, rules of access hold.

Skipped, saying why, where playwright or a Chromium is absent.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import report
from tests.report.report_kit import build

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install -e .[dev])")
CHROMIUM = next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine (apt-get install chromium)")
PAGES = ("index", "t1_2", "t2_0", "t4_4", "t4_5", "t5", "asof", "health")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report.write(build(tmp_path_factory.mktemp("serve") / "20260529T220000Z-001")).index.parent


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


class Watched:
    """A page that remembers what it complained about and what it asked for."""

    def __init__(self, browser: Any, width: int = 1280) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, accept_downloads=True)
        self.page = self.context.new_page()
        self.wrong: list[str] = []
        self.page.on("console", lambda m: self.wrong.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda e: self.wrong.append(str(e)))
        self.page.on("dialog", lambda d: self.wrong.append(f"dialog {d.message}"))
        self.page.on("request", lambda r: self.wrong.append(r.url) if not r.url.startswith(("file:", "data:", "blob:")) else None)

    def open(self, site: Path, name: str) -> Any:
        self.page.goto(f"{(site / f'{name}.html').as_uri()}")
        if self.page.locator(".vega").count():
            self.page.wait_for_selector("html[data-charts=done]", timeout=20_000)
        return self.page


@pytest.fixture
def watched(browser: Any) -> Iterator[Watched]:
    opened = Watched(browser)
    yield opened
    opened.context.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_pages_load_draw_and_stay_at_home(browser: Any, site: Path, width: int) -> None:
    watched = Watched(browser, width)
    for name in PAGES:
        page = watched.open(site, name)
        assert page.locator(".vega").count() == page.locator(".vega svg.marks").count(), name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} scrolls sideways at {width}"
        assert page.evaluate("window.__owned") is None, f"{name} ran a series title"
    assert page.evaluate("LOWTIDE.failed") == [] and watched.wrong == []
    watched.context.close()


def test_first_paint_is_fast(watched: Watched, site: Path) -> None:
    page = watched.open(site, "t1_2")
    assert page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime") < 1000


def test_the_language_switches_in_place(watched: Watched, site: Path) -> None:
    page = watched.open(site, "t1_2")
    page.get_by_role("link", name="繁體中文").click()
    page.wait_for_selector("html[lang=zh-Hant][data-charts=done]")
    assert page.url.endswith("zh-Hant/t1_2.html") and "隔夜美元資金變貴" in page.locator("h1").inner_text()
    assert "基點" in page.locator("#funding_spreads .vega").inner_text()
    page.get_by_role("link", name="English").click()
    page.wait_for_selector("html[lang=en]")
    assert page.url.endswith("/t1_2.html") and "zh-Hant" not in page.url


def test_as_of_shows_the_scorecard_of_the_day(watched: Watched, site: Path) -> None:
    page = watched.open(site, "asof")
    newest = page.locator("#asof-day").inner_text()
    before = page.locator('tr[data-thesis="t1_2"] .raw').inner_text()
    page.select_option("#day", "2024-06-28")
    assert page.locator("#asof-day").inner_text() == "2024-06-28" != newest
    assert "contested" in page.locator('tr[data-thesis="t1_2"] .raw').inner_text() != before
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Later").focus()
    page.keyboard.press("Enter")
    assert page.locator("#asof-day").inner_text() == "2024-07-31"
    watched.page.goto(f"{(site / 'asof.html').as_uri()}#2025-01-15")
    page.reload()
    assert page.locator("#asof-day").inner_text() == "2024-12-31", "a day between is shown as the one before, never a later one"


def test_downloads_open(watched: Watched, site: Path) -> None:
    page = watched.open(site, "t1_2")
    with page.expect_download() as got:
        page.locator("#funding_spreads .files a").first.click()
    assert got.value.suggested_filename == "funding_spreads.csv" and Path(got.value.path()).read_text().startswith("as_of_date,")


def test_a_chart_answers_to_its_list(watched: Watched, site: Path) -> None:
    page = watched.open(site, "t2_0")
    before = page.locator("#ladder .vega svg.marks").inner_html()
    page.locator("#ladder select").select_option(index=1)
    page.wait_for_timeout(300)  # the page's policy forbids evaluating a waiting expression
    assert page.locator("#ladder .vega svg.marks").inner_html() != before


def test_the_health_page_filters(watched: Watched, site: Path) -> None:
    page = watched.open(site, "health")
    page.get_by_label("Filter series").fill("sofr")
    assert page.locator("#series tbody tr:visible").count() == 1
    page.get_by_label("Filter series").fill("")
    page.get_by_label("Only what is late").check()
    assert "Unreachable" in page.locator("#series tbody tr:visible").all_inner_texts()[-1]


def test_the_keyboard_reaches_everything(watched: Watched, site: Path) -> None:
    page = watched.open(site, "index")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.getAttribute('href') || document.activeElement.tagName"))
    assert {"t0.html", "t5.html", "asof.html", "health.html", "zh-Hant/index.html"} <= seen


@pytest.mark.parametrize("name", ["index", "t2_0", "asof", "health", "zh-Hant/index"])
def test_the_rules_of_access_hold(browser: Any, site: Path, name: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    watched = Watched(browser)
    found = axe.Axe().run(watched.open(site, name), options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]
    watched.context.close()
    assert [f"{v['id']}: {v['help']}: {v['nodes'][0]['html'][:150]}" for v in found] == []
