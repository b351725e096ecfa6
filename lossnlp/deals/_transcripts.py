"""Transcripts of calls: Gong JSON, WebVTT and ``Name: text`` files, joined to deals by id."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lossnlp._errors import InputError
from lossnlp.deals._delimited import checked_encoding
from lossnlp.deals._snippets import SnippetDicts, SnippetsError, from_list, side_of, split_turns

_CUE_TIME = re.compile(r"[\d:.,]+\s+-->\s+[\d:.,]+")
_VOICE = re.compile(r"<v(?:\.[^ >]*)?\s+([^>]+)>")
_TAG = re.compile(r"<[^>]+>")
_NAMED = re.compile(r"^([^\W\d_][^:\n]{0,59}?):\s+(.*)$")
#: A Salesforce id is the same record in its 15- and 18-character form.
_SALESFORCE_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")


@dataclass
class Joined:
    """The snippets that transcripts give each deal, in the order of the deals."""

    snippets: list[SnippetDicts]
    choice: str
    warnings: list[str] = field(default_factory=list)


@dataclass
class _Call:
    """One call: the ids by which its deal may be known, and its turns."""

    source: str
    keys: tuple[str, ...]
    turns: SnippetDicts


def join(ids: Sequence[str | None], path: Path, own: Collection[str] = ()) -> Joined:
    """Read a transcript file or a folder of them and return the snippets of each deal.

    A call belongs to the deal whose id its metadata names (Gong: an object of the CRM context, or
    the call's id), or whose id is the stem of the file, alone or before ``_``, ``-``, ``.`` or a
    blank (``006…_2026-03-01.vtt``).

    Raises
    ------
    InputError
        When there are no transcripts, one cannot be read, or none belongs to a deal.
    """
    calls = _calls(path, own)
    places: dict[str, int] = {}
    for place, deal in enumerate(ids):
        if deal:
            places.setdefault(_key(deal), place)
    snippets: list[SnippetDicts] = [[] for _ in ids]
    lonely: list[str] = []
    for call in calls:
        key = next((key for key in map(_key, call.keys) if key in places), None)
        if key is None:
            lonely.append(call.source)
        else:
            snippets[places[key]] += call.turns
    if len(lonely) == len(calls):
        raise InputError(
            f"none of the {len(calls)} transcripts of {path} belongs to a deal: name each file "
            f"by the deal's id (such as {next((d for d in ids if d), 'ID')}.vtt)"
        )
    joined = Joined(snippets, f"transcripts: {len(calls) - len(lonely)} joined from {path}")
    if lonely:
        shown = ", ".join(lonely[:3]) + (", …" if len(lonely) > 3 else "")
        joined.warnings.append(f"{len(lonely)} transcripts belong to no deal ({shown})")
    return joined


def _key(deal: str) -> str:
    return deal[:15] if _SALESFORCE_ID.fullmatch(deal) else deal


def _calls(path: Path, own: Collection[str]) -> list[_Call]:
    if not path.exists():
        raise InputError(f"there is no transcript file or folder {path}")
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    files = [p for p in files if p.suffix.lower() in (".json", ".vtt", ".txt")]
    if not files:
        raise InputError(f"{path} holds no transcript (.json, .vtt or .txt)")
    calls: list[_Call] = []
    documents: list[tuple[Path, Any]] = []
    for file in files:
        text = _text(file)
        suffix = file.suffix.lower()
        if suffix == ".json":
            documents.append((file, _json(text, file)))
        else:
            turns = _vtt(text, own) if suffix == ".vtt" else _plain(text, own)
            calls.append(_Call(file.name, _stem_keys(file), turns))
    return calls + _gong(documents, own)


def _text(file: Path) -> str:
    data = file.read_bytes()
    text = data.decode(checked_encoding(data, None, str(file)))
    return text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _json(text: str, file: Path) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{file}, line {error.lineno}: broken JSON ({error.msg})") from None


def _stem_keys(file: Path) -> tuple[str, ...]:
    """Return the stem and each beginning of it that ends before a separator, longest first."""
    ends = [match.start() for match in re.finditer(r"[ _.\-]", file.stem)]
    return (file.stem, *(file.stem[:end] for end in reversed(ends) if end))


def _vtt(text: str, own: Collection[str]) -> SnippetDicts:
    """Return the turns of a WebVTT file; cues of one speaker in a row are one turn."""
    said: list[tuple[str, str]] = []
    for block in re.split(r"\n\s*\n", text):
        lines = block.strip().split("\n")
        time = next((i for i, line in enumerate(lines) if _CUE_TIME.match(line.strip())), None)
        if time is None:
            continue  # the WEBVTT line, notes and styles
        payload = " ".join(line.strip() for line in lines[time + 1 :])
        voice = _VOICE.search(payload)
        plain = html.unescape(_TAG.sub("", payload)).strip()
        named = None if voice else _NAMED.match(plain)
        name = voice.group(1) if voice else named.group(1) if named else ""
        said.append((name or (said[-1][0] if said else ""), named.group(2) if named else plain))
    return _turns(said, own)


def _plain(text: str, own: Collection[str]) -> SnippetDicts:
    turns = split_turns(text.strip())
    return _turns(turns if turns is not None else [("", text.strip())], own)


def _turns(said: Sequence[tuple[str, str]], own: Collection[str]) -> SnippetDicts:
    """Return snippets, with what one speaker says in a row put together."""
    turns: SnippetDicts = []
    last = None
    for name, text in said:
        if not text:
            continue
        if turns and name == last:
            turns[-1]["text"] += f" {text}"
        else:
            turns.append({"speaker": side_of(name, own), "text": text})
        last = name
    return turns


def _gong(documents: Sequence[tuple[Path, Any]], own: Collection[str]) -> list[_Call]:
    """Return the calls of Gong answers: transcripts, joined with the calls' parties by call id."""
    transcripts: list[tuple[Path, dict[str, Any]]] = []
    metadata: dict[str, dict[str, Any]] = {}
    calls = []
    for file, document in documents:
        if isinstance(document, list):
            calls.append(_Call(file.name, _stem_keys(file), _listed(document, file, own)))
            continue
        if not isinstance(document, dict):
            raise InputError(f"{file} is no transcript: a list of turns or a Gong answer is wanted")
        for call in document.get("calls", ()):
            metadata[str(call.get("metaData", {}).get("id"))] = call
        found = document.get("callTranscripts", [document] if "transcript" in document else [])
        if not found and "calls" not in document:
            raise InputError(f"{file} has neither callTranscripts nor a transcript")
        transcripts += [(file, transcript) for transcript in found]
    for file, transcript in transcripts:
        call_id = str(transcript.get("callId", ""))
        call = metadata.get(call_id, transcript)
        keys = (*_crm_ids(call), call_id, *_stem_keys(file))
        calls.append(
            _Call(f"{file.name} {call_id}".strip(), keys, _gong_turns(transcript, call, own))
        )
    return calls


def _listed(document: list[Any], file: Path, own: Collection[str]) -> SnippetDicts:
    try:
        return from_list(document, own)
    except SnippetsError as error:
        raise InputError(f"{file}: {error}") from None


def _crm_ids(call: dict[str, Any]) -> list[str]:
    """Return the ids of the opportunities or deals that a call's CRM context names."""
    return [
        str(item.get("objectId"))
        for context in call.get("context", ())
        for item in context.get("objects", ())
        if item.get("objectType") in ("Opportunity", "Deal")
    ]


def _gong_turns(
    transcript: dict[str, Any], call: dict[str, Any], own: Collection[str]
) -> SnippetDicts:
    parties = {str(party.get("speakerId")): party for party in call.get("parties", ())}
    turns = []
    for monologue in transcript.get("transcript", ()):
        text = " ".join(sentence.get("text", "") for sentence in monologue.get("sentences", ()))
        party = parties.get(str(monologue.get("speakerId")), {})
        side = {"Internal": "rep", "External": "buyer"}.get(party.get("affiliation", ""))
        if text.strip():
            turns.append(
                {"speaker": side or side_of(party.get("name") or "", own), "text": text.strip()}
            )
    return turns
