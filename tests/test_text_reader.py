"""TextReader as a whole: offsets, language, early closes, light start."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from hypothesis import given, settings
from test_text_clean import TEXTS

from lossnlp import InputError
from lossnlp.deals import Deal, Snippet
from lossnlp.text import TextReader
from lossnlp.training import starter_deals


@pytest.fixture(scope="module")
def reader() -> TextReader:
    return TextReader()


_READER = TextReader()


@settings(deadline=None, max_examples=100)
@given(TEXTS, TEXTS)
def test_every_reported_stretch_equals_the_text_at_its_offsets(note: str, said: str) -> None:
    deal = Deal(note, (Snippet("buyer", said),), close_date=date(2025, 10, 15))
    (signals,) = _READER.read([deal])
    for rival in signals.competitors:
        there = deal.source_text(rival.source)[rival.start : rival.end]
        assert there.replace("\u200b", "")  # a name may hold what cleaning takes out
        assert [c for c in there if c.isalnum()][:1] == [c for c in rival.name if c.isalnum()][:1]
    for found in (signals.revisit, signals.closed_early):
        if found is not None:
            assert deal.source_text(found.source)[found.start : found.end] == found.text


def test_signals_do_not_depend_on_the_other_deals(reader: TextReader) -> None:
    deals = [labelled.deal for labelled in starter_deals()[::100]]
    together = reader.read(deals)
    assert (
        together == [signals for deal in reversed(deals) for signals in reader.read([deal])][::-1]
    )


def test_one_reader_serves_several_threads(reader: TextReader) -> None:
    deals = [labelled.deal for labelled in starter_deals()[:25]]
    expected = reader.read(deals)
    with ThreadPoolExecutor(4) as pool:
        assert all(result == expected for result in pool.map(reader.read, [deals] * 6))


@pytest.mark.parametrize(
    ("note", "language"),
    [
        ("went with Workday, half the price", "en"),
        ("price", "en"),
        ("n/a", "en"),
        ("", "en"),
        ("ghostd aftr quote, 6 f/u, zip", "en"),
        ("Kunde hat sich für einen anderen Anbieter entschieden, der Preis war zu hoch", "de"),
        ("le client a choisi un concurrent moins cher", "fr"),
        ("el cliente eligió a otro proveedor por precio", "es"),
        ("klant heeft voor een andere leverancier gekozen", "nl"),
        ("клиент выбрал другого поставщика", "ru"),
    ],
)
def test_language(reader: TextReader, note: str, language: str) -> None:
    assert reader.read([Deal(note)])[0].language == language


def test_the_starter_corpus_is_english(reader: TextReader) -> None:
    deals = [labelled.deal for labelled in starter_deals()[::3]]
    foreign = sum(signals.language != "en" for signals in reader.read(deals))
    assert foreign <= 0.003 * len(deals)


@pytest.mark.parametrize(
    "note",
    [
        "closing per policy, we are still meeting Thursday",
        "Eval of us is still on, they say second half of next year",
        "waiting on the PO, loss is only because rev ops wont let an opp sit",
    ],
)
def test_a_deal_that_still_moves_is_flagged(reader: TextReader, note: str) -> None:
    (signals,) = reader.read([Deal(note)])
    assert signals.closed_early is not None
    assert signals.closed_early.text in note


@pytest.mark.parametrize(
    "note",
    [
        "went with Workday",
        "still meeting Thursday, then they cancelled",
        "3/4 JT: still meeting Thursday\n4/4 JT: signed with ADP",
    ],
)
def test_a_deal_that_is_over_is_not_flagged(reader: TextReader, note: str) -> None:
    assert reader.read([Deal(note)])[0].closed_early is None


def test_a_wrong_month_is_one_clear_error() -> None:
    with pytest.raises(InputError, match="fiscal_year_start is 13"):
        TextReader(fiscal_year_start=13)


def test_nothing_heavy_is_loaded_for_one_note() -> None:
    code = (
        "import sys, lossnlp.text as t; from lossnlp.deals import Deal;"
        "s = t.TextReader().read([Deal('went w/ Workday, no budget, call again in Q3')]);"
        "heavy = {'spacy', 'dateparser', 'py3langid', 'sklearn', 'pandas'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("note", "words"),
    [
        ("went w/ Workday, half the price. Revisit at their renewal in March.", "in March"),
        ("Not now. Call me back in Q3 2027, please.", "Q3 2027"),
        ("They'd say circle back next fiscal year.", "next fiscal year"),
    ],
)
def test_who_is_asked_to_come_back_comes_back(reader: TextReader, note: str, words: str) -> None:
    pays = Snippet("buyer", "we already pay for their suite")
    for deal in (Deal(note), Deal(note, (pays,), close_date=date(2026, 1, 15))):
        found = reader.read([deal])[0].revisit
        assert found is not None
        assert found.text == words
