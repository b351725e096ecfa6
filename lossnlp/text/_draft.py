"""A text under edit that remembers where each of its characters came from."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

Replacement = str | Callable[[re.Match[str]], str]


class Draft:
    """A text that is rewritten by patterns and stays mapped to the text as given.

    Every character of ``text`` carries the stretch of the original that it stands for, so that
    any number of rewriting steps can follow each other.

    Parameters
    ----------
    original : str
        The text as given.
    """

    def __init__(self, original: str) -> None:
        self.text = original
        # Ranges until the first edit: most notes need none, and a range costs nothing.
        self.starts: Sequence[int] = range(len(original))
        self.ends: Sequence[int] = range(1, len(original) + 1)

    def replace(self, pattern: re.Pattern[str], replacement: Replacement) -> None:
        """Replace every match of a pattern; a callable gets the match and returns the new text."""
        edits = []
        for match in pattern.finditer(self.text):
            new = replacement if isinstance(replacement, str) else replacement(match)
            if new != match.group():
                edits.append((match.start(), match.end(), new))
        if edits:
            self._apply(edits)

    def cut(self, stretches: Sequence[tuple[int, int]]) -> None:
        """Take out stretches of the current text, given in order and without overlap."""
        self._apply([(start, end, "") for start, end in stretches])

    def _apply(self, edits: list[tuple[int, int, str]]) -> None:
        pieces: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        done = 0
        for start, end, new in edits:
            pieces += (self.text[done:start], new)
            starts += self.starts[done:start]
            ends += self.ends[done:start]
            if new:
                # An insertion stands for the empty stretch before the next character.
                first = self.starts[start] if start < len(self.starts) else self._length
                last = self.ends[end - 1] if end > start else first
                starts += [first] * len(new)
                ends += [last] * len(new)
            done = end
        pieces.append(self.text[done:])
        starts += self.starts[done:]
        ends += self.ends[done:]
        self.text, self.starts, self.ends = "".join(pieces), starts, ends

    @property
    def _length(self) -> int:
        return self.ends[-1] if self.ends else 0
