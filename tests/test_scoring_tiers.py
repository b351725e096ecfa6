"""The fast tier and the cascade: hashed features, the student, who answers which deal."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scoring_kit import bundle, write_parquet

from lossnlp import BundleError, Deal, InputError, Snippet, score
from lossnlp.model import features_of, read_bundle
from lossnlp.training import starter_deals, train
from lossnlp.training._distil import choose_margin
from lossnlp.training._recombine import recombined

N = 80


@pytest.fixture(scope="module")
def tiered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small bundle with a student."""
    path = tmp_path_factory.mktemp("tiers") / "bundle"
    groups = list(dict.fromkeys(d.group for d in starter_deals()))[:2]
    deals = [d for group in groups for d in [d for d in starter_deals() if d.group == group][:130]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lossnlp.training._student._EPOCHS", 8)
        patch.setattr("lossnlp.training._distil._MADE", 200)
        train(deals, name="tiered", student=True).write(path)
    return path


texts = st.text(st.sampled_from("ab Cé’9$?\n.,-ß漢🙂<&>\x00\x02"), max_size=30)
deals = st.builds(
    Deal,
    texts,
    st.lists(st.builds(Snippet, st.sampled_from(["buyer", "rep"]), texts), max_size=2).map(tuple),
)


def counts(found: object, row: int, family: str) -> Counter[int]:
    return Counter(
        int(h)
        for run in found.families[family]  # type: ignore[attr-defined]
        for h in run.hashes[run.deal == row]
    )


@settings(deadline=None)
@given(st.lists(deals, max_size=4))
def test_a_deal_has_the_same_features_in_any_company(batch: list[Deal]) -> None:
    together = features_of(batch)
    for row, deal in enumerate(batch):
        alone = features_of([deal])
        for family in alone.families:
            assert counts(together, row, family) == counts(alone, 0, family)


@settings(deadline=None)
@given(st.text(st.sampled_from("abc12 $,'"), max_size=40))
def test_features_are_words_and_their_runs(text: str) -> None:
    """For plain text the features can be counted by hand."""
    words = re.findall(r"[a-z0-9']+|[$]", text)
    words = [re.sub(r"\d", "0", word) for word in words]
    expected = Counter(
        tuple(words[i : i + n]) for n in (1, 2, 3) for i in range(len(words) - n + 1)
    )
    parts = Counter(
        f" {word} "[i : i + n]
        for word in words
        for n in (3, 4, 5)
        for i in range(len(word) + 3 - n)
    )
    found = features_of([Deal(text)])
    assert sorted(counts(found, 0, "word").values()) == sorted(expected.values())
    assert sorted(counts(found, 0, "part").values()) == sorted(parts.values())


def test_markup_is_no_word() -> None:
    plain, marked = (
        features_of([Deal("too dear & late")]),
        features_of([Deal("<p>too <b>dear</b> &amp; late</p>")]),
    )
    assert counts(plain, 0, "word") == counts(marked, 0, "word")


def test_who_speaks_makes_a_difference() -> None:
    by_buyer = features_of([Deal("", (Snippet("buyer", "too expensive"),))])
    by_rep = features_of([Deal("", (Snippet("rep", "too expensive"),))])
    assert counts(by_buyer, 0, "word") == counts(by_rep, 0, "word")
    assert counts(by_buyer, 0, "buyer").total() == 3
    assert counts(by_rep, 0, "buyer").total() == 0


def test_fast_fills_what_it_knows(tiered: Path, tmp_path: Path) -> None:
    source = write_parquet(tmp_path / "in.parquet", N)
    summary = score(source, tmp_path / "fast.parquet", model=tiered, tier="fast")
    assert summary.model.endswith("/fast")
    rows = pq.read_table(tmp_path / "fast.parquet").to_pylist()
    for row in rows:
        assert row["reason"] in row["prediction_set"].split(";")
        assert row["prediction_set"].startswith(row["reason"])
        assert row["probability"] >= row["probability_2"] >= row["probability_3"]
        assert row["model"] == summary.model
        assert row["evidence"] is row["competitors"] is row["revisit_date"] is None


def test_the_student_learnt_from_the_model(tiered: Path, tmp_path: Path) -> None:
    source = write_parquet(tmp_path / "in.parquet", N)
    for tier in ("exact", "fast"):
        score(source, tmp_path / f"{tier}.parquet", model=tiered, tier=tier)
    exact, fast = (pq.read_table(tmp_path / f"{t}.parquet")["reason"] for t in ("exact", "fast"))
    agreed = np.mean([a == b for a, b in zip(exact.to_pylist(), fast.to_pylist(), strict=True)])
    assert agreed > 0.6  # 16 codes; by chance about 0.1


def test_auto_asks_the_model_where_the_student_is_unsure(tiered: Path, tmp_path: Path) -> None:
    source, margin = write_parquet(tmp_path / "in.parquet", N), 0.3
    model = with_margin(tiered, margin, tmp_path / "model")
    rows = {}
    for tier in ("exact", "fast", "auto"):
        score(source, tmp_path / f"{tier}.parquet", model=model, tier=tier)
        rows[tier] = pq.read_table(tmp_path / f"{tier}.parquet").to_pylist()
    asked = 0
    for exact, fast, auto in zip(rows["exact"], rows["fast"], rows["auto"], strict=True):
        unsure = fast["probability"] - fast["probability_2"] < margin
        asked += unsure
        want = exact if unsure else fast
        assert {k: v for k, v in auto.items() if not isinstance(v, float)} == {
            k: v for k, v in want.items() if not isinstance(v, float)
        }
        assert auto["probability"] == pytest.approx(want["probability"], abs=1e-6)
    assert 0 < asked < N


def with_margin(bundle: Path, margin: float, copy: Path) -> Path:
    """Copy a bundle and let its student be unsure below a lead."""
    shutil.copytree(bundle, copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["fast"]["margin"] = margin
    (copy / "manifest.json").write_text(json.dumps(manifest))
    return copy


def test_a_bundle_without_a_student(tmp_path: Path) -> None:
    source = write_parquet(tmp_path / "in.parquet", 3)
    with pytest.raises(InputError, match="has no fast tier; use --tier exact"):
        score(source, tmp_path / "out.parquet", model=bundle(), tier="fast")


def test_a_changed_student_is_refused(tiered: Path, tmp_path: Path) -> None:
    shutil.copytree(tiered, tmp_path / "changed")
    file = tmp_path / "changed" / "fast.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"\x7f")
    source = write_parquet(tmp_path / "in.parquet", 3)
    with pytest.raises(BundleError, match=r"fast\.safetensors was changed"):
        score(source, tmp_path / "out.parquet", model=tmp_path / "changed", tier="fast")


def test_the_card_tells_the_tiers(tiered: Path) -> None:
    card = (tiered / "README.md").read_text()
    manifest = read_bundle(tiered).manifest
    measured, rates = manifest["fast"]["measured"], manifest["rates"]
    for tier in ("exact", "fast", "auto"):
        assert f"| `{tier}` | {measured['accuracy'][tier]:.3f} |" in card
        assert f"| {rates[tier]:,.0f} |" in card
    for point in measured["curve"]:
        assert f"| {point['margin']:.1f} | {point['handed_over']:.3f} |" in card
    assert rates["fast"] >= rates["auto"] > 0
    assert measured["accuracy"]["auto"] >= measured["accuracy"]["exact"] - 0.005


def test_notes_without_a_word(tiered: Path, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"note": ""}\n{"note": "…"}\n')
    for tier in ("fast", "auto"):
        score(tmp_path / "in.jsonl", tmp_path / "out.jsonl", model=tiered, tier=tier)
        rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
        assert [row["reason"] for row in rows] == ["insufficient_detail"] * 2
        assert all(row["needs_detail"] for row in rows)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_margin_keeps_what_it_promises(seed: int) -> None:
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, 4, 300)
    exact = np.eye(4)[np.where(draw.random(300) < 0.8, truth, draw.integers(0, 4, 300))]
    fast = draw.dirichlet([0.5] * 4, 300)
    fast[np.arange(300), truth] += draw.random()
    fast /= fast.sum(axis=1, keepdims=True)
    margin, measured = choose_margin(exact, fast, truth)
    assert 0.0 <= margin <= 1.0
    accuracy = measured["accuracy"]
    assert accuracy["auto"] >= accuracy["exact"] - 0.005 - 1e-4
    smaller = margin - 0.005
    if smaller >= 0:
        lead = np.diff(np.sort(fast, axis=1)[:, -2:], axis=1)[:, 0]
        cascade = np.where(lead < smaller, exact.argmax(axis=1), fast.argmax(axis=1))
        assert (cascade == truth).mean() < (exact.argmax(axis=1) == truth).mean() - 0.005 + 1e-9


def test_recombined_deals_come_again(tmp_path: Path) -> None:
    given_deals = [d.deal for d in starter_deals()[:50]]
    made = list(recombined(given_deals, 40, seed=3))
    assert made == list(recombined(given_deals, 60, seed=3))[:40]
    assert len({deal.note for deal in made}) > 35
