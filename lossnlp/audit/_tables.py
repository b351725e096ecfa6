"""The tables that an audit writes: every deal, the findings, and what to review."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lossnlp.audit._findings import Case, kind_of, question, sentence
from lossnlp.audit._labels import Labels
from lossnlp.audit._read import Reading
from lossnlp.taxonomy import Taxonomy

if TYPE_CHECKING:
    from lossnlp.deals import Deal
    from lossnlp.model import LossModel

#: Columns of findings.csv, in order.
FINDING_COLUMNS = (
    "id",
    "label",
    "kind",
    "certainty",
    "reason",
    "sub_reason",
    "probability",
    "second_reason",
    "second_probability",
    "evidence",
    "evidence_source",
    "start",
    "end",
    "suggested_value",
    "finding",
    "ask",
    "owner",
    "account",
    "stage",
    "segment",
    "close_date",
    "amount",
    "row",
)
SAMPLE_COLUMNS = (
    "id",
    "stratum",
    "draw_probability",
    "note",
    "snippets",
    "reason",
    "reviewer",
    "decided_at",
)
_FACTS = ("label", "stage", "owner", "account", "segment", "industry")
_DIGITS = 6


def deals_table(
    deals: Sequence[Deal],
    reading: Reading,
    labels: Labels,
    cases: Mapping[int, Case],
    taxonomy: Taxonomy,
    *,
    redact: bool,
) -> pd.DataFrame:
    """Return one row a deal: its facts, its scores, and the verdict on its label.

    A deal without a readable label has no certainty, kind or finding.
    """
    masked = _masker(redact)
    facts: dict[str, list[Any]] = {
        "id": [deal.id for deal in deals],
        "note": [masked(deal.note) for deal in deals],
        "snippets": [_snippets(deal, masked) for deal in deals],
        "close_date": [str(deal.close_date or "") for deal in deals],
        "amount": [np.nan if deal.amount is None else float(deal.amount) for deal in deals],
    }
    facts |= {name: [getattr(deal, name) or "" for deal in deals] for name in _FACTS}
    table = pd.DataFrame(facts)
    scores = reading.scores()
    scores["probability"] = scores["probability"].round(_DIGITS)
    table = pd.concat([table, scores.drop(columns=[c for c in table if c in scores])], axis=1)
    table["evidence"] = [masked(text) for text in table["evidence"]]
    kinds = {row: kind_of(case, taxonomy) for row, case in cases.items()}
    rows = range(len(deals))
    table["certainty"] = [
        round(cases[row].certainty, _DIGITS) if row in cases else np.nan for row in rows
    ]
    table["kind"] = [kinds.get(row) or "" for row in rows]
    table["suggested_reason"] = [cases[row].reason if row in cases else "" for row in rows]
    table["suggested_value"] = [
        _value(cases[row], labels) if row in cases and cases[row].flagged else "" for row in rows
    ]
    table["finding"] = [
        masked(sentence(cases[row], kind, taxonomy)) if (kind := kinds.get(row)) else ""
        for row in rows
    ]
    return table


def findings_table(
    table: pd.DataFrame,
    cases: Mapping[int, Case],
    labels: Labels,
    taxonomy: Taxonomy,
    *,
    order: str,
    redact: bool,
) -> pd.DataFrame:
    """Return the findings, one row each, in the order asked for."""
    masked = _masker(redact)
    rows = []
    for row in np.flatnonzero(table["kind"] != ""):
        case, shown = cases[int(row)], table.iloc[int(row)]
        early = case.read.signals.closed_early if shown["kind"] == "closed_early" else None
        evidence = early or (None if shown["kind"] == "unsupported" else case.evidence)
        rows.append(
            {
                **{name: shown[name] for name in FINDING_COLUMNS if name in shown},
                "reason": case.reason,
                "sub_reason": case.sub_reason,
                "probability": round(case.probability, _DIGITS),
                "second_reason": case.second,
                "second_probability": round(case.second_probability, _DIGITS),
                "evidence": masked(evidence.text) if evidence else "",
                "evidence_source": evidence.source if evidence else "",
                "start": evidence.start if evidence else None,
                "end": evidence.end if evidence else None,
                "ask": question(case, taxonomy) if shown["kind"] == "unsupported" else "",
                "row": int(row),
            }
        )
    findings = pd.DataFrame(rows, columns=list(FINDING_COLUMNS))
    findings = findings.astype({"start": "Int64", "end": "Int64"})
    return _ordered(findings, order)


def sample_table(
    planned: pd.DataFrame, labelled: pd.DataFrame, decided: pd.DataFrame | None
) -> pd.DataFrame:
    """Return the plan with the texts to read; strata are numbered so as not to sway the reader."""
    table = planned.copy()
    for name in ("note", "snippets"):
        table[name] = labelled[name].to_numpy()[planned["row"]]
    for name in ("reason", "reviewer", "decided_at"):
        known = (
            {}
            if decided is None or name not in decided
            else dict(zip(decided["id"], decided[name], strict=True))
        )
        table[name] = [known.get(key, "") for key in table["id"]]
    return table[list(SAMPLE_COLUMNS)]


def reengage_table(
    deals: Sequence[Deal], reading: Reading, model: LossModel, *, redact: bool
) -> pd.DataFrame:
    """Return whom to call back, when and with which words, earliest first."""
    from lossnlp.text import ReengagementRow, reengagement_rows

    firsts = [said.reasons[0] for said in reading.suggestions]
    rows = reengagement_rows(
        zip(
            deals,
            [model.taxonomy.reason(first.code) for first in firsts],
            [said.signals for said in reading.suggestions],
            [first.evidence.text if first.evidence else "" for first in firsts],
            strict=True,
        ),
        model.reader.fiscal_year_start,
    )
    table = pd.DataFrame(rows, columns=list(ReengagementRow._fields))
    masked = _masker(redact)
    for name in ("opening_line", "why"):
        table[name] = table[name].map(masked)
    return table


def _value(case: Case, labels: Labels) -> str:
    return labels.crosswalk.value_for(case.reason) or ""


def _ordered(findings: pd.DataFrame, order: str) -> pd.DataFrame:
    """Order findings; a deal whose amount is not known counts as one of middling worth."""
    amount = findings["amount"].astype(float)
    worth = amount.fillna(amount.median() if amount.notna().any() else 1.0)
    keys = {
        "impact": -(findings["certainty"] * worth),
        "certainty": -findings["certainty"],
        "amount": -worth,
        "id": findings["id"],
    }
    by = pd.DataFrame({"key": keys[order], "row": findings["row"]}).sort_values(["key", "row"])
    return findings.loc[by.index].reset_index(drop=True)


def _masker(redact: bool) -> Callable[[str], str]:
    if not redact:
        return str
    from lossnlp.text import redact as redacted

    return lambda text: redacted(text).text


def _snippets(deal: Deal, masked: Callable[[str], str]) -> str:
    if not deal.snippets:
        return ""
    spoken = [{"speaker": s.speaker, "text": masked(s.text)} for s in deal.snippets]
    return json.dumps(spoken, ensure_ascii=False)
