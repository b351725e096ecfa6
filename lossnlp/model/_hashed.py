"""Hashed features: words, runs of words and parts of words of many deals at once, in numpy.

The texts of a batch become one array of bytes. A polynomial hash over its prefixes gives the hash
of any stretch with one subtraction, so no loop runs over deals, words or letters. What a deal's
features are does not depend on the other deals.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lossnlp.deals import Deal
from lossnlp.text import clean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Hashes = NDArray[np.uint64]
    Places = NDArray[np.intp]

#: Families of features, each weighed and normalised for itself.
FAMILIES = ("word", "part", "buyer", "static")

_BASE = 0x9E3779B97F4A7C15 | 1
_INVERSE = pow(_BASE, -1, 2**64)
_OTHER, _LETTER, _SYMBOL = 0, 1, 2
_TEXT_END, _EDGE = 0, 1  # bytes that no text holds
_PART_LENGTHS = (3, 4, 5)
_LONGEST_WORD = 40


def _byte_classes() -> NDArray[np.uint8]:
    classes = np.zeros(256, dtype=np.uint8)
    classes[128:] = _LETTER  # any byte of a letter outside ASCII
    for letter in b"abcdefghijklmnopqrstuvwxyz0123456789'":
        classes[letter] = _LETTER
    for symbol in b"$%?!/&+":
        classes[symbol] = _SYMBOL
    return classes


def _byte_codes() -> NDArray[np.uint64]:
    """Return what each byte counts in a hash; all digits are alike."""
    codes = np.arange(1, 257, dtype=np.uint64)
    codes[ord("0") : ord("9") + 1] = codes[ord("0")]
    return codes


_CLASSES, _CODES = _byte_classes(), _byte_codes()


class Occurrences(NamedTuple):
    """Features as they occur: the deal of each, in ascending order, and its hash."""

    deal: Places
    hashes: Hashes


_NOTHING = Occurrences(np.empty(0, np.intp), np.empty(0, np.uint64))


@dataclass(frozen=True)
class Found:
    """The features of n deals: of each family some runs of occurrences."""

    deals: int
    families: Mapping[str, Sequence[Occurrences]]

    @property
    def wordless(self) -> NDArray[np.bool_]:
        """Tell which deals hold no word at all, [n]."""
        silent = np.ones(self.deals, dtype=bool)
        for run in self.families["word"]:
            silent[run.deal] = False
        return silent


def features_of(deals: Sequence[Deal]) -> Found:
    """Return every feature of every deal."""
    texts, owner, buyer = _texts(deals)
    if not texts:
        return Found(0, dict.fromkeys(FAMILIES, ()))
    data = _joined(texts)
    text, start, end = _tokens(data)
    words = _hashes(data, start, end)
    deal = owner[text]
    said = buyer[text]
    heard = words[said], text[said], deal[said]
    return Found(
        len(deals),
        {
            "word": [_run(words, text, deal, length, salt=length) for length in (1, 2, 3)],
            "part": [_parts(data, start, end, words, deal)],
            "buyer": [_run(*heard, length, salt=3 + length) for length in (1, 2)],
            "static": [_run(words, text, deal, 1, salt=6)],
        },
    )


def static_hashes(words: Sequence[str]) -> tuple[Places, Hashes]:
    """Return the positions of those texts that are single words, and their ``static`` hashes."""
    (run,) = features_of([Deal(word) for word in words]).families["static"] or [_NOTHING]
    alone = np.bincount(run.deal, minlength=len(words))[run.deal] == 1
    return run.deal[alone], run.hashes[alone]


def _texts(deals: Sequence[Deal]) -> tuple[list[str], Places, NDArray[np.bool_]]:
    """Return the texts of all deals, the deal of each, and whether the buyer said it."""
    texts: list[str] = []
    owner: list[int] = []
    buyer: list[bool] = []
    for number, deal in enumerate(deals):
        texts.append(_unmarked(deal.note))
        owner.append(number)
        buyer.append(False)
        for snippet in deal.snippets:
            texts.append(_unmarked(snippet.text))
            owner.append(number)
            buyer.append(snippet.speaker == "buyer")
    return texts, np.array(owner, dtype=np.intp), np.array(buyer, dtype=bool)


def _unmarked(text: str) -> str:
    """Return a text without HTML; cleaning all of every text would take longer than reading it."""
    return clean(text).text if "<" in text or "&" in text else text


def _joined(texts: Sequence[str]) -> NDArray[np.uint8]:
    """Return all texts as one array of bytes, lower case, each with an end mark."""
    whole = "\x00".join(texts) + "\x00"
    if whole.count("\x00") > len(texts):
        whole = "".join(text.replace("\x00", " ") + "\x00" for text in texts)
    if not whole.isascii():
        whole = unicodedata.normalize("NFKC", whole).replace("’", "'")
    return np.frombuffer(whole.lower().encode(errors="replace"), dtype=np.uint8)


def _tokens(data: NDArray[np.uint8]) -> tuple[Places, Places, Places]:
    """Return the text, the start and the end of each word and symbol."""
    kind = _CLASSES[data]
    before = np.concatenate(([_OTHER], kind[:-1]))
    after = np.concatenate((kind[1:], [_OTHER]))
    start = np.flatnonzero((kind == _SYMBOL) | ((kind == _LETTER) & (before != _LETTER)))
    end = np.flatnonzero((kind == _SYMBOL) | ((kind == _LETTER) & (after != _LETTER))) + 1
    text = np.searchsorted(np.flatnonzero(data == _TEXT_END), start)
    return text, start, np.minimum(end, start + _LONGEST_WORD)


def _hashes(data: NDArray[np.uint8], start: Places, end: Places) -> Hashes:
    """Return the hash of each stretch, the same wherever it stands."""
    power, inverse = _powers(1 << len(data).bit_length())
    prefix = np.zeros(len(data) + 1, dtype=np.uint64)
    np.cumsum(_CODES[data] * power[: len(data)], out=prefix[1:])
    return _mixed((prefix[end] - prefix[start]) * inverse[start])


@lru_cache(maxsize=4)
def _powers(n: int) -> tuple[Hashes, Hashes]:
    """Return the powers of the base and of its inverse, modulo 2**64."""
    both = []
    for factor in (_BASE, _INVERSE):
        factors = np.full(n, factor, dtype=np.uint64)
        factors[0] = 1
        both.append(np.multiply.accumulate(factors))
    return both[0], both[1]


def _mixed(value: Hashes) -> Hashes:
    """Spread a hash over all 64 bits (the finish of SplitMix64, Steele et al. 2014)."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def _salted(value: Hashes, salt: int) -> Hashes:
    return _mixed(value + np.uint64(salt * 0xD1B54A32D192ED03 % 2**64))


