"""The summary of an audit: every number that the report shows, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lossnlp.audit._decisions import Decisions
from lossnlp.audit._estimates import Cell, Estimates
from lossnlp.audit._findings import KINDS
from lossnlp.audit._labels import Labels
from lossnlp.audit._mix import drain, group_mix, reason_mix, recycling, value_mix
from lossnlp.audit._trend import against, quarters, thin_notes
from lossnlp.audit._tuned import FLAG_AT, FLAG_PRECISION
from lossnlp.taxonomy import INSUFFICIENT

if TYPE_CHECKING:
    from lossnlp.model import LossModel

_SCHEMA = 1
#: A dimension shows its largest values only.
_MOST_VALUES = 40


def summarise(
    *,
    table: pd.DataFrame,
    labels: Labels,
    entered: pd.Series,
    estimates: Estimates,
    cuts: Mapping[str, pd.Series],
    model: LossModel,
    decisions: Decisions | None,
    planned: pd.DataFrame,
    baseline: dict[str, Any] | None,
) -> dict[str, Any]:
    """Put together the summary; ``table`` holds every deal, the rest only the labelled ones."""
    labelled = table.iloc[labels.rows].reset_index(drop=True)
    values = pd.Series([labels.entries[k].value for k in labels.picked], dtype=object)
    catch_all = np.array([labels.entries[k].kind == "catch_all" for k in labels.picked])
    flagged = labelled["certainty"].to_numpy() >= FLAG_AT
    kinds = table["kind"].value_counts()
    summary: dict[str, Any] = {
        "schema": _SCHEMA,
        "n": len(table),
        "labelled": len(labelled),
        "counted": int(estimates.counted.sum()),
        "administrative": int((~estimates.counted).sum()),
        "unlabelled": labels.unlabelled,
        "unread_labels": labels.unread,
        "amount": round(float(estimates.amount.sum()), 2),
        "model": model.id,
        "taxonomy": f"{model.taxonomy.name} {model.taxonomy.version}",
        "flag_at": FLAG_AT,
        "flag_precision": FLAG_PRECISION,
        "label_accuracy": estimates.accuracy().as_dict(),
        "findings": int((table["kind"] != "").sum()),
        "flagged": int((table["certainty"] >= FLAG_AT).sum()),
        "findings_by_kind": {kind: int(kinds.get(kind, 0)) for kind in KINDS},
        "by_label": _cells(estimates, flagged, values),
        "by_reason": {code: estimates.found(code).as_dict() for code in estimates.codes},
        **{f"by_{name}": _cells(estimates, flagged, cut) for name, cut in cuts.items()},
        "cuts": list(cuts),
        "reason_mix": {
            **reason_mix(estimates, entered),
            "by_value": value_mix(estimates, values, labels.crosswalk),
            "by_group": group_mix(estimates, entered, model.taxonomy),
        },
        "reason_mix_by": {
            name: _mixes(estimates, entered, cut) for name, cut in cuts.items() if name != "owner"
        },
        "confusion": _confusion(estimates, values),
        "catch_all": drain(estimates, catch_all),
        "recyclable": recycling(labelled),
        "note_quality": _note_quality(table, labelled, cuts),
        "decisions": _decisions(decisions),
        "strata": _strata(planned),
    }
    if "quarter" in cuts:
        summary["trend"] = quarters(estimates, labelled, cuts["quarter"])
    if baseline is not None:
        summary["baseline"] = against(summary, baseline)
    return summary


def _cells(estimates: Estimates, flagged: Cell, cut: pd.Series) -> dict[str, Any]:
    """Return accuracy and findings of each value of a cut, the largest first."""
    sizes = cut[cut != ""].value_counts()
    order = sorted(sizes.index, key=lambda value: (-sizes[value], value))[:_MOST_VALUES]
    cells = {}
    for value in order:
        cell = (cut == value).to_numpy()
        cells[str(value)] = {
            **estimates.accuracy(cell).as_dict(),
            "deals": int(cell.sum()),
            "flagged": int((cell & flagged).sum()),
        }
    return cells


def _mixes(estimates: Estimates, entered: pd.Series, cut: pd.Series) -> dict[str, Any]:
    sizes = cut[cut != ""].value_counts()
    order = sorted(sizes.index, key=lambda value: (-sizes[value], value))[:_MOST_VALUES]
    return {str(v): reason_mix(estimates, entered, (cut == v).to_numpy()) for v in order}


def _confusion(estimates: Estimates, values: pd.Series) -> dict[str, dict[str, float]]:
    """Return, for each value as entered, how many of its deals belong to each code."""
    sums = pd.DataFrame(estimates.posterior, columns=list(estimates.codes))
    sums = sums.groupby(values.to_numpy()).sum()
    return {
        str(value): {code: round(float(row[code]), 2) for code in estimates.codes}
        for value, row in sums.iterrows()
    }


def _note_quality(
    table: pd.DataFrame, labelled: pd.DataFrame, cuts: Mapping[str, pd.Series]
) -> dict[str, Any]:
    says_nothing: Cell = (table["reason"] == INSUFFICIENT).to_numpy()
    words = table["note"].str.count(r"\S+")
    return {
        "thin_notes": thin_notes(table).as_dict(),
        "says_nothing": int(says_nothing.sum()),
        "empty": int((words == 0).sum()),
        "median_words": float(words.median()),
        "truncated": int(table["truncated"].sum()),
        "by_owner": {
            str(owner): thin_notes(labelled, (cuts["owner"] == owner).to_numpy()).as_dict()
            for owner in sorted(cuts["owner"].unique())
            if owner
        }
        if "owner" in cuts
        else {},
    }


def _decisions(decisions: Decisions | None) -> dict[str, int]:
    if decisions is None:
        return {"decided": 0, "of_the_sample": 0, "unknown": 0}
    return {
        "decided": len(decisions.rows),
        "of_the_sample": len(decisions.sampled),
        "unknown": decisions.unknown,
    }


def _strata(planned: pd.DataFrame) -> list[dict[str, Any]]:
    """Describe the strata of the plan: what they hold and how many of it are drawn."""
    described = []
    for name, rows in planned.groupby("stratum", sort=True):
        first = rows.iloc[0]
        described.append(
            {
                "stratum": str(name),
                "holds": str(first["holds"]),
                "drawn": len(rows),
                "draw_probability": round(float(first["draw_probability"]), 6),
            }
        )
    return described
