"""Lexical features: which words and which parts of words a deal holds, and who said them.

The same analyser serves training and reading, so a bundle holds only vocabularies and weights.
Three blocks stand side by side, each with its own TF-IDF weights and unit length:

``word``   one to three neighbouring words of the note and of every snippet
``char``   three to five neighbouring characters inside a word, edges included
``buyer``  one and two neighbouring words of what the buyer said
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

#: One voice of a deal: who speaks (``note``, ``buyer`` or ``rep``) and the words.
Voice = tuple[str, str]

#: Block → the longest run of words in it (0: characters inside words), and the voices it hears.
BLOCKS: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "word": (3, ("note", "buyer", "rep")),
    "char": (0, ("note", "buyer", "rep")),
    "buyer": (2, ("buyer",)),
}

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?|[$€£%?!/&+]")
_DIGIT = re.compile(r"\d")
_GRAM_LENGTHS = (3, 4, 5)
_LONGEST_WORD = 40  # what is longer is a link or a key, and says nothing by its parts
_CACHED_WORDS = 200_000


def words_of(text: str) -> list[str]:
    """Split a text into lower-case words; every digit becomes 0, so that amounts look alike."""
    plain = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    return [word[:_LONGEST_WORD] for word in _WORD.findall(_DIGIT.sub("0", plain))]


def _runs(words: Sequence[str], longest: int) -> Iterator[str]:
    yield from words
    for length in range(2, longest + 1):
        yield from map(" ".join, zip(*(words[start:] for start in range(length)), strict=False))


def _grams(word: str) -> list[str]:
    padded = f" {word} "
    return [
        padded[start : start + length]
        for length in _GRAM_LENGTHS
        for start in range(len(padded) - length + 1)
    ]


@dataclass(frozen=True)
class SparseRows:
    """A sparse matrix [n, width], read row by row.

    Row i holds ``weights[ends[i]:ends[i + 1]]`` in the columns of the same stretch of ``columns``.
    scipy's own would take half a second to import, and a model is often loaded for one note.
    """

    columns: NDArray[np.int64]
    weights: NDArray[np.float32]
    ends: NDArray[np.int64]
    width: int

    def __matmul__(self, table: NDArray[np.float32]) -> NDArray[np.float32]:
        """Multiply by a dense table, [width] or [width, m]; a row depends on itself alone."""
        product = np.zeros((len(self.ends) - 1, *table.shape[1:]), dtype=np.float32)
        for row, (start, end) in enumerate(pairwise(self.ends)):
            product[row] = self.weights[start:end] @ table[self.columns[start:end]]
        return product

    def to_csr(self) -> csr_array:
        """Return the same as scipy's matrix, with the 32-bit positions that scikit-learn takes."""
        from scipy.sparse import csr_array

        places = self.columns.astype(np.int32), self.ends.astype(np.int32)
        return csr_array((self.weights, *places), shape=(len(self.ends) - 1, self.width))


