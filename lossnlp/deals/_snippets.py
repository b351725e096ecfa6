"""Snippets: stretches of a call or an email, from one cell of an export."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

from lossnlp.deals._deal import Speaker

#: Words for the two sides, as exports and transcripts spell them.
_SIDES: dict[str, Speaker] = {
    **dict.fromkeys(
        ("buyer", "customer", "client", "prospect", "lead", "contact", "external", "guest"), "buyer"
    ),
    **dict.fromkeys(
        ("rep", "sales rep", "seller", "sales", "ae", "account executive", "agent", "internal",
         "host", "us", "we"),
        "rep",
    ),
}  # fmt: skip

#: ``Name: text`` at the start of a line; a name starts with a letter and has up to four words.
_LINE = re.compile(r"^\s*([^\W\d_][^:\n]{0,39}?)\s*:[ \t]+(?=\S)(.*)$")
_NOT_NAMES = frozenset(
    {"note", "notes", "ps", "re", "fw", "fwd", "subject", "from", "to", "cc", "date", "sent",
     "action", "next steps", "summary", "update", "edit"}
)  # fmt: skip


#: Snippets as a table of deals holds them: ``{"speaker", "text"}`` each.
SnippetDicts = list[dict[str, str]]


class SnippetsError(ValueError):
    """Raised when a snippets cell cannot be read; the message says why, without the text."""


def side_of(speaker: str, own: Collection[str] = ()) -> Speaker:
    """Return ``buyer`` or ``rep`` for a speaker's name or role.

    A name that is among ``own`` (case-folded names of the seller's people), or that carries a
    role in brackets such as ``Sam (Rep)``, is taken by that; any other name is the buyer's.
    """
    name = speaker.strip().casefold()
    role = re.search(r"[(\[]([^)\]]+)[)\]]\s*$", name)
    for word in (name, role.group(1).strip() if role else ""):
        if word in _SIDES:
            return _SIDES[word]
    return "rep" if name in own or name.split("(")[0].strip() in own else "buyer"


def parse_cell(cell: str, own: Collection[str] = ()) -> SnippetDicts:
    """Return the snippets of a cell as ``{"speaker", "text"}`` dictionaries.

    Parameters
    ----------
    cell
        A JSON list of ``{"speaker", "text"}``, lines such as ``Buyer: …`` and ``Rep: …`` (a line
        without a speaker continues the one before), or plain text, which is the buyer's.
    own
        Case-folded names of the seller's people.

    Raises
    ------
    SnippetsError
        When the cell starts as a JSON list and is not one of snippets.
    """
    text = cell.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text:
        return []
    if re.match(r"\[\s*[{\]\"]", text):
        return from_list(_json_list(text), own)
    turns = split_turns(text)
    if turns is None:
        return [{"speaker": "buyer", "text": text}]
    return [{"speaker": side_of(name, own), "text": said} for name, said in turns]


def _json_list(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise SnippetsError("the JSON list is broken or cut short") from None


def from_list(entries: Any, own: Collection[str] = ()) -> SnippetDicts:
    """Return snippets from a list of ``{"speaker", "text"}`` mappings or of the buyer's texts."""
    snippets = []
    for n, entry in enumerate(entries):
        if isinstance(entry, str):
            entry = {"text": entry}
        if not isinstance(entry, dict) or not isinstance(entry.get("text"), str):
            raise SnippetsError(f'entry {n + 1} is no {{"speaker", "text"}} with a text')
        speaker = entry.get("speaker") or "buyer"
        if not isinstance(speaker, str):
            raise SnippetsError(f"entry {n + 1} has a speaker that is not a word")
        if entry["text"].strip():
            snippets.append({"speaker": side_of(speaker, own), "text": entry["text"]})
    return snippets


def split_turns(text: str) -> list[tuple[str, str]] | None:
    """Return ``(speaker, text)`` turns of ``Name: text`` lines, or None when there is no speaker.

    When the first line starts with a role (``Buyer:``), only roles start a turn, so that a colon in
    what was said does not.
    """
    lines = text.split("\n")
    first = _speaker(lines[0], roles_only=False)
    if first is None:
        return None
    roles_only = first[0].casefold() in _SIDES
    turns: list[tuple[str, list[str]]] = []
    for line in lines:
        found = _speaker(line, roles_only)
        if found:
            turns.append((found[0], [found[1]]))
        else:
            turns[-1][1].append(line)
    if len(turns) == 1 and not roles_only:
        return None  # one "Concern: …" is no dialogue
    return [(name, said) for name, parts in turns if (said := "\n".join(parts).strip())]


def _speaker(line: str, roles_only: bool) -> tuple[str, str] | None:
    match = _LINE.match(line)
    if not match:
        return None
    name = match.group(1)
    folded = name.casefold()
    if folded in _SIDES:
        return name, match.group(2)
    proper = len(name.split()) <= 4 and name[0].isupper() and folded not in _NOT_NAMES
    return (name, match.group(2)) if proper and not roles_only else None
