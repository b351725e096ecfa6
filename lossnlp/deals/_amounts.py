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
_EXPONENT = re.compile(r"[+-]?\d+(?:[.,]\d+)?e[+-]?\d+", re.IGNORECASE)


def decimal_mark(values: Iterable[str]) -> str:
    """Return the decimal mark of a column of amounts, ``.`` or ``,``.

    The first value that can be read in one way alone decides. ``1,234`` and ``1.234`` can be
    either; a column of nothing else is taken as thousands, since money rarely has three decimals.
    """
    unclear = set()
    for value in values:
        match = _AMOUNT.fullmatch(_SPACES.sub("", value))
        number = match["digits"] if match else ""
        marks = [character for character in number if character in ".,"]
        if not marks:
            continue
        if len(set(marks)) == 2:
            return marks[-1]
        if len(marks) > 1:
            return "," if marks[0] == "." else "."
        whole, decimals = number.split(marks[0])
        if len(decimals) != 3 or len(whole) > 3 or whole in ("", "0"):
            return marks[0]
        unclear.add(marks[0])
    return "," if unclear == {"."} else "."


def parse_amount(value: str, decimal: str) -> float | None:
    """Return the amount that a cell holds, or None when it holds none."""
    text = _SPACES.sub("", value)
    if _EXPONENT.fullmatch(text):
        return float(text.replace(",", "."))
    match = _AMOUNT.fullmatch(text)
    if not match:
        return None
    thousands = "," if decimal == "." else "."
    digits = match["digits"].replace(thousands, "").replace(decimal, ".")
    if digits.count(".") > 1 or digits == ".":
        return None
    negative = match["bracket"] or match["behind"] or {match["before"], match["sign"]} & {"-", "−"}
    return -float(digits) if negative else float(digits)
