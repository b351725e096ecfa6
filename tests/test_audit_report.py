"""The report in a real browser: widths, dark, print, and no network."""

import os
from pathlib import Path

import pandas as pd
import pytest

from lossnlp import audit
from lossnlp.audit._charts import Bar, mix_chart, share_chart
from lossnlp.model import load
from lossnlp.taxonomy import Crosswalk

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    model = load()
    notes = [
        "went with Workday, half the price",
        "CFO froze all new spend until next year",
        "Marta's last day was Friday and the new VP has other plans",
        "ghosted after the demo, six emails and nothing",
    ]
    frame = pd.DataFrame(
        {
            "id": [f"006{k:015d}" for k in range(80)],
            "note": [f"{notes[k % 4]} ({k})" for k in range(80)],
            "label": [["Price", "No Budget", "Price", "No Response"][k % 4] for k in range(80)],
            "segment": ["SMB", "Enterprise"] * 40,
            "owner": ["Ann", "Bob", "Cid", "Dee"] * 20,
            "amount": [1000.0 * k for k in range(80)],
            "close_date": [f"2026-{1 + k % 12:02d}-10" for k in range(80)],
        }
    )
    crosswalk = Crosswalk.read("examples/crosswalk.yaml", model.taxonomy)
    path = tmp_path_factory.mktemp("report") / "report.html"
    audit(frame, model, crosswalk=crosswalk).to_html(path)
    return path


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{CHROMIUM} is needed in CI; install chromium or set CHROMIUM")
        pytest.skip(f"no browser at {CHROMIUM}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )
        yield started
        started.close()


@pytest.mark.parametrize("width", [400, 900, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_and_reads_at_every_width(browser, page_file, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    asked, faults = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text))
    page.goto(page_file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("h1").inner_text() == "Are our loss reasons right?"
    assert page.locator("svg[role=img][aria-label]").count() >= 3
    assert page.locator("ol.findings li mark").count() >= 1
    ink, paper = (
        page.evaluate(f"getComputedStyle(document.body).{name}")
        for name in ("color", "backgroundColor")
    )
    assert contrast(ink, paper) > 7
    assert asked == [page_file.as_uri()]
    assert faults == []
    page.close()


def test_the_page_prints_in_black_on_white(browser, page_file, tmp_path):
    page = browser.new_page(color_scheme="dark")
    page.goto(page_file.as_uri())
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.pdf(path=tmp_path / "report.pdf", format="A4")
    assert (tmp_path / "report.pdf").stat().st_size > 10_000
    page.close()


def test_ids_in_the_page_are_unique(browser, page_file):
    page = browser.new_page()
    page.goto(page_file.as_uri())
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    page.close()


def test_charts_escape_names_say_too_few_and_are_the_same_twice():
    bars = [Bar("<b>A & B</b>", 0.2, 0.1, 0.3, 0.4), Bar("$x_1$", 0.5, 0.4, 0.6, 0.5)]
    chart = mix_chart(bars, "mix", 'say "alt"')
    assert "<b>" not in chart
    assert "$x_1$" in chart
    assert 'aria-label="say &quot;alt&quot;"' in chart
    assert chart == mix_chart(bars, "mix", 'say "alt"')
    assert "too few" in share_chart([Bar("A", None), bars[1]], "by", "alt", 0.5)
    assert "#01020" not in chart


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two CSS colours, as WCAG defines it."""

    def luminance(color: str) -> float:
        parts = [int(p) / 255 for p in color[4:-1].split(",")]
        red, green, blue = (
            p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
