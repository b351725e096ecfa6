"""The listed vendors that a text names: spaCy's phrase matcher for many texts, a table for few."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from lossnlp.text._vendors import Spelling

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.matcher import PhraseMatcher
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

#: So many texts are left to spaCy; for fewer the second and the 100 MiB to load it would be felt.
_MANY = 200
#: A word, a mark or white space, and whether a space follows: every character is in one of them,
#: so that a Doc's text is the text it was made from.
_TOKEN = re.compile(r"(\w+|[^\w\s]|\s)([ ]?)")
_WORD = re.compile(r"\w+")


class Listed(NamedTuple):
    """A listed vendor named at ``start:end`` of a text."""

    start: int
    end: int
    vendor: str
    everyday: bool


class _Stretch(NamedTuple):
    start: int
    end: int
    tokens: int


Find = Callable[[str], list[Listed]]


class Gazetteer:
    """Finds the names of a list in texts, upper and lower case aside.

    Parameters
    ----------
    spellings : sequence of Spelling
        The names; of two vendors with one spelling the first has it.
    """

    def __init__(self, spellings: Sequence[Spelling]) -> None:
        self._plain: dict[str, str] = {}
        self._everyday: dict[str, str] = {}
        for spelling in spellings:
            table = self._everyday if spelling.everyday else self._plain
            table.setdefault(spelling.text.casefold(), spelling.vendor)
        self._spelt = {spelling.text for spelling in spellings if spelling.everyday}
        words = [_WORD.findall(key) for key in self._plain]
        words += [_WORD.findall(spelt.casefold()) for spelt in self._spelt if " " in spelt]
        self._single_words = {first for first, *more in words if not more}
        self._first_pairs = {(first, more[0]) for first, *more in words if more}
        self._lock = Lock()  # the pipeline's memory zone belongs to one caller at a time

    @contextmanager
    def open_for(self, texts: Sequence[str]) -> Iterator[Find]:
        """Give a function that finds the names in one text; both ways find the same.

        Few texts are looked up in a table; for many spaCy is loaded, which forgets their strings
        at the end of the context.
        """
        if len(texts) < _MANY:
            yield partial(self._found, self._looked_up)
            return
        with self._lock:
            _ = self._matcher  # its patterns must outlive the zone
            with self._nlp.memory_zone():
                yield partial(self._found, self._matched)

    def _found(self, stretches: Callable[[str], list[_Stretch]], text: str) -> list[Listed]:
        found = []
        for start, end, _ in _longest(stretches(text)):
            spelt = text[start:end]
            key = spelt.casefold()
            if key in self._plain:
                found.append(Listed(start, end, self._plain[key], everyday=False))
            elif spelt in self._spelt:
                found.append(Listed(start, end, self._everyday[key], everyday=True))
        return found

    def _looked_up(self, text: str) -> list[_Stretch]:
        places = list(_TOKEN.finditer(text))
        tokens = [place[1].lower() for place in places]
        found = []
        for here, token in enumerate(tokens):
            for phrase in self._phrases.get(token, ()):
                if phrase == tuple(tokens[here : here + len(phrase)]):
                    last = here + len(phrase) - 1
                    found.append(_Stretch(places[here].start(), places[last].end(1), len(phrase)))
        return found

    def _matched(self, text: str) -> list[_Stretch]:
        if not self._may_name(text):
            return []
        spans = self._matcher(self._nlp.make_doc(text), as_spans=True)
        return [_Stretch(span.start_char, span.end_char, len(span)) for span in spans]

    def _may_name(self, text: str) -> bool:
        """Tell cheaply whether a text may hold a listed name; most do not."""
        words = _WORD.findall(text.casefold())
        return (
            not self._single_words.isdisjoint(words)
            or not self._first_pairs.isdisjoint(pairwise(words))
            or (
                not self._everyday.keys().isdisjoint(words)
                and not self._spelt.isdisjoint(_WORD.findall(text))
            )
        )

    @cached_property
    def _phrases(self) -> dict[str, list[tuple[str, ...]]]:
        """The names as tokens, by their first one."""
        phrases: dict[str, list[tuple[str, ...]]] = {}
        for key in {**self._plain, **self._everyday}:
            tokens = tuple(token.lower() for token, _ in _TOKEN.findall(key))
            phrases.setdefault(tokens[0], []).append(tokens)
        return phrases

    @cached_property
    def _nlp(self) -> Language:
        return _blank_pipeline()

    @cached_property
    def _matcher(self) -> PhraseMatcher:
        from spacy.matcher import PhraseMatcher

        matcher = PhraseMatcher(self._nlp.vocab, attr="LOWER")
        keys = {**self._plain, **self._everyday}
        matcher.add("VENDOR", [self._nlp.make_doc(key) for key in keys])
        return matcher


def _longest(stretches: list[_Stretch]) -> list[_Stretch]:
    """Keep the longest of stretches that overlap, of equal ones the first; in text order."""
    kept: list[_Stretch] = []
    for stretch in sorted(stretches, key=lambda one: (-one.tokens, one.start)):
        if all(stretch.end <= other.start or other.end <= stretch.start for other in kept):
            kept.append(stretch)
    return sorted(kept)


def _blank_pipeline() -> Language:
    """Return a blank English pipeline whose tokens are words and marks.

    English prefix and suffix rules would cut "w/Workday" and "S&P" in other places than the names
    of a list, and cost twice the time.
    """
    import spacy

    nlp = spacy.blank("en")
    getters: dict[int, object] = nlp.vocab.lex_attr_getters  # type: ignore[attr-defined]
    needed = {nlp.vocab.strings[name] for name in ("LOWER", "NORM")}
    for unused in getters.keys() - needed:  # shapes and flags cost more than all the rest
        del getters[unused]
    nlp.tokenizer = partial(_tokens, nlp.vocab)
    return nlp


def _tokens(vocab: Vocab, text: str) -> Doc:
    from spacy.tokens import Doc

    tokens = _TOKEN.findall(text)
    spaces = [space == " " for _, space in tokens]
    return Doc(vocab, words=[word for word, _ in tokens], spaces=spaces)
