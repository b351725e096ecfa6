"""Which column of an export is which: named by the user, by preset, or by synonym."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lossnlp._errors import InputError
from lossnlp.deals._deal import DEAL_COLUMNS
from lossnlp.deals._presets import GENERAL, PRESETS

_ENTITY = re.compile(r"^(deal|opportunity|potential)( - |: ?|\.)", re.IGNORECASE)
_CUSTOM = re.compile(r"(__[cs]|_+dropdown_*|_+)$", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True)
class Choice:
    """A column chosen for a part of a deal, and why (``given``, a preset's title, ``by name``)."""

    field: str
    column: str
    why: str


def normal(header: str) -> str:
    """Return a header in the form in which names are compared.

    ``Deal - Lost reason``, ``Closed_Lost_Reason__c`` and ``closed_lost_reason__dropdown_`` become
    ``lost reason``, ``closed lost reason`` and ``closed lost reason``.
    """
    name = _ENTITY.sub("", header.strip())
    while (shorter := _CUSTOM.sub("", name)) != name:
        name = shorter
    words = re.sub(r"[\W_]+", " ", _CAMEL.sub(" ", name))
    return words.strip().casefold()


def preset_of(columns: Sequence[str]) -> str | None:
    """Return the name of the preset whose signs most headers show, or None when none does."""
    counts = {
        name: sum(
            any(re.fullmatch(sign, column.strip().casefold()) for sign in preset.signs)
            for column in columns
        )
        for name, preset in PRESETS.items()
    }
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else None


def checked_preset(preset: str | None, columns: Sequence[str]) -> str | None:
    """Return the preset asked for, or the one that the headers point to."""
    if preset is None:
        return preset_of(columns)
    if preset not in PRESETS:
        raise InputError(f"there is no preset {preset!r}; there are {', '.join(PRESETS)}")
    return preset


def choose(
    columns: Sequence[str],
    given: Mapping[str, str],
    preset: str | None,
    empty: Callable[[str], bool],
) -> list[Choice]:
    """Choose a column for each part of a deal that has one.

    Parameters
    ----------
    columns
        The headers of the file.
    given
        Part of a deal → header, as named by the user; wins over everything.
    preset
        Name of a preset, whose names are tried before the general ones.
    empty
        Tells whether a column holds no text at all; such a column is taken only when no other
        name fits.
    """
    chosen = {part: Choice(part, named(column, columns), "given") for part, column in given.items()}
    taken = {choice.column for choice in chosen.values()}
    for part in DEAL_COLUMNS:
        if part in chosen:
            continue
        candidates = [c for c in _candidates(part, columns, preset) if c.column not in taken]
        if candidates:
            pick = next((c for c in candidates if not empty(c.column)), candidates[0])
            chosen[part] = pick
            taken.add(pick.column)
    return [chosen[part] for part in DEAL_COLUMNS if part in chosen]


def _candidates(part: str, columns: Sequence[str], preset: str | None) -> list[Choice]:
    """Return the columns whose names fit a part of a deal, best first."""
    lists = [(name, "by name") for name in GENERAL.get(part, ())]
    if preset is not None:
        crm = PRESETS[preset]
        lists = [(name, crm.title) for name in crm.names.get(part, ())] + lists
    normals = [(column, normal(column)) for column in columns]
    return [
        Choice(part, column, why)
        for name, why in lists
        for column, normal_name in normals
        if normal_name == name
    ]


def check_parts(given: Mapping[str, str]) -> None:
    """Raise InputError when a column is named for something that a deal does not have."""
    for part in given:
        if part not in DEAL_COLUMNS:
            raise InputError(f"a deal has no {part!r}; it has {', '.join(DEAL_COLUMNS)}")


def named(column: str, columns: Sequence[str]) -> str:
    """Return the header that the user means by ``column``, as it stands or up to case and spaces.

    Raises
    ------
    InputError
        When the file has no such column; names the closest ones.
    """
    if column in columns:
        return column
    twins = [name for name in columns if normal(name) == normal(column)]
    if len(twins) == 1:
        return twins[0]
    close = difflib.get_close_matches(column, columns, n=3, cutoff=0.5)
    hint = f"did you mean {quoted(close)}?" if close else f"the file has {quoted(columns)}"
    raise InputError(f"there is no column {column!r}; {hint}")


def quoted(columns: Sequence[str], most: int = 20) -> str:
    """Return column names in quotes, with a count of those beyond ``most``."""
    shown = ", ".join(f'"{column}"' for column in columns[:most])
    return f"{shown} and {len(columns) - most} more" if len(columns) > most else shown
