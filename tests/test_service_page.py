"""The loss-entry page in a real browser: by mouse, by keyboard, on a phone, in the dark."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from service_kit import KEY, KEY_DIGEST, NOTE, Server, missing
from sqlalchemy import create_engine, text

CHROMIUM = Path("/usr/bin/chromium")
expect.set_options(timeout=30_000)
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.is_file():
        missing("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with Server(folder, root_path="/lossnlp", blind_share=0.3) as server:
        yield server


class Visit:
    """A page that was opened, with what it asked for and complained of."""

    def __init__(self, browser: Browser, server: Server, **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.faults: list[str] = []
        self.asked: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(f"{server.url}/lossnlp/")


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Visit]:
    visit = Visit(browser, server)
    yield visit
    visit.context.close()
    assert visit.faults == []
    assert all(url.startswith(f"{server.url}/lossnlp/") for url in visit.asked)


@pytest.fixture
def page(visit: Visit, server: Server) -> Page:
    """The page of a deal that is not blind."""
    show_or_hide(visit.page, blind=False)
    return visit.page


_IDS = (f"page-test-{n:06}" for n in count())


def show_or_hide(page: Page, *, blind: bool) -> None:
    """Take the next id of a row of ids that is (not) in the blind share of 0.3.

    No two pages share one: what the service still reads for a page that was left would count.
    """
    from lossnlp.service._recent import is_blind

    chosen = next(i for i in _IDS if is_blind(i, 0.3) is blind)
    page.evaluate(f"dealId = {json.dumps(chosen)}")


def write(page: Page, note: str = NOTE) -> None:
    page.get_by_label("Note", exact=True).fill(note)


def test_suggestions_appear_while_typing_with_their_evidence_marked(page: Page) -> None:
    write(page, "🙂 went w/ Workday, half the price")
    first = page.locator("#reasons button").first
    expect(first).to_contain_text("Lost to competitor")
    expect(page.locator("#reasons button")).to_have_count(3)
    words = page.locator("#reasons .words").first.inner_text().strip("“”")
    expect(page.locator("main mark").first).to_have_text(words)
    expect(page.get_by_role("status").first).to_contain_text("Likeliest: Lost to competitor")


def test_the_mark_lies_exactly_behind_its_words(page: Page) -> None:
    write(page, "line one\n\n" + "some words that wrap " * 12 + "went w/ Workday, half the price\n")
    expect(page.locator("#reasons button")).to_have_count(3)
    ink = page.locator(".ink").first
    area = page.locator("#note")
    assert ink.evaluate("e => e.textContent") == area.input_value() + "\n"
    for measure in ["scrollHeight", "clientWidth"]:
        assert ink.evaluate(f"e => e.{measure}") == pytest.approx(
            area.evaluate(f"e => e.{measure}"), abs=1
        )


def test_a_click_accepts_and_keeps_the_choice(page: Page, folder: Path) -> None:
    write(page)
    page.locator("#reasons button").nth(1).click()
    name = page.locator("#reasons button .name").nth(1).inner_text()
    expect(page.locator("#kept")).to_have_text(f"Kept: {name}.")
    expect(page.locator("#reasons button").nth(1)).to_have_attribute("aria-pressed", "true")
    assert page.locator("#reason option:checked").inner_text() == name
    deal = page.evaluate("dealId")
    engine = create_engine(f"sqlite:///{folder / 'feedback.db'}")
    with engine.begin() as connection:
        row = connection.execute(
            text("SELECT chosen, rank FROM lossnlp_feedback WHERE suggestion_id = :id"),
            {"id": deal},
        ).one()
    engine.dispose()
    assert row == (page.locator("#reason").input_value(), 2)


@pytest.mark.parametrize("key", ["1", "2", "3"])
def test_the_keyboard_alone_is_enough(page: Page, key: str) -> None:
    page.keyboard.press("Tab")
    page.get_by_label("Note", exact=True).focus()
    page.keyboard.type("went w/ Workday, 123 half the price")
    expect(page.locator("#reasons button")).to_have_count(3)
    assert page.locator("#reason").input_value() == ""  # digits in the text accept nothing
    page.keyboard.press("Escape")
    expect(page.locator("#reasons button").first).to_be_focused()
    page.keyboard.press(key)
    chosen = page.locator("#reasons button").nth(int(key) - 1)
    expect(chosen).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#kept")).to_contain_text("Kept: ")


def test_a_thin_note_brings_up_the_question(page: Page) -> None:
    write(page, "n/a")
    expect(page.locator("#question")).to_be_visible()
    expect(page.locator("#question")).to_have_text(re.compile(r"\?$"))
    write(page)
    expect(page.locator("#question")).to_be_hidden()


def test_the_buyers_words_can_be_added_and_marked(page: Page) -> None:
    write(page, "far too expensive, they could not justify the price")
    page.get_by_role("button", name="Add a snippet").click()
    page.get_by_label("Words of the snippet").fill(
        "honestly price was fine, our CISO just wouldn't sign off on the security review"
    )
    first = page.locator("#reasons button").first
    expect(first).to_contain_text("Security")
    first.hover()
    expect(page.locator(".snippet mark")).not_to_be_empty()
    page.get_by_role("button", name="Remove").click()
    expect(first).to_contain_text("Price")


def test_answers_that_come_too_late_are_thrown_away(page: Page) -> None:
    held: list[Any] = []

    def hold_the_first(route: Any) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route("**/v1/suggest", hold_the_first)
    write(page, "CFO froze all spend until next year")
    page.wait_for_timeout(500)
    assert held
    write(page)
    expect(page.locator("#reasons button").first).to_contain_text("Lost to competitor")
    page.wait_for_timeout(200)
    expect(page.locator("#reasons button").first).to_contain_text("Lost to competitor")


def test_typing_asks_once_after_a_pause_not_with_every_key(visit: Visit, page: Page) -> None:
    page.get_by_label("Note", exact=True).focus()
    page.keyboard.type("went with Workday for half the price", delay=15)
    expect(page.locator("#reasons button")).to_have_count(3)
    asked = [url for url in visit.asked if url.endswith("/v1/suggest")]
    assert len(asked) < 6


def test_a_blind_deal_says_so_and_still_takes_a_choice(visit: Visit) -> None:
    show_or_hide(visit.page, blind=True)
    write(visit.page)
    expect(visit.page.locator("#state")).to_contain_text("No suggestion for this deal")
    expect(visit.page.locator("#reasons button")).to_have_count(0)
    visit.page.get_by_label("Reason for the loss").select_option("price")
    expect(visit.page.locator("#kept")).to_contain_text("Kept: ")


def test_busy_answers_are_tried_again_and_lost_ones_are_told(page: Page) -> None:
    refused = {"title": "Too many requests at once", "status": 429}
    page.route(
        "**/v1/suggest",
        lambda route: route.fulfill(status=429, headers={"Retry-After": "0.3"}, json=refused),
        times=1,
    )
    write(page)
    expect(page.locator("#reasons button")).to_have_count(3)
    page.route("**/v1/suggest", lambda route: route.abort(), times=1)
    write(page, "another note")
    expect(page.locator("#state")).to_contain_text("cannot be reached")


def test_the_next_deal_starts_clean_under_a_new_id(page: Page) -> None:
    before = page.evaluate("dealId")
    write(page)
    page.locator("#reasons button").first.click()
    page.get_by_role("button", name="Next deal").click()
    expect(page.get_by_label("Note", exact=True)).to_be_focused()
    expect(page.get_by_label("Note", exact=True)).to_have_value("")
    expect(page.locator("#reasons button")).to_have_count(0)
    assert page.locator("#reason").input_value() == ""
    assert page.evaluate("dealId") != before
    assert re.fullmatch(r"[0-9a-f]{32}", page.evaluate("dealId"))


def test_every_field_has_a_name(page: Page) -> None:
    page.get_by_role("button", name="Add a snippet").click()
    nameless = page.evaluate(
        """[...document.querySelectorAll('main input, main select, main textarea, main button')]
           .filter(e => !(e.labels?.length || e.ariaLabel || e.textContent.trim()))
           .map(e => e.outerHTML)"""
    )
    assert nameless == []
    assert page.locator("h1").count() == 1


LOOKS: list[dict[str, Any]] = [
    {"viewport": {"width": 1200, "height": 900}, "color_scheme": "light"},
    {"viewport": {"width": 1200, "height": 900}, "color_scheme": "dark"},
    {"viewport": {"width": 320, "height": 640}, "color_scheme": "light", "has_touch": True},
]

CONTRAST = """() => {
  const parse = (c) => c.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const worst = [];
  for (const e of document.querySelectorAll('h1, h2, p, label, legend, dt, dd, button, span')) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !e.checkVisibility()) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) worst.push(`${e.textContent.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
  }
  return worst;
}"""


@pytest.mark.parametrize("look", LOOKS, ids=["light", "dark", "phone"])
def test_it_can_be_read_in_light_and_dark_and_on_a_phone(
    browser: Browser, server: Server, look: dict[str, Any]
) -> None:
    visit = Visit(browser, server, **look)
    show_or_hide(visit.page, blind=False)
    write(visit.page, NOTE + " averyverylongwordwithoutanyspace" * 3)
    expect(visit.page.locator("#reasons button")).to_have_count(3)
    assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert visit.page.evaluate(CONTRAST) == []
    visit.context.close()


def test_without_a_key_the_page_asks_for_one(browser: Browser, tmp_path: Path) -> None:
    with Server(tmp_path, keys=f"crm:{KEY_DIGEST}") as guarded:
        context = browser.new_context()
        page = context.new_page()
        page.goto(guarded.url)
        page.get_by_label("This service needs an API key.").fill("wrong")
        page.get_by_role("button", name="Use key").click()
        expect(page.locator("#state")).to_have_text("An API key is needed.")
        page.get_by_label("This service needs an API key.").fill(KEY)
        page.get_by_role("button", name="Use key").click()
        expect(page.locator("#key-form")).to_be_hidden()
        write(page)
        expect(page.locator("#reasons button")).to_have_count(3)
        context.close()
