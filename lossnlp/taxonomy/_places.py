"""Read YAML so that every complaint names the file, the line and the field."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, cast

from lossnlp._errors import InputError, TaxonomyError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from yaml import Event
    from yaml.nodes import MappingNode, ScalarNode, SequenceNode

    Node = ScalarNode | SequenceNode | MappingNode

#: What a code may look like: it becomes a column value, a JSON string and a file name.
_CODE = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")

#: No file that lossnlp reads nests as deep as this.
_DEEPEST = 50


class _Mark(Protocol):
    """Where a node begins, in the words of either YAML reader."""

    @property
    def line(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Place:
    """A node of a YAML document, with the file and the field where it stands."""

    node: Node
    source: str
    field: str = ""

    def fault(self, message: str) -> NoReturn:
        """Raise the one-line error for this place."""
        field = f", field {' '.join(self.field.split())}" if self.field else ""
        raise TaxonomyError(f"{self.source}{_line(self.node.start_mark)}{field}: {message}")

    def mapping(self, required: Collection[str], optional: Collection[str] = ()) -> Fields:
        """Return the fields of a mapping; an unknown, missing or repeated field is a fault."""
        fields = self.entries()
        known = [*required, *optional]
        for name, place in fields.items():
            if name not in known:
                place.fault(
                    f"unknown field{did_you_mean(name, known)}; known are {', '.join(known)}"
                )
        for name in required:
            if name not in fields:
                self.fault(f"the field '{name}' is missing")
        return fields

    def entries(self) -> Fields:
        """Return a mapping's entries under names of any kind, in the order of the file."""
        if self.node.id != "mapping":
            self.fault(f"needs 'field: value' lines, not {self._kind()}")
        fields: Fields = {}
        for key, value in self.node.value:
            name = Place(key, self.source, self.field).verbatim()
            place = Place(value, self.source, f"{self.field}.{name}".lstrip("."))
            if name in fields:
                Place(key, self.source, place.field).fault("this field stands there twice")
            fields[name] = place
        return fields

    def items(self) -> list[Place]:
        """Return the entries of a list."""
        if self.node.id != "sequence":
            self.fault(f"needs a list, not {self._kind()}")
        return [
            Place(node, self.source, f"{self.field}[{index}]")
            for index, node in enumerate(self.node.value)
        ]

    def text(self) -> str:
        """Return a text on one line; an empty one is a fault."""
        text = " ".join(self.verbatim().split())
        if not text:
            self.fault("is empty")
        return text

    def verbatim(self) -> str:
        """Return a scalar as it is written: ``no`` and ``1.0`` stay texts."""
        if self.node.id != "scalar":
            self.fault(f"needs a text, not {self._kind()}")
        return str(self.node.value)

    def code(self) -> str:
        """Return a code: lower-case letters, digits and underscores, a letter first."""
        code = self.verbatim()
        if not _CODE.match(code):
            self.fault(
                f"{short(code)} is not a code; write lower-case letters, digits and underscores, "
                "a letter first"
            )
        return code

    def one_of(self, choices: Collection[str]) -> str:
        """Return a word that must be one of ``choices``."""
        word = self.verbatim()
        if word not in choices:
            hint = did_you_mean(word, choices)
            self.fault(f"{short(word)} is not one of {', '.join(choices)}{hint}")
        return word

    def flag(self) -> bool:
        """Return true or false, in any of the words that YAML has for them."""
        word = self.verbatim().lower()
        if word not in ("true", "yes", "on", "false", "no", "off"):
            self.fault(f"{short(word)} is not one of true, false")
        return word in ("true", "yes", "on")

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``."""
        word = self.verbatim()
        if not (word.isascii() and word.isdigit() and low <= int(word[:9]) <= high):
            self.fault(f"{short(word)} is not a whole number from {low} to {high}")
        return int(word)

    def _kind(self) -> str:
        return {"scalar": "a single value", "sequence": "a list", "mapping": "a mapping"}[
            self.node.id
        ]


Fields = dict[str, Place]


def read_yaml(path: str | Path) -> Place:
    """Return the root of a YAML file.

    Raises
    ------
    InputError
        When the file cannot be read.
    TaxonomyError
        When it is empty or not YAML.
    """
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise InputError(f"{path}: {reason.lower()}; name an existing YAML file") from error
    return parse_yaml(raw, str(path))


def parse_yaml(raw: bytes, source: str) -> Place:
    """Return the root of a YAML document; ``source`` names it in errors."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _refuse_deep(yaml.parse(raw, Loader=loader), source)
        node = yaml.compose(raw, Loader=loader)
    except yaml.MarkedYAMLError as error:
        line = _line(error.problem_mark or error.context_mark)
        raise TaxonomyError(f"{source}{line}: not valid YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        problem = " ".join(str(error).split())
        raise TaxonomyError(f"{source}: not a YAML text file: {problem}") from error
    if node is None:
        raise TaxonomyError(f"{source}: is empty")
    return Place(cast("Node", node), source)


def _refuse_deep(events: Iterable[Event], source: str) -> None:
    """Refuse deep nesting: composing it recurses in C and would end the interpreter."""
    from yaml import CollectionEndEvent, CollectionStartEvent

    depth = 0
    for event in events:
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > _DEEPEST:
            line = _line(event.start_mark)
            raise TaxonomyError(f"{source}{line}: not valid YAML: nested too deep")


def _line(mark: _Mark | None) -> str:
    """Return the line of a place, counted from 1; data that is no text has none."""
    return f", line {mark.line + 1}" if mark else ""


def place_of(data: Any, source: str) -> Place:
    """Return plain data (dicts, lists, texts, numbers) as a root without lines."""
    import yaml

    try:
        node = yaml.representer.SafeRepresenter(sort_keys=False).represent_data(data)
    except yaml.YAMLError as error:
        raise TaxonomyError(f"{source}: holds something that is not plain data") from error
    return Place(cast("Node", node), source)


def check_schema(place: Place, newest: int) -> None:
    """Refuse a file whose schema number this version does not read."""
    schema = place.whole(1, 999)
    if schema > newest:
        place.fault(f"schema {schema} is newer than this lossnlp reads ({newest}); update lossnlp")


def codes_in(places: Iterable[Place], known: Collection[str]) -> tuple[str, ...]:
    """Return a list of codes, each of them known and none repeated."""
    codes: list[str] = []
    for place in places:
        code = place.verbatim()
        if code not in known:
            place.fault(f"no code {short(code)} in the taxonomy{did_you_mean(code, known)}")
        if code in codes:
            place.fault(f"the code '{code}' stands there twice")
        codes.append(code)
    return tuple(codes)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'X'?`` for the nearest known word, or nothing."""
    from difflib import get_close_matches

    near = get_close_matches(word, list(known), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


def short(text: str) -> str:
    """Return a text in quotes, on one line and cut to what an error line can hold."""
    return repr(text if len(text) <= 60 else text[:57] + "…")
