"""Labelled deals from files: a CRM's export with its labels, or records of an annotation."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossnlp._errors import InputError
from lossnlp.taxonomy import Crosswalk, Taxonomy
from lossnlp.training._labelled import LabelledDeal

if TYPE_CHECKING:
    import pandas as pd

    from lossnlp.deals import Deal, Export

_FOLDS = 5  # groups that a file's deals are dealt into
_SHOWN = 5  # unknown labels that an error names


@dataclass(frozen=True)
class LabelledData:
    """Labelled deals, and lines that say what was chosen and what was left out."""

    deals: list[LabelledDeal]
    remarks: list[str]


def read_labelled(
    paths: Sequence[str | Path],
    *,
    taxonomy: Taxonomy | None = None,
    crosswalk: Crosswalk | None = None,
    columns: Mapping[str, str] | None = None,
) -> LabelledData:
    """Read labelled deals.

    A file with a column ``primary`` is an annotation: ``sub_reason``, ``secondary``, ``ruled_out``
    (JSON lists) and ``evidence`` are read as well. Of any other file the label column is read: a
    code, or a value that the crosswalk maps to one code.

    Parameters
    ----------
    paths
        CSV, TSV, XLSX, Parquet or JSONL files.
    taxonomy
        What the codes mean; by default the one that ships with lossnlp.
    crosswalk
        Maps labels to codes. Labels that mean several codes, everything else, or no loss at all
        are left out.
    columns
        Part of a deal (``note``, ``snippets``, ``label``) → column of the files.

    Raises
    ------
    InputError
        If a file cannot be read, has no labels, or a label is no code and not in the crosswalk.
    """
    taxonomy = taxonomy or Taxonomy.default()
    code_of = _crosswalked(crosswalk) if crosswalk else _code_reader(taxonomy)
    found = LabelledData([], [])
    for path in paths:
        part = _read_file(str(path), dict(columns or {}), code_of)
        found.deals.extend(part.deals)
        found.remarks.extend(part.remarks)
    return found


def _read_file(
    path: str, columns: dict[str, str], code_of: Callable[[str], str | None]
) -> LabelledData:
    from lossnlp.deals import deals_of, open_export

    export = open_export(path, columns=columns)
    annotated = "label" not in columns and "primary" in export.source.columns
    labels = _labels(export, path, annotated=annotated)
    deals, skipped, unknown = [], Counter[str](), Counter[str]()
    for row, (deal, label) in enumerate(zip(deals_of(export.deals), labels, strict=True)):
        if not label:
            skipped["no label"] += 1
            continue
        try:
            code = code_of(label)
        except KeyError:
            unknown[label] += 1
            continue
        if code is None:
            skipped["a label that stands for no single reason"] += 1
            continue
        notes = _annotation(export.source, row, path, export.rows[row]) if annotated else {}
        deals.append(LabelledDeal(deal, code, group=_group(deal), **notes))
    if unknown:
        raise InputError(_unknown_labels(path, unknown))
    remarks = [*export.choices, *export.warnings]
    remarks += [f"left out {count} deals: {why}" for why, count in skipped.items()]
    return LabelledData(deals, [f"{path}: {line}" for line in remarks])


def _labels(export: Export, path: str, *, annotated: bool) -> list[str]:
    if annotated:
        return [str(value).strip() for value in export.source["primary"]]
    if "label" not in export.deals.columns:
        raise InputError(f"{path}: no column of labels was found; name it with --label")
    return [(value or "").strip() for value in export.deals["label"]]


def _crosswalked(crosswalk: Crosswalk) -> Callable[[str], str | None]:
    def code_of(label: str) -> str | None:
        entry = crosswalk.lookup(label)
        if entry is None:
            raise KeyError(label)
        return entry.codes[0] if entry.kind == "reason" and len(entry.codes) == 1 else None

    return code_of


def _code_reader(taxonomy: Taxonomy) -> Callable[[str], str | None]:
    """Read labels that are codes, or names of reasons, of the taxonomy itself."""
    known = {r.name.casefold(): r.code for r in taxonomy.reasons}
    known |= {r.code.casefold(): r.code for r in taxonomy.reasons}
    return lambda label: known[label.casefold()]


def _unknown_labels(path: str, unknown: Counter[str]) -> str:
    named = ", ".join(repr(label) for label, _ in unknown.most_common(_SHOWN))
    more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
    return (
        f"{path}: no code for the labels {named}{more}; map them with --crosswalk (lossnlp taxonomy"
        " map writes a first one) or give your own codes with --taxonomy"
    )


def _annotation(source: pd.DataFrame, row: int, path: str, number: int) -> dict[str, Any]:
    cells = source.iloc[row]
    found: dict[str, Any] = {}
    for name in ("sub_reason", "evidence"):
        if name in source.columns:
            found[name] = str(cells[name]) or None
    for column, name in (("secondary", "contributing"), ("ruled_out", "ruled_out")):
        if column in source.columns:
            found[name] = _codes(cells[column], f"{path}, row {number}, column {column}")
    return found


def _codes(cell: str, where: str) -> tuple[str, ...]:
    try:
        codes = json.loads(cell or "[]")
    except ValueError as error:
        raise InputError(f"{where}: {cell[:40]!r} is no JSON list of codes") from error
    if not isinstance(codes, list):
        raise InputError(f"{where}: {cell[:40]!r} is no JSON list of codes")
    return tuple(str(code) for code in codes)


def _group(deal: Deal) -> str:
    """Return the fold of a deal: deals of one account, or with the same words, stay together."""
    key = deal.account or " ".join(deal.note.casefold().split())
    return f"fold{int(hashlib.sha256(key.encode()).hexdigest(), 16) % _FOLDS + 1}"
