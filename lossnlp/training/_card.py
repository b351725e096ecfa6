"""The model card: written from the manifest, so that every number in it was measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_METRICS = {
    "accuracy": "Reason right",
    "macro_f1": "Macro-F1 of the reasons",
    "top3_accuracy": "Right reason among the three likeliest",
    "sub_reason_accuracy": "Reason and sub-reason right",
    "calibration_error": "Expected calibration error",
    "set_coverage": "Right reason in the prediction set",
    "set_size": "Codes in the prediction set",
    "answered": "Share of deals answered (no detail asked for)",
    "answered_accuracy": "Reason right where answered",
    "contributing_f1": "Contributing codes, F1",
    "ruled_out_f1": "Ruled-out codes, F1",
    "evidence_overlap": "Evidence overlaps the annotated stretch",
    "evidence_token_f1": "Evidence, token F1",
}

_CURVE = ("handed_over", "accuracy", "agreement")


def card_of(manifest: Mapping[str, Any]) -> str:
    """Return the text of the card, Markdown."""
    metrics, data = manifest["metrics"], manifest["data"]
    parts = [
        f"# Model card: {manifest['name']}",
        "Reads the closed-lost note of a deal, with what was said on calls and in mails, and names"
        " the reason of the loss, what contributed, what is ruled out, and the words that carry"
        " it. It is a second opinion for a person who decides; it is not made to rank people.",
        f"## Training\n\n{data['n']} labelled deals in {data['groups']} groups, data digest"
        f" `{data['digest'][:16]}`. {manifest.get('origin', '')}".strip(),
        f"## How it was measured\n\n{metrics['n']} deals of {len(metrics['groups'])} groups were"
        " read by models that had never seen their group, calibrated on the other groups that were"
        " held out. The bundle itself then learnt from all groups. sd, lowest and highest are over"
        " groups.",
        metrics_table(metrics),
        "## Where it is weak\n\n" + _slices(metrics) + "\n\n" + _confusions(metrics),
        *_pairs(metrics),
        *_tiers(manifest.get("fast"), manifest.get("rates", {})),
        "## By code\n\n" + _codes(metrics),
        "## By group\n\n" + _groups(metrics),
    ]
    return "\n\n".join(parts) + "\n"


def _pairs(metrics: Mapping[str, Any]) -> list[str]:
    pairs = metrics.get("contrast_pairs")
    if not pairs:
        return []
    return [
        "## Contrast pairs\n\nTwo notes with nearly the same words and different reasons"
        " (negations, reversals, who decided), kept apart from all training and tuning."
        f" {pairs['n']} notes: {_number(pairs['accuracy'])} read right, both of a pair in"
        f" {_number(pairs['whole_pairs'])}."
    ]


def _tiers(fast: Mapping[str, Any] | None, rates: Mapping[str, float]) -> list[str]:
    if not fast:
        return []
    measured = fast["measured"]
    rows = [
        [f"`{tier}`", _number(measured["accuracy"][tier]), _number(measured["agreement"].get(tier)),
         f"{rates[tier]:,.0f}"]
        for tier in ("exact", "fast", "auto")
    ]  # fmt: skip
    curve = [
        [f"{point['margin']:.1f}", *(_number(point[column]) for column in _CURVE)]
        for point in measured["curve"]
    ]
    return [
        "## Tiers of `lossnlp score`\n\n`fast` is a student on hashed words that learnt from the"
        f" model; `auto` asks the model where the student's lead is under {fast['margin']:.3f}, the"
        " smallest margin that loses at most half a point of accuracy, which were"
        f" {_number(measured['handed_over'])} of {measured['n']} held-out deals. Rates are deals a"
        " second of processor time while these deals were read in memory, `auto` computed from the"
        " others; `benchmarks/batch.py` prints those of whole runs.\n\n"
        + _table(["tier", "reason right", "agrees with exact", "deals/s a core"], rows)
        + "\n\nWith another margin `auto` would have done this:\n\n"
        + _table(["margin", "handed over", "reason right", "agrees with exact"], curve)
    ]


def metrics_table(metrics: Mapping[str, Any]) -> str:
    """Return the overall metrics with their spread as a Markdown table."""
    rows = [
        [_METRICS[name], *(_number(entry.get(part)) for part in ("value", "sd", "low", "high"))]
        for name, entry in metrics["overall"].items()
    ]
    return _table(["metric", "all deals", "sd", "lowest", "highest"], rows)


def _slices(metrics: Mapping[str, Any]) -> str:
    rows = [
        [name, str(entry["n"]), _number(entry["accuracy"])]
        for name, entry in metrics["slices"].items()
    ]
    return _table(["deals", "n", "reason right"], rows)


def _confusions(metrics: Mapping[str, Any]) -> str:
    rows = [
        [f"`{entry['annotated']}`", f"`{entry['predicted']}`", str(entry["n"])]
        for entry in metrics["confusions"]
    ]
    return _table(["annotated", "read as", "deals"], rows)


def _codes(metrics: Mapping[str, Any]) -> str:
    columns = ("precision", "recall", "f1", "set_coverage")
    rows = [
        [f"`{code}`", str(entry["n"]), *(_number(entry[column]) for column in columns)]
        for code, entry in metrics["codes"].items()
    ]
    return _table(["code", "n", "precision", "recall", "F1", "in the prediction set"], rows)


def _groups(metrics: Mapping[str, Any]) -> str:
    rows = [
        [name, str(entry["n"]), _number(entry["accuracy"])]
        for name, entry in metrics["groups"].items()
    ]
    return _table(["group", "n", "reason right"], rows)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
