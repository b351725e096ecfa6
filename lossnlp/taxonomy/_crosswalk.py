"""The crosswalk: what each picklist value of a CRM means in codes of the taxonomy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast, get_args

from lossnlp._errors import InputError
from lossnlp.taxonomy._labels import label_key, selections
from lossnlp.taxonomy._places import Fields, Place, check_schema, codes_in, read_yaml, short
from lossnlp.taxonomy._taxonomy import INSUFFICIENT, Taxonomy

EntryKind = Literal["reason", "catch_all", "administrative"]

_SCHEMA = 1
#: A multi-select label is of the first of these kinds that any of its values has.
_KINDS: tuple[EntryKind, ...] = get_args(EntryKind)
_HEADER = """\
# Crosswalk: what each picklist value of the CRM means in codes of the taxonomy.
# kind: reason (the default), catch_all ("Other") or administrative (left out of accuracy).
# inactive: true marks a value that old deals still hold and that must not be set any more.
"""


@dataclass(frozen=True, slots=True)
class CrosswalkEntry:
    """One picklist value: the codes that it stands for, and what kind of value it is.

    ``catch_all`` stands for everything without a value of its own. ``administrative`` marks
    records, not losses, and may have no code at all. ``inactive`` values are still on old deals
    but are never set.
    """

    value: str
    codes: tuple[str, ...]
    kind: EntryKind = "reason"
    inactive: bool = False


@dataclass(frozen=True)
class Crosswalk:
    """A map from picklist values, or codes of another taxonomy version, to codes.

    A deal's label is supported if the primary reason is among the label's codes.
    """

    taxonomy: Taxonomy
    entries: tuple[CrosswalkEntry, ...]

    @classmethod
    def read(cls, path: str | Path, taxonomy: Taxonomy) -> Crosswalk:
        """Read a crosswalk file (YAML).

        Raises
        ------
        InputError
            When the file cannot be read.
        TaxonomyError
            When it is not a crosswalk into ``taxonomy``; the message names line and field.
        """
        return _crosswalk(read_yaml(path), taxonomy)

    def write(self, path: str | Path) -> None:
        """Write the crosswalk as YAML; an existing file is replaced only when all is written."""
        write_whole(path, self.to_yaml())

    def to_yaml(self, remarks: Mapping[str, str] | None = None) -> str:
        """Return the text of a crosswalk file, with a remark above each value that has one."""
        import yaml

        remarks = remarks or {}
        origin = {"taxonomy": f"{self.taxonomy.name} {self.taxonomy.version}"}
        parts = [_HEADER, f"schema: {_SCHEMA}\n", _dump(yaml, origin, flow=False)]
        parts += ["values:\n" if self.entries else "values: []\n"]
        for entry in self.entries:
            if entry.value in remarks:
                remark = "".join(c if c.isprintable() else " " for c in remarks[entry.value])
                parts.append(f"# {remark}\n")
            # What cannot be seen is escaped: YAML would read some of it as a line break.
            parts.append(_dump(yaml, [_plain(entry)], visible=entry.value.isprintable()))
        return "".join(parts)

    def lookup(self, label: str) -> CrosswalkEntry | None:
        """Return what a label means, or None if the crosswalk does not know it.

        Case, spaces and punctuation do not matter. A multi-select label (``Price;Timing``) gives
        one entry with the codes of all its values, or None if any of them is unknown.
        """
        whole = self._find(label)
        if whole is not None:
            return whole
        found = [self._find(value) for value in selections(label)]
        known = [entry for entry in found if entry is not None]
        if not known or len(known) < len(found):
            return None
        return CrosswalkEntry(
            value=label,
            codes=tuple(dict.fromkeys(code for entry in known for code in entry.codes)),
            kind=min((entry.kind for entry in known), key=_KINDS.index),
            inactive=any(entry.inactive for entry in known),
        )

    def supports(self, label: str, code: str) -> bool:
        """Return whether a label, or any value of a multi-select label, stands for a code."""
        found = (self._find(value) for value in (label, *selections(label)))
        return any(entry is not None and code in entry.codes for entry in found)

    def value_for(self, code: str) -> str | None:
        """Return the active picklist value to set for a code, or None if there is none.

        A value of its own goes before one that the code shares, and both before a catch-all.
        """
        able = [entry for entry in self.entries if code in entry.codes and not entry.inactive]
        if not able:
            return None
        return min(
            able,
            key=lambda entry: (
                entry.kind == "catch_all",
                entry.codes.index(code),
                len(entry.codes),
            ),
        ).value

    def _find(self, value: str) -> CrosswalkEntry | None:
        return self._by_value.get(value) or self._by_key.get(label_key(value))

    @cached_property
    def _by_value(self) -> dict[str, CrosswalkEntry]:
        return {entry.value: entry for entry in self.entries}

    @cached_property
    def _by_key(self) -> dict[str, CrosswalkEntry]:
        # Reversed, so that the first of two spellings is the one that a third one finds.
        return {label_key(entry.value): entry for entry in reversed(self.entries)}


def codes_without_value(taxonomy: Taxonomy, entries: Iterable[CrosswalkEntry]) -> tuple[str, ...]:
    """Return the codes that no value but a catch-all stands for, in the taxonomy's order."""
    taken = {code for entry in entries if entry.kind != "catch_all" for code in entry.codes}
    return tuple(code for code in taxonomy.codes if code not in taken)


