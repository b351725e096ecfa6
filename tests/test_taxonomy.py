"""The taxonomy: the default one, users' own files, their faults, and versions compared."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lossnlp import InputError, TaxonomyError
from lossnlp.taxonomy import INSUFFICIENT, Crosswalk, Reengage, Taxonomy, diff

PACKAGE = Path(__file__).parents[1] / "lossnlp"
DEFAULT_TEXT = (PACKAGE / "taxonomy" / "default.yaml").read_text("utf-8")

SMALL = """\
schema: 1
name: small
version: 1.0
groups:
  money: Money
  rest: The rest
reasons:
  - code: price
    name: Price
    definition: Too much for what it is.
    group: money
    recyclable: yes
    reengage: {kind: days, days: 30}
    administrative: no
    question: How far apart were we?
    nearest: funds
    sub_reasons:
      - code: amount
        name: Amount
        definition: The amount.
      - code: terms
        name: Terms
        definition: The terms.
  - code: funds
    name: No funds
    definition: There is no money.
    group: money
    recyclable: on_condition
    reengage: {kind: next_fiscal_year}
    administrative: false
    question: When is the next budget?
  - code: insufficient_detail
    name: Says nothing
    definition: No reason is given.
    group: rest
    recyclable: never
    reengage: {kind: never}
    administrative: false
    question: Why was it lost?
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def small(**changes: Any) -> dict[str, Any]:
    """Return the small taxonomy as plain data, with other top-level fields."""
    return {
        **yaml.safe_load(SMALL.replace(" yes", ' "yes"').replace(": no\n", ": false\n")),
        **changes,
    }


# the default


def test_the_default_has_fifteen_reasons_and_the_verdict_last() -> None:
    taxonomy = Taxonomy.default()
    assert len(taxonomy.codes) == 16
    assert taxonomy.codes[-1] == INSUFFICIENT
    assert [code for code in taxonomy.codes if taxonomy.reason(code).administrative] == [
        "invalid_record"
    ]


