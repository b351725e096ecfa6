"""Change over time: quarters within a file, and this audit against an earlier one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lossnlp._errors import InputError
from lossnlp.audit._estimates import Estimates
from lossnlp.audit._statistics import MIN_CELL, Estimate, changed, wilson

#: A note of fewer words than this is thin, whatever the model makes of it.
_THIN_WORDS = 4
#: Cramér's V of the words used, before and now, from which the wording counts as shifted; on
#: halves of one file it stays below.
_SHIFTED = 0.12
_COMMON_WORDS = 150
_WORD = r"\S+"


def read_baseline(folder: str | Path) -> dict[str, Any]:
    """Read the summary of an earlier audit.

    Raises
    ------
    InputError
        When the folder holds no summary of an audit.
    """
    path = Path(folder) / "summary.json"
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"--baseline {folder}: no summary.json can be read there; give the --out of an audit"
        ) from error
    except ValueError as error:
        raise InputError(f"--baseline {path} is not JSON: {error}") from error
    if not isinstance(summary, dict) or not {"label_accuracy", "reason_mix"} <= summary.keys():
        raise InputError(f"--baseline {path} is not the summary of an audit")
    return summary


def quarters(estimates: Estimates, table: pd.DataFrame, quarter: pd.Series) -> dict[str, Any]:
    """Return accuracy, note quality and the mix of each quarter, and what changed between them.

    A change is named when it lies beyond the interval of the difference to the quarter before.
    """
    names = sorted(name for name in quarter.unique() if name)
    rows: list[dict[str, Any]] = []
    before: dict[str, Estimate] = {}
    for name in names:
        cell = (quarter == name).to_numpy()
        now = _measures(estimates, table, cell)
        rows.append(
            {
                "quarter": name,
                "deals": int(cell.sum()),
                **{key: now[key].as_dict() for key in ("accuracy", "thin_notes")},
                "mix": {code: now[code].as_dict() for code in estimates.codes},
                "changed": [key for key in now if key in before and changed(before[key], now[key])],
            }
        )
        before = now
    return {"quarters": rows, "wording": _wording(table["note"], quarter, names)}


def against(summary: dict[str, Any], baseline: dict[str, Any]) -> dict[str, Any]:
    """Compare two summaries: accuracy, thin notes and the restated mix."""
    pairs = {
        "accuracy": (baseline["label_accuracy"], summary["label_accuracy"]),
        "thin_notes": (
            baseline["note_quality"]["thin_notes"],
            summary["note_quality"]["thin_notes"],
        ),
    }
    old_mix, new_mix = (s["reason_mix"]["restated"] for s in (baseline, summary))
    pairs |= {code: (old_mix[code], new_mix[code]) for code in new_mix if code in old_mix}
    return {
        key: {
            "before": old["estimate"],
            "now": new["estimate"],
            "changed": changed(_estimate(old), _estimate(new)),
        }
        for key, (old, new) in pairs.items()
    }


def thin_notes(table: pd.DataFrame, cell: Any = None) -> Estimate:
    """Share of deals whose text is too thin to code: hardly a word, or the model asks for more."""
    rows = table if cell is None else table[cell]
    if len(rows) < MIN_CELL:
        return Estimate(None, None, None, "too few", len(rows))
    words = rows["note"].str.count(_WORD) + rows["snippets"].str.count(_WORD)
    thin = int(((words < _THIN_WORDS) | rows["needs_detail"]).sum())
    return Estimate(thin / len(rows), *wilson(thin, len(rows)), "wilson", len(rows))


def _measures(estimates: Estimates, table: pd.DataFrame, cell: Any) -> dict[str, Estimate]:
    return {
        "accuracy": estimates.accuracy(cell),
        "thin_notes": thin_notes(table, cell),
        **{code: estimates.share((code,), cell) for code in estimates.codes},
    }


def _estimate(saved: dict[str, Any]) -> Estimate:
    return Estimate(saved["estimate"], saved["low"], saved["high"], saved["method"], saved["deals"])


def _wording(notes: pd.Series, quarter: pd.Series, names: list[str]) -> list[dict[str, Any]]:
    """Compare the words of each quarter's notes with those of the quarters before it."""
    shifts = []
    for place, name in enumerate(names[1:], start=1):
        earlier = notes[quarter.isin(names[:place])]
        now = notes[quarter == name]
        if min(len(earlier), len(now)) < 5 * MIN_CELL:
            continue
        strength, words = _word_shift(earlier, now)
        shifts.append(
            {
                "quarter": name,
                "strength": round(strength, 4),
                "shifted": strength > _SHIFTED,
                "words": words,
            }
        )
    return shifts


def _word_shift(before: pd.Series, now: pd.Series) -> tuple[float, list[str]]:
    """Cramér's V between period and presence of common words, less what chance alone gives."""
    counts = [_presence(notes) for notes in (before, now)]
    both = (counts[0].add(counts[1], fill_value=0)).sort_values(ascending=False, kind="stable")
    words = sorted(both.index[: _COMMON_WORDS * 2], key=lambda word: (-both[word], word))
    words = words[:_COMMON_WORDS]
    table = np.array([c.reindex(words, fill_value=0).to_numpy(float) for c in counts])
    expected = table.sum(1, keepdims=True) * table.sum(0) / table.sum()
    chi = (table - expected) ** 2 / expected
    excess = max(float(chi.sum()) - (len(words) - 1), 0.0)
    risen = np.argsort(-(chi[1] * (table[1] > expected[1])), kind="stable")[:5]
    return (excess / float(table.sum())) ** 0.5, [words[k] for k in risen]


def _presence(notes: pd.Series) -> pd.Series:
    """Count the notes that hold each word."""
    found = notes.str.lower().str.findall(r"[a-z][a-z'’]+").map(lambda words: sorted(set(words)))
    return found.explode().dropna().value_counts()
