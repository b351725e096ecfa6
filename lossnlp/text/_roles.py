"""The part a named vendor plays, read from the words around its name.

A context is written with ``§`` for the name in question and ``¤`` for other names near it. The
rules are tried in order and the first that fits decides. The plain rules suffice for a name that no
list holds; the loose ones hold for listed names alone, as they would take a person or a town for a
vendor.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from lossnlp.text import _role_rules as rules
from lossnlp.text._signals import Role


def _rule(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.I)


class _Rule(NamedTuple):
    """A context, and the side of the name that it speaks of: only that side is searched."""

    pattern: re.Pattern[str]
    side: Literal["before", "after", "both"]

    def fits(self, context: str, at: int) -> bool:
        if self.side == "before":
            return self.pattern.search(context, 0, at + 1) is not None
        return self.pattern.search(context, at if self.side == "after" else 0) is not None


Table = tuple[tuple[Role, tuple[_Rule, ...]], ...]


def _table(*rows: tuple[Role, tuple[str, ...]]) -> Table:
    return tuple((role, tuple(map(_sided, patterns))) for role, patterns in rows)


def _sided(pattern: str) -> _Rule:
    alone = pattern.count("§") == 1
    if alone and pattern.endswith("§"):
        return _Rule(_rule(pattern), "before")
    return _Rule(_rule(pattern), "after" if alone and pattern.startswith("§") else "both")


#: Contexts in which a listed name is something else than a rival.
_NOT_A_RIVAL = tuple(map(_rule, rules.NOT_A_RIVAL))
#: Role → contexts, in the order in which they are tried.
_PLAIN = _table(
    ("rejected", rules.PLAIN_REJECTED),
    ("under_contract", rules.PLAIN_BOUND),
    ("in_use", rules.PLAIN_USE),
    ("chosen", rules.PLAIN_CHOSEN),
    ("considered", rules.PLAIN_CONSIDERED),
)
_LOOSE = _table(
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
    role = _first(_PLAIN, context)
    if role is None and not listed:
        return None  # most capitalised words end here
    if any(pattern.search(context) for pattern in _NOT_A_RIVAL):
        return None
    return role or _first(_LOOSE, context) or "considered"


def _first(table: Table, context: str) -> Role | None:
    at = context.index("§")
    for role, contexts in table:
        if any(rule.fits(context, at) for rule in contexts):
            return role
    return None
