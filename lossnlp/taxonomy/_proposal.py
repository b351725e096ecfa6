"""Propose a crosswalk from the picklist values that an export holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from lossnlp._errors import InputError
from lossnlp.taxonomy._crosswalk import (
    Crosswalk,
    CrosswalkEntry,
    codes_without_value,
    write_whole,
)
from lossnlp.taxonomy._labels import label_key, selections
from lossnlp.taxonomy._phrasebook import SIDE, Phrasebook, Reading, without_retirement
from lossnlp.taxonomy._taxonomy import INSUFFICIENT, Taxonomy

#: More different values than this are free text, not a picklist.
_MOST_VALUES = 200
#: Below this probability the model's reading of a value is not used.
_LEAST_PROBABILITY = 0.5


class _Ranked(Protocol):
    @property
    def code(self) -> str: ...
    @property
    def probability(self) -> float: ...


class _Suggested(Protocol):
    @property
    def reasons(self) -> Sequence[_Ranked]: ...


class PicklistReader(Protocol):
    """What a proposal needs of a model: to read deals."""

    def read(self, deals: Sequence[Any], /) -> Sequence[_Suggested]:
        """Return a suggestion for each deal."""
        ...


@dataclass(frozen=True, slots=True)
class Unsure:
    """A value whose meaning a person should check, and why."""

    value: str
    why: str

    def __str__(self) -> str:
        return f"{self.value}: {self.why}"


@dataclass(frozen=True)
class Proposal:
    """A proposed crosswalk.

    Attributes
    ----------
    crosswalk
        Every value that could be read.
    unsure
        What a person should check; values that could not be read at all are among them.
    counts
        How many deals hold each value, most frequent first.
    how
        For each value of the crosswalk, how its meaning was found.
    unread
        Values that are not in the crosswalk, because nothing tells what they mean.
    missing
        Codes that no value stands for.
    """

    crosswalk: Crosswalk
    unsure: tuple[Unsure, ...]
    counts: Mapping[str, int]
    how: Mapping[str, str]
    unread: tuple[str, ...]
    missing: tuple[str, ...]

    def write(self, path: str | Path) -> None:
        """Write the crosswalk as YAML to edit; an existing file is replaced as a whole."""
        write_whole(path, self.to_yaml())

    def to_yaml(self) -> str:
        """Return the text of a crosswalk file to edit, with a remark at each value."""
        remarks = {value: self._remark(value) for value in self.how}
        text = self.crosswalk.to_yaml(remarks)
        if self.unread:
            listed = "".join(f"#   {value!r} ({self._deals(value)})\n" for value in self.unread)
            text += f"# Not read; add each of them above with its codes:\n{listed}"
        return text

    def _remark(self, value: str) -> str:
        doubts = "".join(f"; CHECK: {each.why}" for each in self.unsure if each.value == value)
        return f"{self._deals(value)}; {self.how[value]}{doubts}"

    def _deals(self, value: str) -> str:
        count = self.counts[value]
        return f"{count} deal{'' if count == 1 else 's'}"


def propose_crosswalk(
    values: Mapping[str, int], taxonomy: Taxonomy, model: PicklistReader | None = None
) -> Proposal:
    """Propose what each picklist value means.

    A value is read by the names and known wordings of the codes (exactly, without case and
    punctuation, by its parts, by the words in it, as a misspelling), then by the model. "Other"
    and its like become a catch-all for every code without a value of its own. A code without a
    value of its own goes beside the code that its ``nearest`` names, which is where reps put it.
    Nothing that is doubtful is silent: see `Proposal.unsure`.

    Parameters
    ----------
    values
        How many deals hold each label, as in the CRM. Multi-select labels (``Price;Timing``) are
        taken apart; empty ones are passed over.
    taxonomy
        Where the codes come from.
    model
        Reads the values that no wording explains; without it they stay unread.

    Raises
    ------
    InputError
        When there is no value, or when there are so many that the column is free text.
    """
    counts = _counted(values)
    spellings = _spellings(counts)
    readings, doubts = _readings(list(spellings), taxonomy, model)
    entries, assumed = _entries(readings, taxonomy)
    how = {value: reading.how for value, reading in readings.items()}
    for value, entry in list(entries.items()):
        for twin in spellings[value]:
            entries[twin] = replace(entry, value=twin, inactive=True)
            how[twin] = f"another spelling of {value!r}"
    in_order = [entries[value] for value in counts if value in entries]
    meant = {code for entry in in_order for code in entry.codes}
    return Proposal(
        crosswalk=Crosswalk(taxonomy, tuple(in_order)),
        unsure=(*doubts, *assumed),
        counts=counts,
        how=how,
        unread=tuple(value for value in counts if value not in entries),
        missing=tuple(code for code in taxonomy.codes if code not in meant),
    )


def _counted(values: Mapping[str, int]) -> dict[str, int]:
    """Return how many deals hold each single value, most frequent first."""
    counts: Counter[str] = Counter()
    for label, count in values.items():
        for value in selections(label):
            counts[value] += count
    if not counts:
        raise InputError("no deal has a label; name the column that holds the loss reason")
    if len(counts) > _MOST_VALUES:
        raise InputError(
            f"the label column holds {len(counts)} different values, which is free text and not a "
            "picklist; name another column, or group its values first"
        )
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _spellings(counts: Mapping[str, int]) -> dict[str, list[str]]:
    """Return the most frequent spelling of each value, with its other spellings."""
    mains: dict[str, str] = {}
    spellings: dict[str, list[str]] = {}
    for value in counts:
        main = mains.setdefault(label_key(value), value)
        spellings.setdefault(main, [])
        if main != value:
            spellings[main].append(value)
    return spellings


def _readings(
    values: Sequence[str], taxonomy: Taxonomy, model: PicklistReader | None
) -> tuple[dict[str, Reading], list[Unsure]]:
    """Read values by their words and then by the model; return also what is doubtful."""
    phrasebook = Phrasebook(taxonomy)
    found = {value: phrasebook.read(without_retirement(value)) for value in values}
    readings = {value: reading for value, reading in found.items() if reading is not None}
    unread = {value: "no known wording" for value in values if value not in readings}
    if model is not None and unread:
        for value, best in zip(list(unread), _best_codes(list(unread), model), strict=True):
            guess = f"the model reads {best.code} with probability {best.probability:.2f}"
            if best.code == INSUFFICIENT or best.code not in taxonomy.codes:
                unread[value] = "the model finds no reason of this taxonomy in it"
            elif best.probability < _LEAST_PROBABILITY:
                unread[value] = guess
            else:
                readings[value] = Reading((best.code,), "reason", "the model's reading", guess)
                del unread[value]
    doubts = [Unsure(value, reading.doubt) for value, reading in readings.items() if reading.doubt]
    return readings, doubts + [Unsure(value, f"{why}; add codes") for value, why in unread.items()]


def _best_codes(values: Sequence[str], model: PicklistReader) -> list[_Ranked]:
    from lossnlp.deals import Deal

    suggestions = model.read([Deal(note=value) for value in values])
    return [suggestion.reasons[0] for suggestion in suggestions]


def _entries(
    readings: Mapping[str, Reading], taxonomy: Taxonomy
) -> tuple[dict[str, CrosswalkEntry], list[Unsure]]:
    """Turn readings into entries and find a place for the codes without a value of their own."""
    entries = {
        value: CrosswalkEntry(
            value, reading.codes, reading.kind, without_retirement(value) != value
        )
        for value, reading in readings.items()
    }
    homeless = codes_without_value(taxonomy, entries.values())
    active = {value: readings[value] for value, entry in entries.items() if not entry.inactive}
    for value, entry in entries.items():
        if entry.kind == "catch_all":
            entries[value] = replace(entry, codes=_joined(taxonomy, entry.codes, homeless))
    assumed = []
    for value, code in _neighbours(active, taxonomy, homeless):
        entries[value] = replace(entries[value], codes=(*entries[value].codes, code))
        assumed.append(Unsure(value, f"also stands for {code}, which has no value of its own"))
    return entries, assumed


def _neighbours(
    readings: Mapping[str, Reading], taxonomy: Taxonomy, homeless: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Find, for each code without a value, the broadest value beside it: there reps put it."""
    for code in homeless:
        nearest = taxonomy.reason(code).nearest
        able = [value for value, reading in readings.items() if _may_stand_for(reading, nearest)]
        if able:
            yield min(able, key=lambda value: readings[value].breadth), code


def _may_stand_for(reading: Reading, code: str | None) -> bool:
    """Tell whether a value is surely, and as a whole, one for this code."""
    return (
        code in reading.codes
        and reading.kind == "reason"
        and reading.breadth < SIDE
        and not reading.doubt
    )


def _joined(taxonomy: Taxonomy, *groups: Sequence[str]) -> tuple[str, ...]:
    """Return the codes of all groups in the taxonomy's order, or the verdict that there is none."""
    codes = {code for group in groups for code in group}
    return tuple(code for code in taxonomy.codes if code in codes) or (INSUFFICIENT,)