def test_the_default_has_the_codes_of_the_starter_corpus_and_no_others() -> None:
    lines = [
        json.loads(line)
        for path in sorted((PACKAGE / "training" / "starter").glob("*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    ]
    assert {(deal["primary"], deal["sub_reason"]) for deal in lines} == set(
        Taxonomy.default().sub_reasons
    )


def test_the_default_states_when_to_come_back() -> None:
    taxonomy = Taxonomy.default()
    assert taxonomy.reason("timing").reengage == Reengage("days", 180)
    assert taxonomy.reason("unresponsive").reengage == Reengage("days", 90)
    assert taxonomy.reason("budget").reengage == Reengage("next_fiscal_year")
    assert taxonomy.reason("competitor").reengage.kind == "before_renewal"
    for reason in taxonomy.reasons:
        assert (reason.recyclable == "never") == (reason.reengage.kind == "never")


def test_every_default_reason_explains_itself_and_asks_one_question() -> None:
    for reason in Taxonomy.default().reasons:
        assert reason.definition.endswith(".")
        assert reason.question.endswith("?")
        assert reason.question.count("?") == 1
        # Salesforce shows 255 characters of a field's help text.
        assert len(reason.definition) <= 255
        assert len(reason.sub_reasons) >= 2


def test_the_default_is_read_once() -> None:
    assert Taxonomy.default() is Taxonomy.default()


def test_import_reads_no_file_and_no_heavy_library() -> None:
    code = (
        "import sys, lossnlp.taxonomy; "
        "print([m for m in ('yaml', 'numpy', 'pandas', 'sklearn', 'spacy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# forms of one taxonomy


@pytest.mark.parametrize("taxonomy", [Taxonomy.default(), Taxonomy.from_dict(small())])
def test_dict_json_yaml_and_pickle_give_the_same_taxonomy(
    taxonomy: Taxonomy, tmp_path: Path
) -> None:
    as_json = json.loads(json.dumps(taxonomy.to_dict()))
    as_yaml = Taxonomy.read(written(tmp_path, taxonomy.to_yaml()))
    copies = [Taxonomy.from_dict(as_json), as_yaml, pickle.loads(pickle.dumps(taxonomy))]
    for copy in copies:
        assert copy == taxonomy
        assert copy.digest == taxonomy.digest
        assert hash(copy) == hash(taxonomy)


def test_a_users_file_is_read_as_it_is_written(tmp_path: Path) -> None:
    taxonomy = Taxonomy.read(written(tmp_path, SMALL))
    assert taxonomy.version == "1.0"  # a text, not the number 1
    assert taxonomy.codes == ("price", "funds", "insufficient_detail")
    assert taxonomy.sub_reasons == (("price", "amount"), ("price", "terms"))
    assert taxonomy.reason("price").recyclable == "yes"
    assert taxonomy.reason("price").administrative is False
    assert taxonomy.reason("funds").sub_reasons == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_encodings_of_yaml_are_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(SMALL.replace("No funds", "Kein Geld – übrig").encode(encoding))
    assert Taxonomy.read(path).reason("funds").name == "Kein Geld – übrig"


def test_the_digest_is_of_the_content_and_not_of_the_layout(tmp_path: Path) -> None:
    plain = Taxonomy.read(written(tmp_path, SMALL)).digest
    laid_out = Taxonomy.read(
        written(tmp_path, "# mine\n" + SMALL.replace("name: Price", 'name: "Price"'))
    )
    reworded = Taxonomy.read(written(tmp_path, SMALL.replace("no money", "no cash")))
    assert laid_out.digest == plain
    assert reworded.digest != plain


def test_an_unknown_code_is_named_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"no code 'tming' in taxonomy lossnlp .*'timing'"):
        Taxonomy.default().reason("tming")


# what is wrong with a file


BROKEN = {
    "unknown field": ("question: How", "qestion: How", 15, "reasons[0].qestion"),
    "missing field": ("    name: No funds\n", "", 24, "reasons[1]"),
    "field twice": ("name: small", "name: small\nname: tall", 3, "name"),
    "bad code": ("code: funds", "code: No Funds", 24, "reasons[1].code"),
    "code twice": ("code: funds", "code: price", 24, "reasons[1].code"),
    "name twice": ("name: No funds", "name: price", 25, "reasons[1].name"),
    "sub-reason twice": ("code: terms", "code: amount", 21, "reasons[0].sub_reasons[1].code"),
    "unknown group": ("group: rest", "group: misc", 35, "reasons[2].group"),
    "bad recyclable": ("recyclable: yes", "recyclable: always", 12, "reasons[0].recyclable"),
    "bad kind": ("kind: days", "kind: weeks", 13, "reasons[0].reengage.kind"),
    "days missing": ("kind: days, days: 30", "kind: days", 13, "reasons[0].reengage"),
    "days not whole": ("days: 30", "days: 1.5", 13, "reasons[0].reengage.days"),
    "days too many": ("days: 30", "days: 99999999999", 13, "reasons[0].reengage.days"),
    "days too few": ("days: 30", "days: 0", 13, "reasons[0].reengage.days"),
    "days not asked": ("{kind: never}", "{kind: never, days: 1}", 37, "reasons[2].reengage.days"),
    "never, yet again": ("{kind: never}", "{kind: days, days: 1}", 37, "reasons[2].reengage"),
    "bad flag": (": no\n", ": perhaps\n", 14, "reasons[0].administrative"),
    "empty text": (" Too much for what it is.", "", 10, "reasons[0].definition"),
    "text is a list": ("name: No funds", "name: [No, funds]", 25, "reasons[1].name"),
    "list is a text": ("nearest: funds", "synonyms: many", 16, "reasons[0].synonyms"),
    "mapping is a text": ("reengage: {kind: never}", "reengage: never", 37, "reasons[2].reengage"),
    "unknown nearest": ("nearest: funds", "nearest: fonds", 16, "reasons[0].nearest"),
    "own nearest": ("nearest: funds", "nearest: price", 16, "reasons[0].nearest"),
    "verdict missing": ("insufficient_detail", "nothing", 32, "reasons[2]"),
    "newer schema": ("schema: 1", "schema: 2", 1, "schema"),
    "schema no number": ("schema: 1", "schema: one", 1, "schema"),
    "field no text": ("nearest: funds", "[a, b]: funds", 16, "reasons[0]"),
    "field on two lines": ("nearest: funds", '"a\\nb": funds', 16, "reasons[0].a b"),
    "replaced twice": ("nearest: funds", "replaces: [old, old]", 16, "reasons[0].replaces[1]"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_fault_is_one_line_with_file_line_and_field(tmp_path: Path, case: str) -> None:
    good, bad, line, field = BROKEN[case]
    assert SMALL.count(good) == 1
    path = written(tmp_path, SMALL.replace(good, bad))
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.read(path)
    message = str(caught.value)
    assert f"{path}, line {line}, field {field}: " in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("name: ]", 1),
        ("name: a\n\tversion: 1", 2),
        ("name: a: b", 1),
        ("name: a\n---\nname: b", 2),
        ("name: a\n" + "x: " + "[" * 100_000 + "]" * 100_000, 2),
        ("{" * 5000, 1),
    ],
)
def test_what_is_no_yaml_is_named_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    path = written(tmp_path, text)
    with pytest.raises(TaxonomyError, match="not valid YAML") as caught:
        Taxonomy.read(path)
    assert str(path) in str(caught.value)
    assert f"line {line}: " in str(caught.value)


def test_an_empty_a_binary_and_a_missing_file_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match="is empty"):
        Taxonomy.read(written(tmp_path, "# nothing\n"))
    binary = tmp_path / "picture.yaml"
    binary.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe")
    with pytest.raises(TaxonomyError, match="not a YAML text file"):
        Taxonomy.read(binary)
    with pytest.raises(InputError, match="no such file"):
        Taxonomy.read(tmp_path / "none.yaml")
    with pytest.raises(InputError, match="directory"):
        Taxonomy.read(tmp_path)


def test_from_dict_names_the_field() -> None:
    data = small()
    data["reasons"][1]["recyclable"] = True
    with pytest.raises(TaxonomyError, match=r"taxonomy, field reasons\[1\]\.recyclable: 'true'"):
        Taxonomy.from_dict(data)
    with pytest.raises(TaxonomyError, match="plain data"):
        Taxonomy.from_dict({"reasons": object()})


@settings(deadline=None)
@given(
    at=st.integers(0, len(SMALL) - 1),
    length=st.integers(0, 12),
    put=st.text(alphabet=":-[]{}#&*!|>'\"%@` \n\taz09\x00é", max_size=6),
)
def test_a_damaged_file_is_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, at: int, length: int, put: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.yaml"
    path.write_text(SMALL[:at] + put + SMALL[at + length :], encoding="utf-8")
    try:
        taxonomy = Taxonomy.read(path)
    except TaxonomyError as error:
        message = str(error)
    else:
        message = f"{path}: fine"
        assert Taxonomy.from_dict(taxonomy.to_dict()) == taxonomy
    assert message.startswith(str(path))
    assert "\n" not in message


# two versions


def version(*reasons: dict[str, Any]) -> Taxonomy:
    """Return a taxonomy with these reasons, each a code with what differs from the plain one."""
    return Taxonomy.from_dict(small(version="2", reasons=[_reason(**each) for each in reasons]))


def _reason(code: str, subs: str = "", **fields: Any) -> dict[str, Any]:
    plain = {
        "code": code,
        "name": code.title(),
        "definition": "A definition.",
        "group": "rest",
        "recyclable": "yes",
        "reengage": {"kind": "days", "days": 30},
        "administrative": False,
        "question": "Why?",
        "sub_reasons": [{"code": sub, "name": sub, "definition": sub} for sub in subs.split()],
    }
    return {**plain, **fields}


LAST = {"code": INSUFFICIENT}
OLD = version(
    {"code": "price", "subs": "amount terms"},
    {"code": "budget", "subs": "cut never"},
    {"code": "dark", "name": "Went dark"},
    LAST,
)


def changes(new: Taxonomy) -> set[tuple[str, tuple[str, ...], tuple[str, ...], bool]]:
    return {(each.kind, each.old, each.new, each.inferred) for each in diff(OLD, new).changes}


def mapping(new: Taxonomy) -> dict[str, tuple[str, ...]]:
    return {entry.value: entry.codes for entry in diff(OLD, new).crosswalk.entries}


def test_equal_taxonomies_have_no_change() -> None:
    assert diff(OLD, OLD).changes == ()
    assert mapping(OLD) == {code: (code,) for code in OLD.codes}
    assert diff(Taxonomy.default(), Taxonomy.default()).changes == ()


def test_stated_rename_split_and_merge_are_exact() -> None:
    new = version(
        {"code": "cost", "replaces": ["price", "budget"]},
        {"code": "terms", "replaces": ["price"]},
        {"code": "silence", "replaces": ["dark"]},
        LAST,
    )
    assert changes(new) == {
        ("split", ("price",), ("cost", "terms"), False),
        ("merged", ("price", "budget"), ("cost",), False),
        ("renamed", ("dark",), ("silence",), False),
    }
    assert mapping(new) == {
        "price": ("cost", "terms"),
        "budget": ("cost",),
        "dark": ("silence",),
        INSUFFICIENT: (INSUFFICIENT,),
    }


def test_a_code_that_stays_also_continues_what_it_replaces() -> None:
    new = version(
        {"code": "price", "subs": "amount terms", "replaces": ["budget"]},
        {"code": "dark", "name": "Went dark"},
        LAST,
    )
    assert changes(new) == {("merged", ("price", "budget"), ("price",), False)}


def test_a_replaced_code_must_be_in_the_old_version() -> None:
    new = version({"code": "cost", "replaces": ["prise"]}, LAST)
    with pytest.raises(
        TaxonomyError, match=r"reason cost, field replaces: no code 'prise'.*'price'"
    ):
        diff(OLD, new)


def test_without_a_statement_equal_names_are_followed() -> None:
    new = version(
        {"code": "price", "subs": "amount terms"},
        {"code": "budget", "subs": "cut never"},
        {"code": "silent", "name": "went-dark"},
        LAST,
    )
    assert changes(new) == {("renamed", ("dark",), ("silent",), True)}


def test_without_a_statement_sub_reasons_that_move_are_followed() -> None:
    new = version(
        {"code": "price", "subs": "amount cut never"},
        {"code": "contract", "subs": "terms"},
        {"code": "dark", "name": "Went dark"},
        LAST,
    )
    found = diff(OLD, new)
    assert {(each.kind, each.old, each.new) for each in found.inferred} == {
        ("split", ("price",), ("price", "contract")),
        ("merged", ("price", "budget"), ("price",)),
    }
    assert mapping(new)["budget"] == ("price",)


def test_retired_and_added_codes_meet_in_the_crosswalk() -> None:
    new = version(
        {"code": "price", "subs": "amount terms"},
        {"code": "budget", "subs": "cut never"},
        {"code": "partner"},
        LAST,
    )
    assert changes(new) == {
        ("retired", ("dark",), (), False),
        ("added", (), ("partner",), False),
    }
    entry = diff(OLD, new).crosswalk.lookup("dark")
    assert entry is not None
    assert (entry.codes, entry.kind, entry.inactive) == (("partner",), "catch_all", True)


def test_a_retired_code_with_no_new_one_leads_to_the_verdict() -> None:
    new = version({"code": "price", "subs": "amount terms"}, {"code": "budget"}, LAST)
    assert mapping(new)["dark"] == (INSUFFICIENT,)


def test_new_names_and_new_policy_of_a_code_are_told() -> None:
    new = version(
        {"code": "price", "subs": "amount terms", "name": "Pricing"},
        {"code": "budget", "subs": "cut frozen", "definition": "Another.", "group": "money"},
        {"code": "dark", "name": "Went dark"},
        LAST,
    )
    found = {each.kind: each for each in diff(OLD, new).changes}
    assert set(found) == {"renamed", "changed"}
    assert "'Price' is now 'Pricing'" in found["renamed"].why
    assert found["changed"].old == ("budget",)
    for what in ("definition", "group", "without sub-reason never", "with sub-reason frozen"):
        assert what in found["changed"].why


def test_the_crosswalk_of_a_diff_survives_its_file(tmp_path: Path) -> None:
    new = version({"code": "cost", "replaces": ["price", "budget"]}, {"code": "partner"}, LAST)
    crosswalk = diff(OLD, new).crosswalk
    crosswalk.write(tmp_path / "old-to-new.yaml")
    assert Crosswalk.read(tmp_path / "old-to-new.yaml", new) == crosswalk
