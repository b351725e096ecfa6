"""The taxonomy: reason codes, their sub-reasons, groups and re-engagement policy."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, cast, get_args

from lossnlp._errors import InputError
from lossnlp.taxonomy._places import (
    Place,
    check_schema,
    codes_in,
    did_you_mean,
    place_of,
    read_yaml,
    short,
)

Recyclable = Literal["never", "on_condition", "yes"]
ReengageKind = Literal["days", "next_fiscal_year", "before_renewal", "never"]

#: The verdict that a text supports no reason. Every taxonomy ends with it.
INSUFFICIENT = "insufficient_detail"

_SCHEMA = 1
_MOST_DAYS = 3650
_WITH_DAYS = ("days", "before_renewal")


@dataclass(frozen=True, slots=True)
class Reengage:
    """When to come back to a buyer whose note names no date.

    ``days``: that many days after the close. ``next_fiscal_year``: when the buyer's next fiscal
    year starts. ``before_renewal``: that many days before the contract with the chosen vendor
    comes up for renewal. ``never``: not at all.
    """

    kind: ReengageKind
    days: int | None = None


@dataclass(frozen=True, slots=True)
class SubReason:
    """A refinement of a reason."""

    code: str
    name: str
    definition: str


@dataclass(frozen=True, slots=True)
class Reason:
    """One entry of a taxonomy.

    Attributes
    ----------
    code, name, definition
        ``definition`` is worded as a dropdown's help text.
    group
        A key of `Taxonomy.groups`.
    recyclable
        Whether such a buyer can be won later: ``never``, ``on_condition`` (something must change
        first) or ``yes``.
    reengage
        When to come back if the note names no date.
    administrative
        Records, not losses: left out of accuracy and training.
    question
        The one question to ask the rep when a note is too thin.
    sub_reasons
        May be empty in a user's own taxonomy.
    synonyms
        Other wordings of a picklist value that mean this reason.
    nearest
        The code whose picklist value reps pick when the list has no value for this one.
    replaces
        Codes of the earlier version that this reason continues; read by `diff`.
    """

    code: str
    name: str
    definition: str
    group: str
    recyclable: Recyclable
    reengage: Reengage
    administrative: bool
    question: str
    sub_reasons: tuple[SubReason, ...] = ()
    synonyms: tuple[str, ...] = ()
    nearest: str | None = None
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True)
class Taxonomy:
    """A code frame: the reasons, in the order of its file, and the policy that goes with them.

    ``groups`` maps a group to its name. Two taxonomies with the same content have the same
    `digest`, however their files are laid out.
    """

    name: str
    version: str
    groups: Mapping[str, str] = field(hash=False)
    reasons: tuple[Reason, ...]

    @classmethod
    def default(cls) -> Taxonomy:
        """Return the taxonomy that lossnlp ships with."""
        return _default()

    @classmethod
    def read(cls, path: str | Path) -> Taxonomy:
        """Read a taxonomy file (YAML; JSON is read as well).

        Raises
        ------
        InputError
            When the file cannot be read.
        TaxonomyError
            When it is not a taxonomy; the message names line and field.
        """
        return _taxonomy(read_yaml(path))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Taxonomy:
        """Return the taxonomy that `to_dict` gave; a TaxonomyError names what is wrong in it."""
        return _taxonomy(place_of(dict(data), "taxonomy"))

    def to_dict(self) -> dict[str, Any]:
        """Return the taxonomy as plain data, ready for JSON or YAML."""
        return {
            "schema": _SCHEMA,
            "name": self.name,
            "version": self.version,
            "groups": dict(self.groups),
            "reasons": [_plain(reason) for reason in self.reasons],
        }

    def to_yaml(self) -> str:
        """Return the taxonomy as the text of a taxonomy file."""
        import yaml

        return yaml.safe_dump(self.to_dict(), sort_keys=False, allow_unicode=True, width=100)

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """The codes in the order of the file; ``insufficient_detail`` is the last."""
        return tuple(reason.code for reason in self.reasons)

    @cached_property
    def sub_reasons(self) -> tuple[tuple[str, str], ...]:
        """All pairs of a code and one of its sub-reasons, in the order of the file."""
        return tuple(
            (reason.code, sub.code) for reason in self.reasons for sub in reason.sub_reasons
        )

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content, in hexadecimal."""
        canonical = json.dumps(self.to_dict(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()

    def reason(self, code: str) -> Reason:
        """Return the reason with this code; an InputError names the nearest one."""
        if code not in self._by_code:
            hint = did_you_mean(code, self.codes)
            raise InputError(f"no code {short(code)} in taxonomy {self.name} {self.version}{hint}")
        return self._by_code[code]

    @cached_property
    def _by_code(self) -> dict[str, Reason]:
        return {reason.code: reason for reason in self.reasons}


@cache
def _default() -> Taxonomy:
    return Taxonomy.read(Path(__file__).with_name("default.yaml"))


def _plain(reason: Reason) -> dict[str, Any]:
    """Return a reason as plain data, without the optional fields that it does not use."""
    reengage: dict[str, Any] = {"kind": reason.reengage.kind}
    if reason.reengage.days is not None:
        reengage["days"] = reason.reengage.days
    plain: dict[str, Any] = {
        "code": reason.code,
        "name": reason.name,
        "definition": reason.definition,
        "group": reason.group,
        "recyclable": reason.recyclable,
        "reengage": reengage,
        "administrative": reason.administrative,
        "question": reason.question,
        "sub_reasons": [
            {"code": sub.code, "name": sub.name, "definition": sub.definition}
            for sub in reason.sub_reasons
        ],
        "synonyms": list(reason.synonyms),
        "nearest": reason.nearest,
        "replaces": list(reason.replaces),
    }
    return {name: value for name, value in plain.items() if value not in (None, [])}


def _taxonomy(root: Place) -> Taxonomy:
    fields = root.mapping(("schema", "name", "version", "groups", "reasons"))
    check_schema(fields["schema"], _SCHEMA)
    groups = {name: place.text() for name, place in fields["groups"].entries().items()}
    places = fields["reasons"].items()
    reasons = tuple(_reason(place, groups) for place in places)
    _refuse_twins(places, "code")
    _refuse_twins(places, "name")
    _check_nearest(places)
    if not reasons or reasons[-1].code != INSUFFICIENT:
        (places[-1] if places else fields["reasons"]).fault(
            f"the last reason must be '{INSUFFICIENT}', the verdict that a note says nothing"
        )
    return Taxonomy(fields["name"].text(), fields["version"].text(), groups, reasons)


def _reason(place: Place, groups: Mapping[str, str]) -> Reason:
    fields = place.mapping(
        (
            "code",
            "name",
            "definition",
            "group",
            "recyclable",
            "reengage",
            "administrative",
            "question",
        ),
        ("sub_reasons", "synonyms", "nearest", "replaces"),
    )
    subs = fields["sub_reasons"].items() if "sub_reasons" in fields else []
    sub_reasons = tuple(_sub_reason(sub) for sub in subs)
    _refuse_twins(subs, "code")
    recyclable = cast(Recyclable, fields["recyclable"].one_of(get_args(Recyclable)))
    reengage = _reengage(fields["reengage"])
    if recyclable == "never" and reengage.kind != "never":
        fields["reengage"].fault("must be {kind: never}, because recyclable is never")
    replaced = list(_texts(fields, "replaces"))
    return Reason(
        code=fields["code"].code(),
        name=fields["name"].text(),
        definition=fields["definition"].text(),
        group=fields["group"].one_of(groups),
        recyclable=recyclable,
        reengage=reengage,
        administrative=fields["administrative"].flag(),
        question=fields["question"].text(),
        sub_reasons=sub_reasons,
        synonyms=tuple(synonym.text() for synonym in _texts(fields, "synonyms")),
        nearest=fields["nearest"].code() if "nearest" in fields else None,
        replaces=codes_in(replaced, {old.code() for old in replaced}),
    )


def _texts(fields: dict[str, Place], name: str) -> Iterator[Place]:
    return iter(fields[name].items() if name in fields else ())


def _sub_reason(place: Place) -> SubReason:
    fields = place.mapping(("code", "name", "definition"))
    return SubReason(fields["code"].code(), fields["name"].text(), fields["definition"].text())


def _reengage(place: Place) -> Reengage:
    fields = place.mapping(("kind",), ("days",))
    kind = cast(ReengageKind, fields["kind"].one_of(get_args(ReengageKind)))
    if kind not in _WITH_DAYS:
        if "days" in fields:
            fields["days"].fault(f"kind {kind} takes no days")
        return Reengage(kind)
    if "days" not in fields:
        place.fault(f"kind {kind} needs the field 'days'")
    return Reengage(kind, fields["days"].whole(1, _MOST_DAYS))


def _refuse_twins(places: list[Place], name: str) -> None:
    """Refuse two entries of a list that have the same text in a field."""
    seen: set[str] = set()
    for place in places:
        value = place.entries()[name]
        text = value.text().casefold()
        if text in seen:
            value.fault(f"{short(value.text())} stands there twice")
        seen.add(text)


def _check_nearest(places: list[Place]) -> None:
    entries = [place.entries() for place in places]
    codes = [fields["code"].verbatim() for fields in entries]
    for fields in entries:
        if "nearest" not in fields:
            continue
        nearest = fields["nearest"]
        codes_in([nearest], codes)
        if nearest.verbatim() == fields["code"].verbatim():
            nearest.fault("names the reason itself; name another code or leave it out")
