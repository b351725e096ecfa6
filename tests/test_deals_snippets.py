"""Snippets from a cell and from transcripts, joined to deals by id."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossnlp._errors import InputError
from lossnlp.deals import open_export


def snippets_of(tmp_path, cell, owner="Umar Field"):
    """Return the snippets of one deal whose export has this cell."""
    path = tmp_path / "export.jsonl"
    record = {"id": "A1", "note": "x", "owner": owner, "snippets": cell}
    path.write_text(json.dumps(record), encoding="utf-8")
    return [(s["speaker"], s["text"]) for s in open_export(path).deals["snippets"][0]]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("", []),
        ("too dear for us", [("buyer", "too dear for us")]),
        ("Buyer: too dear", [("buyer", "too dear")]),
        ("Rep: So?\r\nBuyer: No.\r\n\r\nReally.", [("rep", "So?"), ("buyer", "No.\n\nReally.")]),
        (
            "Customer: no\nSales rep: why\nLEAD: x",
            [("buyer", "no"), ("rep", "why"), ("buyer", "x")],
        ),
        ("Buyer: two things.\nPrice: too high", [("buyer", "two things.\nPrice: too high")]),
        ("Umar Field: So?\nDana Lee: No.", [("rep", "So?"), ("buyer", "No.")]),
        ("Sam Poe (Rep): So?\nDana Lee (Customer): No.", [("rep", "So?"), ("buyer", "No.")]),
        ("Concern: price", [("buyer", "Concern: price")]),
        ("Subject: Re: quote\nDear Sam", [("buyer", "Subject: Re: quote\nDear Sam")]),
        ('["too dear", "and late"]', [("buyer", "too dear"), ("buyer", "and late")]),
        ('[{"text": "no"}]', [("buyer", "no")]),
        ('[{"speaker": "Umar Field", "text": "So?"}]', [("rep", "So?")]),
        ("[]", []),
        ("[Buyer on the phone] no", [("buyer", "[Buyer on the phone] no")]),
    ],
)
def test_cells(cell, expected, tmp_path):
    assert snippets_of(tmp_path, cell) == expected


TURNS = st.lists(
    st.tuples(
        st.sampled_from(["buyer", "rep"]),
        st.text(st.characters(exclude_categories=("Cs",)), min_size=1).filter(str.strip),
    ),
    max_size=5,
)


@settings(deadline=None, max_examples=60)
@given(turns=TURNS)
def test_a_json_cell_is_read_back_the_same(tmp_path_factory, turns):
    cell = json.dumps([{"speaker": speaker, "text": text} for speaker, text in turns])
    assert snippets_of(tmp_path_factory.mktemp("s"), cell) == turns


@settings(deadline=None, max_examples=60)
@given(turns=TURNS)
def test_lines_with_speakers_are_read_back_the_same(tmp_path_factory, turns):
    plain = [(speaker, " ".join(text.split())) for speaker, text in turns]
    cell = "\r\n".join(f"{speaker.title()}: {text}" for speaker, text in plain)
    assert snippets_of(tmp_path_factory.mktemp("s"), cell) == plain


# --- transcripts -------------------------------------------------------------------------------

ID15, ID18 = "0065f00000AbCdE", "0065f00000AbCdEAAV"
GONG_CALLS = {
    "calls": [
        {
            "metaData": {"id": "7782", "title": "Call with Acme"},
            "context": [
                {"system": "Salesforce",
                 "objects": [{"objectType": "Account", "objectId": "001"},
                             {"objectType": "Opportunity", "objectId": ID15}]}
            ],
            "parties": [
                {"speakerId": "1", "name": "Sam Poe", "affiliation": "Internal"},
                {"speakerId": "2", "name": "Dana Lee", "affiliation": "External"},
                {"speakerId": "3", "name": "Umar Field", "affiliation": "Unknown"},
            ],
        }
    ]
}  # fmt: skip


def monologue(speaker, *sentences):
    """Return what one speaker says in a row, as Gong writes it (times in milliseconds)."""
    texts = [{"start": 900 * i, "end": 900 * i + 800, "text": s} for i, s in enumerate(sentences)]
    return {"speakerId": speaker, "topic": None, "sentences": texts}


GONG_TRANSCRIPT = {
    "callTranscripts": [
        {
            "callId": "7782",
            "transcript": [
                monologue("1", "So?"),
                monologue("2", "No.", "Too dear."),
                monologue("3", "Ok."),
                monologue("2"),
            ],
        }
    ]
}
VTT = """WEBVTT - Call

NOTE made by the meeting room

