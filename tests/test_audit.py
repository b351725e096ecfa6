"""The audit end to end on the example exports, with the shipped bundle."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score
from typer.testing import CliRunner

from lossnlp import InputError, audit
from lossnlp.audit import AuditResult
from lossnlp.audit._sampling import design
from lossnlp.audit._statistics import Sample, reviewed_share
from lossnlp.cli._audit import app
from lossnlp.deals import open_export
from lossnlp.taxonomy import Crosswalk

EXAMPLES = "examples/closed_lost_fy26_"
FILES = (
    "findings.csv",
    "deals.parquet",
    "summary.json",
    "sample.csv",
    "reengage.csv",
    "changes.csv",
    "undo.csv",
    "report.html",
)


@pytest.fixture(scope="module")
def gold():
    text = Path(f"{EXAMPLES}gold.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def audited(model, crosswalk):
    def run(name):
        export = open_export(f"{EXAMPLES}{name}.csv")
        return audit(export.deals, model, crosswalk=crosswalk, names=export.columns)

    return {name: run(name) for name in ("salesforce", "hubspot")}


@pytest.fixture(scope="module")
def result(audited):
    return audited["salesforce"]


@pytest.fixture(scope="module")
def wrong(gold, crosswalk):
    return {g["opportunity_id"]: not crosswalk.supports(g["label"], g["primary"]) for g in gold}


def small(**columns):
    notes = ["went with Workday, half the price", "budget frozen until next year"] * 10
    return pd.DataFrame(
        {
            "id": [f"d{k}" for k in range(20)],
            "note": notes,
            "label": ["Price", "No Budget"] * 10,
            **columns,
        }
    )


def test_both_exports_give_the_same_findings(audited, gold):
    ids = {g["record_id"]: g["opportunity_id"] for g in gold}
    one, other = (audited[name].findings for name in ("salesforce", "hubspot"))
    other = other.assign(id=other["id"].map(ids))
    columns = ["id", "label", "kind", "certainty", "reason", "suggested_value", "finding"]
    assert one[columns].equals(other[columns])
    ours, theirs = (audited[name].summary for name in ("salesforce", "hubspot"))
    assert ours["label_accuracy"] == theirs["label_accuracy"]
    assert ours["reason_mix"] == theirs["reason_mix"]


def test_certainty_ranks_and_counts_the_wrong_labels(result, wrong):
    truth = np.array([wrong[key] for key in result.deals["id"]])
    certainty = result.deals["certainty"]
    assert certainty.notna().all()
    assert average_precision_score(truth, certainty) > 0.8
    assert certainty.mean() == pytest.approx(truth.mean(), abs=0.06)


def test_findings_are_mostly_right(result, wrong):
    flagged = result.findings[result.findings["kind"] != "closed_early"]
    hits = flagged["id"].map(wrong)
    assert hits.mean() > 0.8
    assert hits.sum() / sum(wrong.values()) > 0.5


def test_the_accuracy_interval_holds_the_truth(result, wrong, gold):
    counted = [g["opportunity_id"] for g in gold if g["label"] != "Duplicate / Bad Data"]
    accuracy = 1 - np.mean([wrong[key] for key in counted])
    estimate = result.summary["label_accuracy"]
    assert estimate["low"] <= accuracy <= estimate["high"]
    assert estimate["method"] == "model"
    assert estimate["deals"] == len(counted)


def test_evidence_offsets_point_into_the_text_as_given(result):
    deals = result.deals.set_index("id")
    quoted = result.findings[result.findings["evidence"] != ""]
    assert len(quoted) > 50
    for finding in quoted.itertuples():
        deal = deals.loc[finding.id]
        text = deal["note"]
        if finding.evidence_source != "note":
            text = json.loads(deal["snippets"])[int(finding.evidence_source[8:])]["text"]
        assert text[finding.start : finding.end] == finding.evidence


def test_every_finding_has_one_kind_and_a_sentence(result):
    kinds = result.summary["findings_by_kind"]
    assert sum(kinds.values()) == len(result.findings) == result.summary["findings"]
    assert result.findings["id"].is_unique
    said = zip(result.findings["finding"], result.findings["label"], strict=True)
    assert all(sentence.startswith(f"labelled {label}") for sentence, label in said)
    assert not result.findings["finding"].str.contains("\n").any()


def test_administrative_labels_stay_out_of_accuracy(result):
    summary = result.summary
    assert summary["administrative"] == 23
    assert summary["counted"] == summary["n"] - 23
    assert summary["by_label"]["Duplicate / Bad Data"]["method"] == "too few"


def test_the_mix_adds_up(result):
    mix = result.summary["reason_mix"]
    assert sum(mix["as_entered"].values()) == pytest.approx(1, abs=0.002)
    assert sum(e["estimate"] for e in mix["restated"].values()) == pytest.approx(1, abs=0.002)
    assert sum(r["as_entered"] for r in mix["by_value"]) == pytest.approx(1, abs=0.002)


def test_everything_is_written_the_same_twice(result, model, crosswalk, tmp_path):
    export = open_export(f"{EXAMPLES}salesforce.csv")
    again = audit(export.deals, model, crosswalk=crosswalk, names=export.columns)
    result.write(tmp_path / "one")
    again.write(tmp_path / "two")
    for name in FILES:
        one, two = (tmp_path / folder / name for folder in ("one", "two"))
        assert one.read_bytes() == two.read_bytes(), name
    assert sorted(p.name for p in (tmp_path / "one").iterdir()) == sorted(FILES)


def test_changes_and_undo_mirror_each_other(result, tmp_path):
    result.write(tmp_path)
    new, old = (pd.read_csv(tmp_path / f"{name}.csv", dtype=str) for name in ("changes", "undo"))
    assert list(new.columns) == ["Opportunity ID", "Closed Lost Reason"] == list(old.columns)
    assert (new["Opportunity ID"] == old["Opportunity ID"]).all()
    assert (new["Opportunity ID"].str.len() == 18).all()
    assert (new["Closed Lost Reason"] != old["Closed Lost Reason"]).all()
    entered = result.deals.set_index("id")["label"]
    assert (entered[old["Opportunity ID"]].to_numpy() == old["Closed Lost Reason"]).all()
    assert set(new["Closed Lost Reason"]) <= set(entered)


@pytest.mark.parametrize("reviews", [60, 100, 200])
def test_the_interval_holds_the_truth_whichever_deals_are_drawn(result, crosswalk, gold, reviews):
    truth = {g["opportunity_id"]: g["primary"] for g in gold}
    deals = result.deals[result.deals["label"] != "Duplicate / Bad Data"]
    labels, wrong = deals["label"].to_numpy(object), deals["certainty"].to_numpy(float)
    reasons = deals["id"].map(truth)
    right = np.array(list(map(crosswalk.supports, labels, reasons)), dtype=float)
    planned, chance, held = design(wrong, labels, reviews), np.random.default_rng(0), 0
    for _ in range(200):
        rows = planned.draw(chance.permutation(len(deals)))
        sample = Sample(rows, planned.stratum[rows], planned.size)
        found = reviewed_share(right[rows], 1 - wrong, sample)
        held += found.low <= right.mean() <= found.high
    assert held >= 0.9 * 200, "the interval is one of 95 %"


def test_decisions_narrow_the_interval_and_overrule(result, model, crosswalk, gold, tmp_path):
    truth = {g["opportunity_id"]: g["primary"] for g in gold}
    sample = result.sample.assign(reason=result.sample["id"].map(truth), reviewer="ann")
    sample.to_csv(tmp_path / "decided.csv", index=False)
    export = open_export(f"{EXAMPLES}salesforce.csv")
    reviewed = audit(export.deals, model, crosswalk=crosswalk, decisions=tmp_path / "decided.csv")
    before, after = result.summary["label_accuracy"], reviewed.summary["label_accuracy"]
    assert after["method"] == "prediction-powered"
    assert after["high"] - after["low"] < before["high"] - before["low"]
    right = [crosswalk.supports(g["label"], g["primary"]) for g in gold if
             g["label"] != "Duplicate / Bad Data"]  # fmt: skip
    # One interval in twenty may miss the truth (the test above); by its own width, hardly one.
    assert abs(after["estimate"] - np.mean(right)) < after["high"] - after["low"]
    assert_reasons_are_measured_where_reviewed(reviewed.summary["by_reason"], sample, gold)
    decided = reviewed.deals[reviewed.deals["id"].isin(sample["id"])]
    assert set(decided["certainty"]) <= {0.0, 1.0}
    assert (decided["suggested_reason"] == decided["id"].map(truth)).all()


def assert_reasons_are_measured_where_reviewed(by_reason, sample, gold):
    administrative = {g["opportunity_id"] for g in gold if g["label"] == "Duplicate / Bad Data"}
    counted = sample[~sample["id"].isin(administrative)]["reason"].value_counts()
    assert counted.max() >= 10
    for code, estimate in by_reason.items():
        if counted.get(code, 0) >= 10:
            assert (estimate["method"], estimate["reviewed"]) == ("wilson", counted[code])
            assert estimate["low"] <= estimate["estimate"] <= estimate["high"]
        else:
            assert estimate["method"] in ("model", "too few")


def test_a_plan_saved_earlier_carries_the_draws(result, model, crosswalk, gold, tmp_path):
    truth = {g["opportunity_id"]: g["primary"] for g in gold}
    result.write(tmp_path)
    ids = result.sample["id"]
    lines = pd.DataFrame({"id": ids, "reason": ids.map(truth)}).iloc[:60]
    extra = pd.DataFrame({"id": ["nobody"], "reason": ["price"]})
    pd.concat([lines, extra]).to_csv(tmp_path / "decisions.csv", index=False)
    export = open_export(f"{EXAMPLES}salesforce.csv")
    reviewed = audit(
        export.deals, model, crosswalk=crosswalk, sample=30,
        decisions=tmp_path / "decisions.csv", drawn=tmp_path / "sample.csv",
    )  # fmt: skip
    assert reviewed.summary["decisions"] == {"decided": 60, "of_the_sample": 60, "unknown": 1}
    assert reviewed.summary["label_accuracy"]["method"] == "prediction-powered"


def test_bad_decisions_are_named_by_line(model, crosswalk, tmp_path):
    path = tmp_path / "decisions.csv"
    path.write_text("id,reason\nd0,price\nd1,pricey\n")
    with pytest.raises(InputError, match=r"line 3: reason 'pricey' is no code"):
        audit(small(), model, crosswalk=crosswalk, decisions=path)
    path.write_text("id,verdict\nd0,price\n")
    with pytest.raises(InputError, match="no column 'reason'"):
        audit(small(), model, crosswalk=crosswalk, decisions=path)


def test_a_lost_label_column_and_unknown_labels_are_told(model, crosswalk):
    with pytest.raises(InputError, match="--label"):
        audit(small().drop(columns="label"), model)
    with pytest.raises(InputError, match="no deal has a label"):
        audit(small(label=[None] * 20), model)
    with pytest.raises(InputError, match=r"does not know 'Moon phase' \(20\)"):
        audit(small(label=["Moon phase"] * 20), model, crosswalk=crosswalk)
    with pytest.raises(InputError, match="choose from"):
        audit(small(), model, crosswalk=crosswalk, by=["moon"])


def test_deals_without_a_label_are_kept_but_not_judged(model, crosswalk):
    result = audit(small(label=["Price", None] * 10), model, crosswalk=crosswalk)
    assert result.summary["unlabelled"] == 10
    assert result.deals["certainty"].isna().sum() == 10
    assert len(result.deals) == 20


def test_few_deals_say_too_few(model, crosswalk):
    result = audit(small().head(4), model, crosswalk=crosswalk)
    assert result.summary["label_accuracy"]["method"] == "too few"
    assert "Too few deals" in result.headline[0]
    assert isinstance(result, AuditResult)


def test_a_hostile_note_stays_text(model, crosswalk, tmp_path):
    bait = "<script>alert(1)</script> went with Workday & 'half' the price {{ 7*7 }}"
    frame = small(note=[bait] * 20, label=["<b>Timing</b>"] * 20, owner=["<i>x</i>"] * 20)
    values = [
        *crosswalk.entries,
        type(crosswalk.entries[0])("<b>Timing</b>", ("timing",)),
    ]
    result = audit(frame, model, crosswalk=Crosswalk(model.taxonomy, tuple(values)))
    result.to_html(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<b>Timing" not in page
    assert "<i>x" not in page
    assert "{{ 7*7 }}" in page


def test_quarters_and_a_baseline_are_compared(result, model, crosswalk, tmp_path):
    quarters = result.summary["trend"]["quarters"]
    assert [q["quarter"] for q in quarters] == ["2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3"]
    result.write(tmp_path)
    export = open_export(f"{EXAMPLES}salesforce.csv")
    again = audit(export.deals, model, crosswalk=crosswalk, baseline=tmp_path)
    assert not any(row["changed"] for row in again.summary["baseline"].values())
    with pytest.raises(InputError, match="give the --out of an audit"):
        audit(small(), model, crosswalk=crosswalk, baseline=tmp_path / "none")


def test_the_command_writes_the_folder_and_its_headline(tmp_path):
    out = tmp_path / "audit"
    run = CliRunner().invoke(app, [f"{EXAMPLES}hubspot.csv", "--out", str(out), "--sample", "30"])
    assert run.exit_code == 0, run.output
    assert "no crosswalk given; proposed" in run.output
    assert "of labels are right" in run.output
    assert run.output.rstrip().endswith("report.html")
    assert {p.name for p in out.iterdir()} == {*FILES, "crosswalk.yaml"}
    assert len(pd.read_csv(out / "sample.csv")) == 30
    edited = (out / "crosswalk.yaml").read_text() + "# mine\n"
    (out / "crosswalk.yaml").write_text(edited)
    again = CliRunner().invoke(app, [f"{EXAMPLES}hubspot.csv", "--out", str(out)])
    assert again.exit_code == 0, again.output
    assert (out / "crosswalk.yaml").read_text() == edited


def test_an_output_that_is_a_file_is_refused_whole(result, tmp_path):
    place = tmp_path / "taken"
    place.write_text("mine")
    with pytest.raises(InputError, match="cannot be written"):
        result.write(place)
    assert place.read_text() == "mine"


def test_redaction_reaches_every_file(model, crosswalk, tmp_path):
    note = "Call jane.roe@example.com or +1 415 555 0199; they went with Workday, half the price"
    frame = small(note=[note] * 20, label=["Timing"] * 20)
    audit(frame, model, crosswalk=crosswalk, redact=True).write(tmp_path)
    for name in FILES:
        assert b"jane.roe" not in (tmp_path / name).read_bytes(), name
