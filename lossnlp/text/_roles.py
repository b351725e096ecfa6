"""The part a named vendor plays, read from the words around its name.

A context is written in lower case, with ``§`` for the name in question and ``¤`` for other names
near it. The rules are tried in order and the first that fits decides. The plain rules suffice for a
name that no list holds; the loose ones hold for listed names alone, as they would take a person or
a town for a vendor.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from lossnlp.text import _role_rules as rules
from lossnlp.text._signals import Role

#: Role → contexts, in the order in which they are tried.
_PLAIN: tuple[tuple[Role, tuple[str, ...]], ...] = (
    ("rejected", rules.PLAIN_REJECTED),
    ("under_contract", rules.PLAIN_BOUND),
    ("in_use", rules.PLAIN_USE),
    ("chosen", rules.PLAIN_CHOSEN),
    ("considered", rules.PLAIN_CONSIDERED),
)
_LOOSE: tuple[tuple[Role, tuple[str, ...]], ...] = (
    ("rejected", rules.LOOSE_REJECTED),
    ("under_contract", rules.LOOSE_BOUND),
    ("in_use", rules.LOOSE_USE),
    ("chosen", rules.LOOSE_CHOSEN),
    ("considered", rules.LOOSE_CONSIDERED),
)


def role_of(context: str, *, listed: bool) -> Role | None:
    """Return the role of the name at ``§``; None where it is no rival.

    A listed name is a rival unless the context makes it something else; an unlisted one only where
    a plain rule makes it one.
    """
    context = context.lower()  # matching without re.I takes less than half the time
    role = _first(_PLAIN, context)
    if role is None and not listed:
        return None  # most capitalised words end here
    if _contexts(rules.NOT_A_RIVAL).fit(context):
        return None
    return role or _first(_LOOSE, context) or "considered"


def _first(table: Sequence[tuple[Role, tuple[str, ...]]], context: str) -> Role | None:
    return next((role for role, patterns in table if _contexts(patterns).fit(context)), None)


class _Contexts:
    """Patterns in one, by the side of the name that they speak of: only that side is searched."""

    def __init__(self, patterns: Sequence[str]) -> None:
        alone = [pattern for pattern in patterns if pattern.count("§") == 1]
        before = [pattern for pattern in alone if pattern.endswith("§")]
        after = [pattern for pattern in alone if pattern.startswith("§")]
        rest = [pattern for pattern in patterns if pattern not in {*before, *after}]
        self._before, self._after, self._both = map(_any_of, (before, after, rest))

    def fit(self, context: str) -> bool:
        at = context.index("§")
        return bool(
            (self._before and self._before.search(context, 0, at + 1))
            or (self._after and self._after.match(context, at))
            or (self._both and self._both.search(context))
        )


@cache  # compiled when a name is met, not at import
def _contexts(patterns: tuple[str, ...]) -> _Contexts:
    return _Contexts(patterns)


def _any_of(patterns: Sequence[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(patterns)) if patterns else None