def write_whole(path: str | Path, text: str) -> None:
    """Write a text file under another name first, so that no half file is left behind."""
    target = Path(path)
    part = target.with_name(f"{target.name}.part")
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        reason = (error.strerror or "cannot be written").lower()
        raise InputError(
            f"{path}: {reason}; name a file in an existing, writable folder"
        ) from error


def _dump(yaml: Any, data: Any, *, flow: bool | None = None, visible: bool = True) -> str:
    # Without a line width, a long value is never folded: it stays as it is in the CRM.
    text: str = yaml.safe_dump(
        data, sort_keys=False, allow_unicode=visible, width=2**31, default_flow_style=flow
    )
    return text


def _plain(entry: CrosswalkEntry) -> dict[str, Any]:
    plain: dict[str, Any] = {"value": entry.value, "codes": list(entry.codes)}
    if entry.kind != "reason":
        plain["kind"] = entry.kind
    if entry.inactive:
        plain["inactive"] = True
    return plain


def _crosswalk(root: Place, taxonomy: Taxonomy) -> Crosswalk:
    fields = root.mapping(("schema", "values"), ("taxonomy",))
    check_schema(fields["schema"], _SCHEMA)
    places = fields["values"].items()
    if not places:
        fields["values"].fault("is empty; give each picklist value its codes")
    entries = [_entry(place, taxonomy) for place in places]
    _refuse_contradictions(places, entries)
    rest = codes_without_value(taxonomy, entries) or (INSUFFICIENT,)
    return Crosswalk(
        taxonomy,
        tuple(
            replace(entry, codes=rest) if entry.kind == "catch_all" and not entry.codes else entry
            for entry in entries
        ),
    )


def _entry(place: Place, taxonomy: Taxonomy) -> CrosswalkEntry:
    fields = place.mapping(("value",), ("codes", "kind", "inactive"))
    value = fields["value"].verbatim()
    if not value.strip():
        fields["value"].fault("is empty; a deal without a label needs no entry")
    kind = cast(EntryKind, fields["kind"].one_of(_KINDS)) if "kind" in fields else "reason"
    codes = _codes(fields, taxonomy)
    if kind == "reason" and not codes:
        fields.get("codes", place).fault(
            f"the value {short(value)} needs codes, or kind: catch_all or administrative"
        )
    inactive = "inactive" in fields and fields["inactive"].flag()
    return CrosswalkEntry(value, codes, kind, inactive)


def _codes(fields: Fields, taxonomy: Taxonomy) -> tuple[str, ...]:
    return codes_in(fields["codes"].items(), taxonomy.codes) if "codes" in fields else ()


def _refuse_contradictions(places: list[Place], entries: list[CrosswalkEntry]) -> None:
    """Refuse a value that is there twice, or in two spellings that mean different things."""
    seen: dict[str, CrosswalkEntry] = {}
    for place, entry in zip(places, entries, strict=True):
        first = seen.setdefault(label_key(entry.value), entry)
        if first is entry:
            continue
        value = place.entries()["value"]
        if first.value == entry.value:
            value.fault(f"{short(entry.value)} stands there twice")
        if (first.codes, first.kind) != (entry.codes, entry.kind):
            value.fault(
                f"{short(entry.value)} is another spelling of {short(first.value)} and must have "
                "the same codes and kind"
            )
