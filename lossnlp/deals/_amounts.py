"""Amounts as exports write them: currency signs, thousands separators, negative in brackets."""

from __future__ import annotations

import re
from collections.abc import Iterable

_SPACES = re.compile(r"[\s'’]")
# A currency is a sign or a code of up to four letters; "k" or "mio" behind a number is a unit,
# and an amount with one is not read at all rather than a thousand times too small.
_CURRENCY = r"(?:[^\d.,()+\-−]{1,4}\.?)?"
_AMOUNT = re.compile(
    rf"(?P<bracket>\()?(?P<before>[-+−])?{_CURRENCY}(?P<sign>[-+−])?"
    rf"(?P<digits>\d[\d.,]*|[.,]\d+)"
    rf"(?P<behind>-)?(?!(?:k|m|mm|mn|mio|bn)\.?\)?$){_CURRENCY}\)?",
    re.IGNORECASE,
)
# Digits alone, or in groups of three (of two before the last in India) with one separator.
_WHOLE = re.compile(r"\d*|\d{1,3}(?:(?P<group>[.,])\d{2,3}(?:(?P=group)\d{2,3})*)?(?<=\d{3})")
_EXPONENT = re.compile(r"[+-]?\d+(?:[.,]\d+)?e[+-]?\d+", re.IGNORECASE)


def decimal_mark(values: Iterable[str]) -> str:
    """Return the decimal mark of a column of amounts, ``.`` or ``,``.

    The first value that can be read in one way alone decides. ``1,234`` and ``1.234`` can be
    either; a column of nothing else is taken as thousands, since money rarely has three decimals.
    """
    unclear: set[str] = set()
    for value in values:
        match = _AMOUNT.fullmatch(_SPACES.sub("", value))
        digits = match["digits"] if match else ""
        if mark := _own_mark(digits):
            return mark
        unclear.update(character for character in digits if character in ".,")
    return "," if unclear == {"."} else "."


def _own_mark(digits: str) -> str | None:
    """Return the decimal mark that a number shows by itself, or None when it may be either."""
    marks = [character for character in digits if character in ".,"]
    if not marks:
        return None
    if len(set(marks)) == 2:
        return marks[-1]
    if len(marks) > 1:
        return "," if marks[0] == "." else "."
    whole, decimals = digits.split(marks[0])
    either = len(decimals) == 3 and 1 <= len(whole) <= 3 and whole != "0"
    return None if either else marks[0]


def parse_amount(value: str, decimal: str) -> float | None:
    """Return the amount that a cell holds, or None when it holds none.

    ``decimal`` is the decimal mark of the column, for numbers that do not show their own.
    """
    text = _SPACES.sub("", value)
    if _EXPONENT.fullmatch(text):
        return float(text.replace(",", "."))
    match = _AMOUNT.fullmatch(text)
    if not match:
        return None
    mark = _own_mark(match["digits"]) or decimal
    whole, _, decimals = match["digits"].partition(mark)
    if not _WHOLE.fullmatch(whole) or (decimals and not decimals.isdigit()):
        return None
    amount = float(f"{re.sub('[.,]', '', whole) or 0}.{decimals or 0}")
    negative = match["bracket"] or match["behind"] or {match["before"], match["sign"]} & {"-", "−"}
    return -amount if negative else amount
