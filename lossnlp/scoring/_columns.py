"""The columns that scoring adds, declared once, and how they meet the columns that are there."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from lossnlp._errors import InputError

#: What is added to every row, in order. Lists are joined with ``;``, dates are ISO text, and an
#: absent value is null. ``problem`` says what was wrong with a row that was scored all the same.
SCORE_SCHEMA = pa.schema(
    [
        ("reason", pa.string()),
        ("sub_reason", pa.string()),
        ("probability", pa.float64()),
        ("reason_2", pa.string()),
        ("probability_2", pa.float64()),
        ("reason_3", pa.string()),
        ("probability_3", pa.float64()),
        ("prediction_set", pa.string()),
        ("contributing", pa.string()),
        ("ruled_out", pa.string()),
        ("needs_detail", pa.bool_()),
        ("evidence", pa.string()),
        ("evidence_source", pa.string()),
        ("competitors", pa.string()),
        ("revisit_text", pa.string()),
        ("revisit_date", pa.string()),
        ("recyclable", pa.string()),
        ("reengage_on", pa.string()),
        ("truncated", pa.bool_()),
        ("model", pa.string()),
        ("problem", pa.string()),
    ]
)


def added_names(prefix: str = "") -> list[str]:
    """Return the names of the added columns, each with the prefix before it."""
    return [prefix + name for name in SCORE_SCHEMA.names]


def refuse_collisions(names: Iterable[str], prefix: str, where: str) -> None:
    """Raise InputError if a column of the input has the name of a column that is to be added.

    Case does not tell names apart: databases and Spark would not.
    """
    added = {name.lower() for name in added_names(prefix)}
    twins = [name for name in names if name.lower() in added]
    if twins:
        listed = ", ".join(repr(name) for name in twins)
        raise InputError(
            f"{where}: column {listed} would be added by score and is there already; "
            "give --prefix TEXT (such as --prefix lossnlp_) to name the added columns otherwise"
        )


def joined_schema(source: pa.Schema, prefix: str = "") -> pa.Schema:
    """Return the schema of the result: the source's fields untouched, then the added ones."""
    added = [pa.field(prefix + field.name, field.type) for field in SCORE_SCHEMA]
    return pa.schema([*source, *added], metadata=source.metadata)


def join_columns(
    source: pa.RecordBatch, scores: pa.RecordBatch, prefix: str = ""
) -> pa.RecordBatch:
    """Return the rows of the source with the scores behind them."""
    return pa.RecordBatch.from_arrays(
        [*source.columns, *scores.columns], schema=joined_schema(source.schema, prefix)
    )