@dataclass
class _Block:
    """One block's vocabulary with its inverse document frequencies."""

    longest: int
    voices: tuple[str, ...]
    index: dict[str, int]
    idf: NDArray[np.float32]

    def __post_init__(self) -> None:
        self._columns_of_word: dict[str, list[int]] = {}

    def columns(self, spoken: Iterable[tuple[str, list[str]]]) -> list[int]:
        """Return the column of every known term, once per occurrence."""
        found: list[int] = []
        for voice, words in spoken:
            if voice not in self.voices:
                continue
            if self.longest:
                found += self._known(_runs(words, self.longest))
            else:
                for word in words:
                    found += self._parts(word)
        return found

    def weigh(
        self, deals: Sequence[Sequence[tuple[str, list[str]]]]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
        """Return rows, columns and TF-IDF weights (sublinear, each row of unit length)."""
        found = [self.columns(spoken) for spoken in deals]
        rows = np.repeat(np.arange(len(deals)), [len(columns) for columns in found])
        columns = np.fromiter(chain.from_iterable(found), dtype=np.int64, count=len(rows))
        entries, count = np.unique(rows * len(self.idf) + columns, return_counts=True)
        rows, columns = np.divmod(entries, max(len(self.idf), 1))
        weight = (1 + np.log(count)) * self.idf[columns]
        norm = np.sqrt(np.bincount(rows, weights=np.square(weight), minlength=len(deals)))
        return rows, columns, (weight / norm[rows]).astype(np.float32)

    def _known(self, terms: Iterable[str]) -> list[int]:
        index = self.index
        return [index[term] for term in terms if term in index]

    def _parts(self, word: str) -> list[int]:
        found = self._columns_of_word.get(word)
        if found is None:
            if len(self._columns_of_word) >= _CACHED_WORDS:
                self._columns_of_word.clear()
            found = self._columns_of_word[word] = self._known(_grams(word))
        return found


class LexicalFeatures:
    """Vocabularies that turn voices into rows of a sparse matrix.

    Parameters
    ----------
    terms
        Block → its terms, in column order.
    idf
        Block → the inverse document frequency of each term, float32.
    """

    def __init__(
        self, terms: Mapping[str, Sequence[str]], idf: Mapping[str, NDArray[np.float32]]
    ) -> None:
        self.terms = {block: tuple(terms[block]) for block in BLOCKS}
        self._blocks = [
            _Block(longest, voices, {t: i for i, t in enumerate(self.terms[name])}, idf[name])
            for name, (longest, voices) in BLOCKS.items()
        ]
        if any(len(block.index) != len(block.idf) for block in self._blocks):
            raise ValueError("the lexical terms do not fit their frequencies")
        self.width = sum(len(block.idf) for block in self._blocks)

    @property
    def idf(self) -> dict[str, NDArray[np.float32]]:
        """The inverse document frequencies of each block."""
        return {name: block.idf for name, block in zip(BLOCKS, self._blocks, strict=True)}

    @classmethod
    def fit(cls, deals: Sequence[Sequence[Voice]], *, least: int, most: int) -> LexicalFeatures:
        """Choose the terms that stand in at least ``least`` deals, at most ``most`` in a block.

        ``idf`` is ``ln((1 + n) / (1 + df)) + 1``, the smoothed form that scikit-learn uses.
        """
        spoken = [[(voice, words_of(text)) for voice, text in deal] for deal in deals]
        terms: dict[str, list[str]] = {}
        idf: dict[str, NDArray[np.float32]] = {}
        for name, (longest, voices) in BLOCKS.items():
            count = Counter(chain.from_iterable(_terms(deal, longest, voices) for deal in spoken))
            chosen = sorted(term for term, df in count.most_common(most) if df >= least)
            df = np.array([count[term] for term in chosen], dtype=np.float64)
            terms[name] = chosen
            idf[name] = (np.log((1 + len(deals)) / (1 + df)) + 1).astype(np.float32)
        return cls(terms, idf)

    def transform(self, deals: Iterable[Sequence[Voice]]) -> SparseRows:
        """Return one row a deal, float32, [n, width]; a row depends on its own deal only."""
        spoken = [[(voice, words_of(text)) for voice, text in deal] for deal in deals]
        parts = [block.weigh(spoken) for block in self._blocks]
        offsets = np.cumsum([0, *(len(block.idf) for block in self._blocks[:-1])])
        rows = np.concatenate([rows for rows, _, _ in parts])
        columns = np.concatenate([c + off for (_, c, _), off in zip(parts, offsets, strict=True)])
        weights = np.concatenate([weight for _, _, weight in parts])
        order = np.lexsort((columns, rows))
        ends = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(spoken)))])
        return SparseRows(columns[order], weights[order], ends, self.width)


def _terms(
    spoken: Iterable[tuple[str, list[str]]], longest: int, voices: tuple[str, ...]
) -> set[str]:
    heard = [words for voice, words in spoken if voice in voices]
    if longest:
        return set(chain.from_iterable(_runs(words, longest) for words in heard))
    return set(chain.from_iterable(_grams(word) for word in set(chain.from_iterable(heard))))