1
00:00:01.000 --> 00:00:03.000
<v Umar Field>So, did you &amp; Dana decide?</v>

2
00:00:03.000 --> 00:00:04.000 align:start
Dana Lee: No.

00:05.000 --> 00:06.000
Dana Lee: It is too dear,
at 10:30 prices.

00:06.000 --> 00:07.000
Really.
"""


def joined(tmp_path, files, ids=(ID18, "B2")):
    """Return the export of deals with these ids, joined with transcript files."""
    export = tmp_path / "deals.csv"
    rows = "".join(f"{deal},note,Umar Field\n" for deal in ids)
    export.write_text(f"Id,Note,Owner\n{rows}", encoding="utf-8")
    folder = tmp_path / "calls"
    folder.mkdir()
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / name).write_text(text, encoding="utf-8")
    return open_export(export, transcripts=folder)


def turns(export, row=0):
    return [(s["speaker"], s["text"]) for s in export.deals["snippets"][row]]


def test_gong_calls_are_joined_by_the_opportunity_of_their_context(tmp_path):
    export = joined(tmp_path, {"calls.json": GONG_CALLS, "t.json": GONG_TRANSCRIPT})
    assert turns(export) == [("rep", "So?"), ("buyer", "No. Too dear."), ("rep", "Ok.")]
    assert turns(export, 1) == []
    assert any("transcripts: 1 joined" in choice for choice in export.choices)


def test_a_gong_transcript_without_its_call_is_joined_by_the_files_name(tmp_path):
    export = joined(tmp_path, {"B2_2026-03-01.json": GONG_TRANSCRIPT})
    assert turns(export, 1)[1] == ("buyer", "No. Too dear.")


def test_webvtt_cues_become_turns(tmp_path):
    export = joined(tmp_path, {f"{ID15}.vtt": VTT})
    assert turns(export) == [
        ("rep", "So, did you & Dana decide?"),
        ("buyer", "No. It is too dear, at 10:30 prices. Really."),
    ]


def test_named_lines_and_several_calls_of_a_deal(tmp_path):
    files = {
        "B2-1.txt": "Umar Field: So?\nDana Lee: No.\n",
        "B2-2.txt": "Dana Lee: Still no.\nUmar Field: Ok.\n",
        "B2-3.json": [{"speaker": "buyer", "text": "bye"}],
    }
    assert turns(joined(tmp_path, files), 1) == [
        ("rep", "So?"),
        ("buyer", "No."),
        ("buyer", "Still no."),
        ("rep", "Ok."),
        ("buyer", "bye"),
    ]


def test_transcripts_come_after_the_snippets_of_the_cell(tmp_path):
    (tmp_path / "deals.csv").write_text("Id,Note,Snippets\nB2,x,Buyer: no\n")
    (tmp_path / "B2.txt").write_text("Rep: Why?")
    export = open_export(tmp_path / "deals.csv", transcripts=tmp_path / "B2.txt")
    assert turns(export) == [("buyer", "no"), ("rep", "Why?")]
    assert list(export.deals.columns) == ["id", "note", "snippets"]


def test_a_transcript_of_no_deal_is_said(tmp_path):
    export = joined(tmp_path, {"B2.txt": "Rep: Why?", "C3.txt": "Rep: Who?"})
    assert "1 transcripts belong to no deal (C3.txt)" in export.warnings


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"C3.txt": "Rep: Who?"}, rf"none of the 1 transcripts .* \(such as {ID18}.vtt\)"),
        ({"readme.md": "x"}, "holds no transcript"),
        ({"B2.json": "{"}, "B2.json, line 1: broken JSON"),
        ({"B2.json": "3"}, "B2.json is no transcript"),
        ({"B2.json": {"name": "x"}}, "neither callTranscripts nor a transcript"),
        ({"B2.json": [{"speaker": "buyer"}]}, 'B2.json: entry 1 is no {"speaker", "text"}'),
    ],
)
def test_bad_transcripts_are_one_clear_error(files, message, tmp_path):
    with pytest.raises(InputError, match=message):
        joined(tmp_path, files)


def test_transcripts_need_ids_and_a_place(tmp_path):
    (tmp_path / "deals.csv").write_text("Note,Owner\nx,Sam\n")
    with pytest.raises(InputError, match="no id column"):
        open_export(tmp_path / "deals.csv", transcripts=tmp_path)
    (tmp_path / "deals.csv").write_text("Id,Note\n1,x\n")
    with pytest.raises(InputError, match="no transcript file or folder"):
        open_export(tmp_path / "deals.csv", transcripts=tmp_path / "none")
