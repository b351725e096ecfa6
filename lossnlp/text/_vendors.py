"""Lists of vendors: the packaged one and the user's own, in the same plain format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from lossnlp._errors import InputError


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way to write a vendor's name.

    Attributes
    ----------
    text : str
        As it is written.
    vendor : str
        The name that it stands for: the first spelling of its line.
    everyday : bool
        Whether it is also an everyday word ("Zip"): it then counts only as spelt, and only where
        the words around it speak of a choice.
    """

    text: str
    vendor: str
    everyday: bool


def read_vendors(path: Path | None = None) -> list[Spelling]:
    """Read a list of vendors.

    The file is UTF-8 text, one vendor a line: its name, then other spellings after commas. ``?``
    before a spelling marks an everyday word; ``#`` starts a comment line.

    Parameters
    ----------
    path : Path, optional
        The file; the packaged list when None.

    Raises
    ------
    InputError
        If the file cannot be read, or a line holds no name; the message names the line.
    """
    place = files("lossnlp.text") / "vendors.txt" if path is None else path
    try:
        text = place.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{place}: the list of competitors cannot be read ({error}); "
            "give a UTF-8 text file with one name a line"
        ) from error
    return list(_spellings(text.splitlines(), str(place)))


def _spellings(lines: Iterable[str], place: str) -> Iterator[Spelling]:
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        names = [part.strip() for part in line.split(",")]
        vendor = names[0].lstrip("?").strip()
        for name in names:
            spelling = name.removeprefix("?").strip()
            if not any(character.isalnum() for character in spelling):
                raise InputError(
                    f"{place}, line {number}: an empty name in {line.strip()!r}; "
                    "write the name, then other spellings after commas"
                )
            yield Spelling(spelling, vendor, everyday=name.startswith("?"))


@cache
def everyday_words() -> frozenset[str]:
    """Return the capitalised words of notes that name no vendor, in lower case."""
    return _words("everyday.txt")


@cache
def given_names() -> frozenset[str]:
    """Return common given names, in lower case."""
    return _words("given_names.txt")


def _words(file: str) -> frozenset[str]:
    text = (files("lossnlp.text") / file).read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return frozenset(word for line in lines for word in line.split())
