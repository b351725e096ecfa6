"""The report: one HTML file, no network, readable in two minutes or in twenty."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from lossnlp.audit._charts import Bar, mix_chart, share_chart, trend_chart
from lossnlp.audit._findings import MEANINGS
from lossnlp.taxonomy import Taxonomy

_TOP = 20
_NEXT = 10
_AROUND = 180
_MOST_BARS = 16
_WHOLE = 420
_SEE_TABLE = "The table below holds the numbers."


def render(
    summary: dict[str, Any],
    findings: pd.DataFrame,
    deals: pd.DataFrame,
    reengage: pd.DataFrame,
    taxonomy: Taxonomy,
) -> str:
    """Return the report as HTML; every text that comes from the deals is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("lossnlp.audit"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {
        "percent": percent,
        "span": span,
        "money": money,
        "method": method,
        "leaves": leaves,
    }
    css, _, _ = environment.loader.get_source(environment, "report.css")  # type: ignore[union-attr]
    names = {reason.code: reason.name for reason in taxonomy.reasons}
    return environment.get_template("report.html.j2").render(
        css=css,
        s=summary,
        names=names,
        meanings=MEANINGS,
        charts=_charts(summary, names),
        findings=[
            _shown(finding, deals, names) for finding in findings.head(_TOP).to_dict("records")
        ],
        reengage=_next(reengage, deals, names),
        headline=headline(summary),
        moves=_moves(summary),
        heat=_heat(summary, names),
    )


def _next(
    reengage: pd.DataFrame, deals: pd.DataFrame, names: dict[str, str]
) -> list[dict[str, Any]]:
    """Return the first deals to come back to after the last close of the export."""
    ahead = reengage[reengage["date"].astype(str) > deals["close_date"].max()]
    rows = ahead.head(_NEXT).to_dict("records")
    return [{**row, "reason": names[row["reason"]]} for row in rows]


def headline(summary: dict[str, Any]) -> list[str]:
    """Return the three lines that sum an audit up."""
    accuracy = summary["label_accuracy"]
    if accuracy["estimate"] is None:
        first = f"Too few deals ({accuracy['deals']}) to say how many labels are right"
    else:
        first = (
            f"{percent(accuracy['estimate'])} of labels are right (95 % interval {span(accuracy)}, "
            f"{method(accuracy)})"
        )
    kinds = {k: n for k, n in summary["findings_by_kind"].items() if n}
    worst = ", ".join(
        f"{n} {kind.replace('_', ' ')}"
        for kind, n in sorted(kinds.items(), key=lambda i: -i[1])[:3]
    )
    second = f"{summary['findings']} findings among {summary['n']} deals"
    return [first, f"{second}: {worst}" if worst else second, _biggest_move(summary)]


def percent(value: float | None) -> str:
    """Write a share as a percentage, or a dash where there is none."""
    if value is None:
        return "–"
    if 0.995 <= value < 1:
        return "over 99%"
    return f"{value:.1%}" if 0 < value < 0.095 else f"{value:.0%}"


def span(estimate: dict[str, Any]) -> str:
    """Write an interval."""
    if estimate["estimate"] is None:
        return "too few"
    return f"{percent(estimate['low'])} to {percent(estimate['high'])}"


def leaves(estimate: dict[str, Any], share: float) -> bool:
    """Say whether a share lies outside an estimate's interval."""
    return estimate["low"] is not None and not estimate["low"] <= share <= estimate["high"]


def money(value: float) -> str:
    """Write an amount in short, without a currency: the export's own."""
    for size, letter in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g} {letter}"
    return f"{value:.0f}"


def method(estimate: dict[str, Any]) -> str:
    """Say in words where an estimate comes from."""
    return {
        "too few": "too few deals",
        "model": "the model's own estimate, nothing reviewed yet",
        "wilson": f"{estimate['reviewed']} reviewed deals",
        "prediction-powered": f"{estimate['reviewed']} reviewed deals and the model",
    }[estimate["method"]]


def _biggest_move(summary: dict[str, Any]) -> str:
    rows = [r for r in summary["reason_mix"]["by_value"] if r["restated"]["estimate"] is not None]
    if not rows:
        return "Too few deals to restate the mix of reasons"
    row = max(rows, key=lambda r: abs(r["restated"]["estimate"] - r["as_entered"]))
    beyond = "" if row["moved"] else "; within its interval"
    return (
        f"Biggest move in the mix: {row['value']}, {percent(row['as_entered'])} as entered, "
        f"{percent(row['restated']['estimate'])} restated ({span(row['restated'])}{beyond})"
    )


