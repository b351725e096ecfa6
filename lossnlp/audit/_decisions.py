"""What reviewers decided, and how the deals they saw had been drawn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lossnlp._errors import InputError
from lossnlp.audit._statistics import Ints, Sample
from lossnlp.taxonomy import Crosswalk, Taxonomy

_NEEDED = ("id", "reason")


@dataclass(frozen=True)
class Decisions:
    """Decided deals: ``rows`` are positions in the audited deals, ``codes`` what was decided.

    ``sample`` holds those that belong to the drawn sample (in the order of its rows), and
    ``sampled`` says where they stand in ``rows``. ``unknown`` counts decisions on other deals.
    """

    rows: Ints
    codes: tuple[str, ...]
    sample: Sample
    sampled: Ints
    unknown: int = 0


def read_decisions(path: str | Path, taxonomy: Taxonomy, crosswalk: Crosswalk) -> pd.DataFrame:
    """Read decisions: a CSV with the columns ``id`` and ``reason`` (a code or a picklist value).

    ``decided_at`` and ``reviewer`` may stand beside; rows without a reason are not decided yet.
    The last decision on a deal counts.

    Raises
    ------
    InputError
        When the file cannot be read, a column is missing, or a reason is no code; names the line.
    """
    frame = read_csv(path, _NEEDED)
    frame["line"] = np.arange(len(frame)) + 2
    frame = frame[frame["reason"].str.strip() != ""].copy()
    frame["reason"] = [
        _code(value, path, line, taxonomy, crosswalk)
        for value, line in zip(frame["reason"], frame["line"], strict=True)
    ]
    if "decided_at" in frame:
        frame = frame.sort_values("decided_at", kind="stable")
    return frame.drop_duplicates("id", keep="last").sort_values("line").reset_index(drop=True)


def read_csv(path: str | Path, needed: tuple[str, ...]) -> pd.DataFrame:
    """Read a CSV of texts; an InputError names the file and the columns that it lacks."""
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not a CSV file in UTF-8: {error}") from error
    missing = [name for name in needed if name not in frame]
    if missing:
        raise InputError(f"{path} has no column {missing[0]!r}; it needs {', '.join(needed)}")
    return frame


def match(frame: pd.DataFrame, ids: pd.Series, drawn: pd.DataFrame) -> Decisions:
    """Join decisions with the audited deals and with the plan that they were drawn by.

    ``drawn`` has ``id``, ``stratum`` and ``draw_probability``: the sample as it was written.
    """
    position = pd.Series(np.arange(len(ids)), index=ids.to_numpy())
    position = position[~position.index.duplicated()]
    known = frame[frame["id"].isin(position.index)].reset_index(drop=True)
    rows = position.reindex(known["id"]).to_numpy(np.int64)
    drawn = drawn.drop_duplicates("id").set_index("id")
    sampled = np.flatnonzero(known["id"].isin(drawn.index))
    sample = _sample(rows[sampled], drawn.loc[known["id"].iloc[sampled]], drawn)
    return Decisions(rows, tuple(known["reason"]), sample, sampled, len(frame) - len(known))


def _sample(rows: Ints, mine: pd.DataFrame, drawn: pd.DataFrame) -> Sample:
    """Strata of the reviewed deals; one that nobody has reviewed yet joins the one before it."""
    strata = drawn.groupby("stratum")["draw_probability"].agg(["size", "first"])
    size = strata["size"] / strata["first"].astype(float)
    seen = size.index.isin(mine["stratum"])
    number = np.maximum(np.cumsum(seen) - 1, 0)
    place = dict(zip(size.index, number, strict=True))
    stratum = np.array([place[name] for name in mine["stratum"]], dtype=np.int64)
    return Sample(rows, stratum, np.bincount(number, size.to_numpy()).round().astype(np.int64))


def _code(value: str, path: str | Path, line: int, taxonomy: Taxonomy, crosswalk: Crosswalk) -> str:
    text = value.strip()
    if text in taxonomy.codes:
        return text
    entry = crosswalk.lookup(text)
    if entry is not None and len(entry.codes) == 1:
        return entry.codes[0]
    raise InputError(
        f"{path}, line {line}: reason {text!r} is no code of taxonomy {taxonomy.name}; "
        f"use one of {', '.join(taxonomy.codes)}"
    )
