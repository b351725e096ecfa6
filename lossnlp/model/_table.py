"""The table of suggestions: the columns that ``lossnlp score`` adds to a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lossnlp.model._suggestion import Suggestion

if TYPE_CHECKING:
    import pandas as pd

#: The columns that a scored table gains, in order.
SCORE_COLUMNS = (
    "reason",
    "sub_reason",
    "probability",
    "reason_2",
    "probability_2",
    "reason_3",
    "probability_3",
    "prediction_set",
    "contributing",
    "ruled_out",
    "needs_detail",
    "evidence",
    "evidence_source",
    "competitors",
    "revisit_text",
    "revisit_date",
    "recyclable",
    "reengage_on",
    "truncated",
    "model",
)


def table_of(suggestions: Sequence[Suggestion], index: pd.Index) -> pd.DataFrame:
    """Return one row a suggestion, the columns of ``SCORE_COLUMNS``.

    Lists are joined with ``;``, dates are ISO text, and what is not there is empty text (a
    probability: NaN).
    """
    import pandas as pd

    table = pd.DataFrame([_row(s) for s in suggestions], columns=list(SCORE_COLUMNS), index=index)
    types = {column: "float64" for column in SCORE_COLUMNS if column.startswith("probability")}
    return table.astype({**types, "needs_detail": bool, "truncated": bool})


def _row(suggestion: Suggestion) -> dict[str, Any]:
    first, revisit = suggestion.reasons[0], suggestion.signals.revisit
    row: dict[str, Any] = {
        "reason": first.code,
        "sub_reason": first.sub_reason or "",
        "probability": first.probability,
        "prediction_set": ";".join(suggestion.prediction_set),
        "contributing": ";".join(suggestion.contributing),
        "ruled_out": ";".join(suggestion.ruled_out),
        "needs_detail": suggestion.needs_detail,
        "evidence": first.evidence.text if first.evidence else "",
        "evidence_source": first.evidence.source if first.evidence else "",
        "competitors": ";".join(dict.fromkeys(c.name for c in suggestion.signals.competitors)),
        "revisit_text": revisit.text if revisit else "",
        "revisit_date": revisit.act_on.isoformat() if revisit and revisit.act_on else "",
        "recyclable": suggestion.recyclable,
        "reengage_on": suggestion.reengage_on.isoformat() if suggestion.reengage_on else "",
        "truncated": suggestion.truncated,
        "model": suggestion.model,
    }
    for rank in (2, 3):
        if len(suggestion.reasons) >= rank:
            reason = suggestion.reasons[rank - 1]
            row[f"reason_{rank}"], row[f"probability_{rank}"] = reason.code, reason.probability
        else:
            row[f"reason_{rank}"], row[f"probability_{rank}"] = "", float("nan")
    return row
