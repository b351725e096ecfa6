"""Cleaning, log entries and clauses: what goes, what stays, and where it came from."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossnlp.text import CleanText, clauses, clean
from lossnlp.training import starter_deals

#: Characters that break careless offset code, beside ordinary ones.
HOSTILE = (
    "\x00\x07\t\n\r\x0b\x0c\x85\xa0\xad\u200b\u200d\u200e\u202e\u2028\ufeff\uffff"
    "e\u0301\u0345İıſßﬁ\u05d0\u0627\u202b👩\u200d👩\u200d👧🏽🇩🇪<>&;:/.-[]()'\"â€™Ã©"
)
PIECES = st.sampled_from(
    [
        "10/12 JD: ",
        "[10/12 JD]: ",
        "3/4 SDR (Kev): ",
        "[System] ",
        "2025-01-30 ",
        "\n",
        "<br>",
        "<p>",
        "</p>",
        "&amp;",
        "&nbsp;",
        "&#39;",
        "&amp;lt;",
        "From: Ruth\n",
        "Subject: RE: RE: x\n",
        "> ",
        "On Mon, A wrote:\n",
        "Best,\nAna Exemplo\n",
        "Kind regards\n",
        "-----Original Message-----\n",
        "went w/ Workday",
        "but ",
        "; ",
        "- ",
        "donâ€™t",
        "Ã©",
        "until Q3 FY26. ",
    ]
)
TEXTS = st.lists(
    st.one_of(st.text(st.characters(), max_size=12), st.text(HOSTILE, max_size=8), PIECES),
    max_size=12,
).map("".join)


def _texts(clean_text: CleanText) -> list[str]:
    return [clean_text.text[clause.start : clause.end] for clause in clauses(clean_text)]


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("<p>Price &amp; <b>terms</b></p><p>no</p>", "Price & terms\n\nno"),
        ("a<br/>b &amp;amp; c", "a\nb & c"),
        ("they said it &lt;b&gt;works&lt;/b&gt;", "they said it works"),
        ("<li>one</li><li>two</li>", "- one\n\n- two"),
        ("seats <3 and >5, a <b@example.com>", "seats <3 and >5, a <b@example.com>"),
        ("they donâ€™t want it, cafÃ© chain", "they don’t want it, café chain"),
        ("São Paulo, Ärzte, “É”", "São Paulo, Ärzte, “É”"),
        ("zero\u200bwidth\ufeff and\xa0nbsp\x00", "zerowidth and nbsp"),
        ("  too   many \n\n\n\n spaces ", "too many\n\nspaces"),
        (
            "From: Ruth\nSent: Mon 08:12\nSubject: RE: RE: sad news\n\nWe stop.",
            "sad news\n\nWe stop.",
        ),
        ("> From: S\n> Hi Jer, it is\n> over now", "Hi Jer, it is over now"),
        ("-----Original Message-----\nFrom: Anke\nTo: me\n\nclosed", "closed"),
        (
            "We stop.\n\nKind regards,\nTeodora Quill, Practice Administrator\n0161 555 0144",
            "We stop.",
        ),
        ("We stop.\nSent from my iPhone", "We stop."),
        (
            "Best\nof three quotes won, and it was not ours.",
            "Best\nof three quotes won, and it was not ours.",
        ),
        ("[10/12 JD]: no budget", "no budget"),
        ("3/4 SDR (Kev): booked\n3/11 AE: lost", "booked\nlost"),
        ("24/7 support is missing", "24/7 support is missing"),
        ("2 Sept for the next round", "2 Sept for the next round"),
        ("", ""),
    ],
)
def test_cleaning(given_text: str, expected: str) -> None:
    assert clean(given_text).text == expected


def test_an_offset_leads_back_to_the_text_as_given() -> None:
    given_text = "<p>10/12 JD: price &amp; terms</p> donâ€™t"
    cleaned = clean(given_text)
    start = cleaned.text.index("price & terms")
    assert given_text[slice(*cleaned.original(start, start + 13))] == "price &amp; terms"
    start = cleaned.text.index("don’t")
    assert given_text[slice(*cleaned.original(start, start + 5))] == "donâ€™t"


def test_an_offset_outside_the_text_is_an_error() -> None:
    with pytest.raises(IndexError, match="no stretch 0:9"):
        clean("short").original(0, 9)


def test_log_entries_run_from_the_earliest_to_the_latest() -> None:
    log = "2026-05-01 auto-closed\n2026-04-20 sequence finished\n2026-03-30 call, no answer"
    cleaned = clean(log)
    assert [cleaned.text[e.start : e.end] for e in cleaned.entries] == [
        "call, no answer",
        "sequence finished",
        "auto-closed",
    ]
    assert cleaned.entries[-1].stamp == "2026-05-01"


def test_a_log_that_passes_new_year_keeps_its_order() -> None:
    cleaned = clean("16/12 sourcing: in good order\n09/01 pre-read filed\n14/01 item pulled")
    assert cleaned.text[cleaned.entries[-1].start :] == "item pulled"


def test_text_that_is_no_log_is_one_entry() -> None:
    assert [(e.start, e.end, e.stamp) for e in clean("no log here").entries] == [(0, 11, "")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Price was fine. Legal killed it.", ["Price was fine.", "Legal killed it."]),
        ("liked it but no budget", ["liked it", "but no budget"]),
        ("liked it, however IT said no", ["liked it", "however IT said no"]),
        ("liked it although slow", ["liked it", "although slow"]),
        ("- no SSO\n- too dear", ["no SSO", "too dear"]),
        ("1) no SSO\n2) too dear", ["no SSO", "too dear"]),
        ("10/12 JD: demo ok\n11/2 JD: CFO froze spend", ["demo ok", "CFO froze spend"]),
        ("approx. 3.5k vs. 2k, e.g. ADP. Gone.", ["approx. 3.5k vs. 2k, e.g. ADP.", "Gone."]),
        ("...", []),
    ],
)
def test_clauses(text: str, expected: list[str]) -> None:
    assert _texts(clean(text)) == expected


@settings(deadline=None)  # a busy machine is no fault
@given(TEXTS)
def test_every_stretch_of_clean_text_stands_somewhere_in_the_original(text: str) -> None:
    cleaned = clean(text)
    last_start = 0
    for place in range(len(cleaned.text)):
        start, end = cleaned.original(place, place + 1)
        assert 0 <= last_start <= start <= end <= len(text)
        if len(cleaned.text[place].strip()) and end - start == 1:
            assert text[start:end] == cleaned.text[place]
        last_start = start


@settings(deadline=None)  # a busy machine is no fault
@given(TEXTS)
def test_clauses_and_entries_do_not_overlap_and_cover_every_word(text: str) -> None:
    cleaned = clean(text)
    covered: set[int] = set()
    for clause in clauses(cleaned):
        assert clause.start < clause.end
        places = set(range(clause.start, clause.end))
        assert not covered & places
        covered |= places
    missed = [c for i, c in enumerate(cleaned.text) if i not in covered and c.isalpha()]
    bullets = re.findall(r"(?:^|\n)[ ]*[a-z]\)", cleaned.text)
    assert len(missed) <= len(bullets)
    for entry in cleaned.entries:
        assert 0 <= entry.start <= entry.end <= len(cleaned.text)


def test_cleaning_keeps_the_evidence_of_the_starter_corpus() -> None:
    lost = []
    for deal in starter_deals():
        note, evidence = deal.deal.note, deal.evidence
        if not evidence or evidence not in note:
            continue
        cleaned = clean(note)
        kept = {
            place for i in range(len(cleaned.text)) for place in range(*cleaned.original(i, i + 1))
        }
        start = note.index(evidence)
        if any(c.isalpha() and start + i not in kept for i, c in enumerate(evidence)):
            lost.append(deal.deal.id)
    assert len(lost) <= 5, lost  # the month of a stamp inside it ("13 Oct - breakup email")