def _moves(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the values whose share as entered lies outside the restated interval."""
    rows = [row for row in summary["reason_mix"]["by_value"] if row["moved"]]
    return sorted(rows, key=lambda r: -abs(r["restated"]["estimate"] - r["as_entered"]))


def _charts(summary: dict[str, Any], names: dict[str, str]) -> dict[str, str]:
    mix = [
        Bar(
            row["value"],
            row["restated"]["estimate"],
            row["restated"]["low"],
            row["restated"]["high"],
            row["as_entered"],
        )
        for row in summary["reason_mix"]["by_value"]
    ][:_MOST_BARS]
    charts = {
        "mix": mix_chart(
            mix,
            "mix",
            f"Share of deals by loss reason, as entered and restated. {_SEE_TABLE}",
        )
    }
    overall = summary["label_accuracy"]["estimate"]
    for cut in ("label", *(name for name in summary["cuts"] if name not in ("owner", "quarter"))):
        bars = _bars(summary[f"by_{cut}"])[:_MOST_BARS]
        charts[cut] = share_chart(
            bars,
            cut,
            f"Share of right labels by {cut}, with intervals. {_SEE_TABLE}",
            overall,
        )
    quarters = summary.get("trend", {}).get("quarters", [])
    if len(quarters) > 1:
        series = [
            (title, [_bar(q["quarter"], q[key]) for q in quarters])
            for title, key in (("labels right", "accuracy"), ("thin notes", "thin_notes"))
        ]
        charts["trend"] = trend_chart(
            series,
            "trend",
            f"Share of right labels and of thin notes by quarter. {_SEE_TABLE}",
        )
    return charts


def _bars(cells: dict[str, Any]) -> list[Bar]:
    return [_bar(name, cell) for name, cell in cells.items()]


def _bar(name: str, cell: dict[str, Any]) -> Bar:
    return Bar(name, cell["estimate"], cell["low"], cell["high"])


def _heat(summary: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Return the heat map label × reason: counts, and how strongly to colour each cell."""
    rows = []
    codes = [code for code in names if any(r[code] >= 0.5 for r in summary["confusion"].values())]
    order = list(summary["by_label"]) + sorted(set(summary["confusion"]) - set(summary["by_label"]))
    right = {row["value"]: row["codes"] for row in summary["reason_mix"]["by_value"]}
    for value in order:
        counts = summary["confusion"][value]
        total = sum(counts.values()) or 1.0
        cells = [
            {
                "count": round(counts[code]),
                "strength": round(min(counts[code] / total, 1.0) * 0.75, 3),
                "right": code in right.get(value, ()),
            }
            for code in codes
        ]
        rows.append({"value": value, "cells": cells})
    return {"codes": codes, "rows": rows}


def _shown(finding: dict[Any, Any], deals: pd.DataFrame, names: dict[str, str]) -> dict[str, Any]:
    """Return a finding with its source text in three parts: before, evidence, after."""
    deal = deals.iloc[int(finding["row"])]
    source = finding["evidence_source"]
    who, text = "the note", str(deal["note"])
    if source.startswith("snippet:"):
        snippet = json.loads(deal["snippets"])[int(source.removeprefix("snippet:"))]
        who, text = snippet["speaker"], snippet["text"]
    return {
        **finding,
        "amount": None if pd.isna(finding["amount"]) else finding["amount"],
        "reason_name": names[finding["reason"]],
        "second_name": names[finding["second_reason"]],
        "who": who,
        "parts": _parts(text, finding["evidence"], finding["start"]),
    }


def _parts(text: str, evidence: str, start: Any) -> tuple[str, str, str]:
    """Split a text around its evidence, cut at words where it is long."""
    at = text.find(evidence) if evidence else -1
    if evidence and not pd.isna(start) and text[int(start) :].startswith(evidence):
        at = int(start)
    if at < 0:
        return (text if len(text) <= _WHOLE else f"{text[:_WHOLE].rsplit(' ', 1)[0]} …"), "", ""
    before, after = text[:at], text[at + len(evidence) :]
    if len(text) > _WHOLE:
        if len(before) > _AROUND:
            before = f"… {before[-_AROUND:].split(' ', 1)[-1]}"
        if len(after) > _AROUND:
            after = f"{after[:_AROUND].rsplit(' ', 1)[0]} …"
    return before, evidence, after
