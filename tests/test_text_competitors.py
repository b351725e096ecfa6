"""Rivals and their roles, by list and by pattern."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossnlp import InputError
from lossnlp.deals import Deal, Snippet
from lossnlp.text import Competitor, TextReader
from lossnlp.training import starter_deals


@pytest.fixture(scope="module")
def reader() -> TextReader:
    return TextReader(own_names=["Acme Cloud"])


def _rivals(reader: TextReader, note: str) -> dict[str, str]:
    (signals,) = reader.read([Deal(note)])
    return {rival.name: rival.role for rival in signals.competitors}


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ("went w/ Workday, half the price", {"Workday": "chosen"}),
        ("LOST TO SAMSARA AGAIN!!!", {"SAMSARA": "chosen"}),
        ("lost 2 Airbase (cheaper, live in 3wks)", {"Airbase": "chosen"}),
        ("Okta won it.", {"Okta": "chosen"}),
        ("they signed with Crewdly on Friday", {"Crewdly": "chosen"}),
        ("award went to Brightwater Linen", {"Brightwater Linen": "chosen"}),
        ("self-hosting Keycloak instead", {"Keycloak": "chosen"}),
        ("Sodexo stays. eval was theatre", {"Sodexo": "in_use"}),
        ("stayed on Xero", {"Xero": "in_use"}),
        ("cust renewed Concur 3 yrs after running us side by side", {"Concur": "in_use"}),
        ("stuck with Coupa thru Dec 2026, exit penalty", {"Coupa": "under_contract"}),
        ("locked into Palletrax until March", {"Palletrax": "under_contract"}),
        ("BT has them til Aug 27", {"BT": "under_contract"}),
        (
            "shortlist was us, Genesys and Five9, nobody chosen",
            {"Genesys": "considered", "Five9": "considered"},
        ),
        ("Tools mentioned: Syncron, Tavant", {"Syncron": "considered", "Tavant": "considered"}),
        ("they like us better than Zendesk", {"Zendesk": "rejected"}),
        ("Stäubli was eliminated after round one", {"Stäubli": "rejected"}),
        ("moved to SFDC", {"SFDC": "chosen"}),
    ],
)
def test_roles(reader: TextReader, note: str, expected: dict[str, str]) -> None:
    assert _rivals(reader, note) == expected


@pytest.mark.parametrize(
    "note",
    [
        "no SAP connector, dealbreaker",
        "our tool doesn't talk to their Blackbaud",
        "the integration with NetSuite failed in the trial",
        "order form by DocuSign, never signed",
        "lost to a competitor on price",
        "went with Maria to see the plant",
        "Budget cut. Champion left in March. Monday call cancelled.",
        "he left for a job at Bosch",
        "Acme Cloud was too slow for them, they said Acme Cloud timed out",
        "they deputy minister said zip, ramp up next year",
        "moved to Q3 FY26",
        "",
    ],
)
def test_what_is_no_rival(reader: TextReader, note: str) -> None:
    assert _rivals(reader, note) == {}


def test_an_alias_leads_to_the_vendor(reader: TextReader) -> None:
    (signals,) = reader.read([Deal("beaten by MSFT")])
    assert signals.competitors == (Competitor("MSFT", "Microsoft", "chosen", "note", 10, 14),)


#: What two ways of cutting a text into words could disagree on.
PIECES = st.sampled_from(
    [
        *("Workday", "ADP", "S&P", "AT&T", "at&t", "monday.com", "MONDAY", "Zip", "zip", "Toast"),
        *("Sage", "Intacct", "Dun", "Bradstreet", "went", "w/", "lost", "to", "vs", "us", "and"),
        *("&", ".", "-", "'", ",", "ß", "\u0130", "\u212a", "\u017f", "é", "e\u0301", "1", "2.5"),
        *("\u00a0", "\u200b", "\ud83d", "\U0001f4c8", "_", "§", "¤"),
    ]
)
TANGLES = st.lists(st.tuples(PIECES, st.sampled_from(["", " ", "  ", "\n"])), max_size=15).map(
    lambda pairs: "".join(piece + space for piece, space in pairs)
)


@settings(deadline=None, max_examples=40)
@given(st.lists(TANGLES, max_size=20))
def test_one_deal_and_many_are_read_alike(reader: TextReader, notes: list[str]) -> None:
    deals = [Deal(note) for note in notes]
    many = reader.read([*deals, *[Deal("")] * 250])[: len(deals)]
    assert many == [signals for deal in deals for signals in reader.read([deal])]


def test_the_starter_corpus_is_read_alike_by_ones_and_by_all(reader: TextReader) -> None:
    deals = [labelled.deal for labelled in starter_deals()[::20]]
    assert reader.read(deals) == [signals for deal in deals for signals in reader.read([deal])]


def test_half_a_character_is_no_word(reader: TextReader) -> None:
    assert _rivals(reader, "went w/ Work\ud83dday") == {"Workday": "chosen"}


def test_offsets_point_into_the_source_as_given(reader: TextReader) -> None:
    deal = Deal(
        "<p>vs Genesys &amp; us</p>",
        (Snippet("buyer", "[3/4 AB]: we've, uh, signed with  Five9."),),
    )
    (signals,) = reader.read([deal])
    found = {
        (rival.name, deal.source_text(rival.source)[rival.start : rival.end], rival.source)
        for rival in signals.competitors
    }
    assert found == {("Genesys", "Genesys", "note"), ("Five9", "Five9", "snippet:0")}


def test_the_buyers_word_on_a_rival_named_by_the_rep_counts(reader: TextReader) -> None:
    deal = Deal("looked at Genesys too", (Snippet("buyer", "We signed with Genesys."),))
    (signals,) = reader.read([deal])
    assert [(c.name, c.role, c.source) for c in signals.competitors] == [
        ("Genesys", "chosen", "note")
    ]


def test_a_list_of_ones_own_is_added(tmp_path: Path) -> None:
    own = tmp_path / "rivals.txt"
    own.write_text("# ours\nNorth Wind ERP, NWE\n?Plan\n", encoding="utf-8")
    reader = TextReader(competitors=own)
    (signals,) = reader.read([Deal("nwe is in there already, no plan to change. vs Workday")])
    assert {c.canonical for c in signals.competitors} == {"North Wind ERP", "Workday"}


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"Good\nBad,,Name\n", "line 2: an empty name"), (b"\xff\xfe\x00bad", "cannot be read")],
)
def test_a_wrong_list_is_one_clear_error(tmp_path: Path, content: bytes, message: str) -> None:
    own = tmp_path / "rivals.txt"
    own.write_bytes(content)
    with pytest.raises(InputError, match=message):
        TextReader(competitors=own)


def test_a_missing_list_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.txt: the list of competitors cannot be read"):
        TextReader(competitors=tmp_path / "none.txt")
