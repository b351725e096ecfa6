"""Training: honest measuring, a user's own codes, deals that cannot be learnt from."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from model_kit import ROOT, few_deals, small, small_model

from lossnlp import Deal, InputError, Taxonomy, load
from lossnlp.taxonomy import Crosswalk
from lossnlp.training import (
    LabelledDeal,
    evaluate,
    metrics_table,
    read_labelled,
    starter_deals,
    train,
)

CODES = """\
schema: 1
name: ours
version: "2"
groups: {lost: Lost, none: Not said}
reasons:
  - {code: rival, name: Took a rival, definition: They bought elsewhere., group: lost,
     recyclable: "yes", reengage: {kind: days, days: 90}, administrative: false,
     question: Who won?}
  - {code: money, name: Money, definition: Too dear or no money., group: lost,
     recyclable: "yes", reengage: {kind: days, days: 90}, administrative: false,
     question: Whose money?}
  - {code: insufficient_detail, name: Says nothing, definition: No reason., group: none,
     recyclable: on_condition, reengage: {kind: days, days: 90}, administrative: false,
     question: What happened?}
"""


def test_starter_corpus_is_whole():
    deals = starter_deals()
    files = {d.group for d in deals}
    assert len(deals) > 5000
    assert not files & {"t7", "t8"}, "the examples' source must never be trained on"
    codes = set(Taxonomy.default().codes)
    subs = set(Taxonomy.default().sub_reasons)
    for d in deals:
        assert d.primary in codes
        assert (d.primary, d.sub_reason) in subs
        assert (d.evidence_span() is None) == (d.primary == "insufficient_detail")


def test_contrast_pairs_are_pairs_and_not_in_the_corpus():
    pairs = read_labelled([ROOT / "tests/data/contrast_pairs.jsonl"]).deals
    known = {d.deal.note for d in starter_deals()}
    assert len(pairs) == 120
    for first, second in zip(pairs[::2], pairs[1::2], strict=True):
        assert first.primary != second.primary
        assert first.deal.id[:-1] == second.deal.id[:-1]
        text = first.deal.note + "".join(s.text for s in first.deal.snippets)
        assert len(text.split()) < 4 or text not in known


def test_plain_notes_are_not_in_the_corpus():
    plain = read_labelled([ROOT / "tests/data/plain_notes.jsonl"]).deals
    known = {d.deal.note for d in starter_deals()}
    assert len({d.deal.note for d in plain} - known) == 76
    assert {d.primary for d in plain} <= set(Taxonomy.default().codes)


def test_metrics_are_measured_on_held_out_groups():
    found = small().metrics
    assert found["n"] == len(few_deals())
    overall = found["overall"]
    assert 0.3 < overall["accuracy"]["value"] < 0.9, "a small corpus, read by who never saw it"
    assert set(found["groups"]) == {"t1", "t9", "t15"}
    per_group = [entry["accuracy"] for entry in found["groups"].values()]
    assert overall["accuracy"]["low"] == min(per_group)
    assert overall["accuracy"]["high"] == max(per_group)
    assert overall["accuracy"]["sd"] == pytest.approx(np.std(per_group, ddof=1), abs=1e-4)
    assert overall["set_coverage"]["value"] == pytest.approx(0.9, abs=0.05)
    assert overall["top3_accuracy"]["value"] > overall["accuracy"]["value"]
    assert overall["sub_reason_accuracy"]["value"] <= overall["accuracy"]["value"]
    assert sum(entry["n"] for entry in found["codes"].values()) == found["n"]


def test_a_model_knows_what_it_was_trained_on():
    found = evaluate(small_model(), few_deals())["overall"]
    assert found["accuracy"]["value"] > small().metrics["overall"]["accuracy"]["value"] + 0.2
    assert found["evidence_overlap"]["value"] > 0.8


def test_training_twice_gives_the_same(tmp_path):
    few = few_deals()[100:220]
    first, second = train(few), train(few)
    first.write(tmp_path / "a")
    second.write(tmp_path / "b")
    assert load(tmp_path / "a").id == load(tmp_path / "b").id


def test_random_labels_measure_as_random():
    """Nothing of the held-out group leaks into what reads it."""
    chance = np.random.default_rng(0)
    codes = ["price", "budget", "timing", "authority"]
    shuffled = [
        LabelledDeal(d.deal, str(chance.choice(codes)), group=d.group) for d in few_deals()[::2]
    ]
    found = train(shuffled).metrics["overall"]
    assert found["accuracy"]["value"] < 0.35
    assert found["set_coverage"]["value"] == pytest.approx(0.9, abs=0.08)


def test_own_codes_from_own_labels(tmp_path):
    file = tmp_path / "codes.yaml"
    file.write_text(CODES, encoding="utf-8")
    ours = Taxonomy.read(file)
    rows = [
        {"note": d.deal.note, "label": {"competitor": "Took a rival"}.get(d.primary, "money")}
        for d in starter_deals()
        if d.primary in ("competitor", "price", "budget") and d.deal.note and not d.deal.snippets
    ][:300]
    data = tmp_path / "ours.jsonl"
    data.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    found = read_labelled([data], taxonomy=ours)
    trained = train(found.deals, taxonomy=ours, name="ours")
    trained.write(tmp_path / "bundle")
    model = load(tmp_path / "bundle")
    assert model.taxonomy.codes == ("rival", "money", "insufficient_detail")
    assert trained.metrics["overall"]["accuracy"]["value"] > 0.8
    read = model.suggest("they signed with Workday")
    assert read.reasons[0].code == "rival"
    assert read.reasons[0].sub_reason is None
    assert read.reasons[0].evidence.text == "they signed with Workday"


def test_labels_through_a_crosswalk(tmp_path):
    walk = tmp_path / "walk.yaml"
    walk.write_text(
        "schema: 1\ntaxonomy: lossnlp 1.0\nvalues:\n"
        "  - {value: Price, codes: [price]}\n"
        "  - {value: No Decision, codes: [no_decision, authority]}\n"
        "  - {value: Dup, codes: [invalid_record], kind: administrative}\n",
        encoding="utf-8",
    )
    data = tmp_path / "x.csv"
    data.write_text(
        "Note,Loss Reason\ntoo dear,price \nstalled,No Decision\nmerged,Dup\nnothing,\n",
        encoding="utf-8",
    )
    crosswalk = Crosswalk.read(walk, Taxonomy.default())
    found = read_labelled([data], crosswalk=crosswalk)
    assert [d.primary for d in found.deals] == ["price"]
    assert any("left out 2 deals" in line for line in found.remarks)
    assert any("left out 1 deals: no label" in line for line in found.remarks)
    data.write_text("Note,Loss Reason\ntoo dear,Prize\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"'Prize'.*--crosswalk"):
        read_labelled([data], crosswalk=crosswalk)


def test_unknown_labels_are_named(tmp_path):
    data = tmp_path / "x.csv"
    data.write_text("Note,Loss Reason\na,Prize\nb,Prize\nc,price\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"x\.csv: no code for the labels 'Prize'"):
        read_labelled([data])
    data.write_text("Note,Amount\na,1\n", encoding="utf-8")
    with pytest.raises(InputError, match="--label"):
        read_labelled([data])


def test_a_damaged_annotation_names_row_and_column(tmp_path):
    data = tmp_path / "x.jsonl"
    rows = [
        {"note": "a", "primary": "price", "secondary": []},
        {"note": "b", "primary": "price", "secondary": "budget, timing"},
    ]
    data.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    with pytest.raises(InputError, match=r"x\.jsonl, row 2, column secondary"):
        read_labelled([data])


@pytest.mark.parametrize(
    ("deals", "message"),
    [
        ([], "no labelled deals"),
        ([LabelledDeal(Deal("x"), "prize", group="a")] * 40, "'prize' is no code"),
        ([LabelledDeal(Deal("x"), "price", group="a")] * 40, "1 different"),
        (list(few_deals()[:20]), "at least 30"),
        ([replace(d, group="a") for d in few_deals()], "one group"),
    ],
)
def test_what_cannot_be_learnt_from_is_one_error(deals, message):
    with pytest.raises(InputError, match=message):
        train(deals)


def test_evaluate_refuses_foreign_codes():
    with pytest.raises(InputError, match="no code of taxonomy"):
        evaluate(small_model(), [LabelledDeal(Deal("x"), "prize")])


def test_the_table_shows_every_metric():
    table = metrics_table(small().metrics)
    assert f"{small().metrics['overall']['accuracy']['value']:.3f}" in table
    assert len(table.splitlines()) == 2 + len(small().metrics["overall"])