def _run(words: Hashes, text: Places, deal: Places, length: int, *, salt: int) -> Occurrences:
    """Return the runs of ``length`` neighbouring words of one text."""
    count = max(len(words) - length + 1, 0)
    value = words[:count]
    for step in range(1, length):
        value = _mixed(value * np.uint64(_BASE) + words[step : step + count])
    whole = text[:count] == text[length - 1 : length - 1 + count]
    return Occurrences(deal[:count][whole], _salted(value[whole], salt))


def _parts(
    data: NDArray[np.uint8], start: Places, end: Places, words: Hashes, deal: Places
) -> Occurrences:
    """Return the parts of words, edges included; each different word is taken apart once."""
    _, first, word = np.unique(words, return_index=True, return_inverse=True)
    size = (end - start)[first]
    edged, begin = _edged(data, start[first], size)
    grams, source = [], []
    for length in _PART_LENGTHS:
        count = np.maximum(size + 2 - length + 1, 0)
        place = np.repeat(begin, count) + _counted(count)
        grams.append(_salted(_hashes(edged, place, place + length), 6 + length))
        source.append(np.repeat(np.arange(len(first)), count))
    order = np.argsort(np.concatenate(source), kind="stable")
    gram, many = (
        np.concatenate(grams)[order],
        np.bincount(np.concatenate(source), minlength=len(first)),
    )
    edge = np.concatenate(([0], np.cumsum(many)))
    taken = np.repeat(edge[word], many[word]) + _counted(many[word])
    return Occurrences(np.repeat(deal, many[word]), gram[taken])


def _edged(
    data: NDArray[np.uint8], start: Places, size: Places
) -> tuple[NDArray[np.uint8], Places]:
    """Return the words with an edge mark on both sides, and where each begins."""
    begin = np.cumsum(size + 2) - (size + 2)
    edged = np.full(int((size + 2).sum()), _EDGE, dtype=np.uint8)
    steps = _counted(size)
    edged[np.repeat(begin + 1, size) + steps] = data[np.repeat(start, size) + steps]
    return edged, begin


def _counted(count: Places) -> Places:
    """Return 0, 1, … for each count, one behind the other."""
    ends = np.cumsum(count)
    steps: Places = np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - count, count)
    return steps
