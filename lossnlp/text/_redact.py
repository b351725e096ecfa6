"""Redaction by rule: what identifies a person or an account becomes a token."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from lossnlp.text._vendors import everyday_words


class Replaced(NamedTuple):
    """One replaced stretch: its kind and its offsets in the text as given."""

    kind: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without the personal data that rules find.

    Attributes
    ----------
    text : str
        The text with tokens such as ``[EMAIL]`` in their place.
    replaced : tuple of Replaced
        What was replaced, in the order of the text given. It holds the personal data: keep it
        out of reports and logs.
    """

    text: str
    replaced: tuple[Replaced, ...]


_EMAIL = re.compile(
    r"(?<![\w.+-])[\w.+'-]{1,64}(?:@|[ ]?\[at\][ ]?|"
    r"[ ]\(at\)[ ])(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w-])",
    re.I,
)
_URL = re.compile(
    r"(?<![\w@.])(?:https?://|www\.)[^\s<>\"'”’)\]}]*[^\s<>\"'”’)\]},.;:!?]"
    r"|(?<![\w@.-])(?:[a-z0-9-]{2,63}\.)+(?:com|net|org|io|co|ai|app|dev|eu|de|fr|uk|us|nl|"
    r"ch)/[^\s<>\"'”’)\]}]*[^\s<>\"'”’)\]},.;:!?]",
    re.I,
)
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,3})?(?!\w)")
_CARD = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])")
_ACCOUNT = re.compile(
    r"\b(?:account|acct|a/c|iban|sort code|routing|passport|ssn|social security|tax id|vat|nin|"
    r"driving licen[cs]e|"
    r"member(?:ship)?|customer|policy|patient|case)[ ]?(?:no|number|nr|num|id|#)?\.?[ ]?[:#=]?[ ]?"
    r"(?P<value>(?=[\w-]*\d)[A-Z0-9][A-Z0-9-]{5,30})(?![\w-])",
    re.I,
)
_SSN = re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])")
_PHONE = re.compile(
    r"(?<![\w$€£.,/:#-])(?:\+|00)?(?:\(\d{1,5}\)[ ]?|"
    r"\d{1,5}[ ().-]{1,2})(?:\(?\d{1,5}\)?[ .-]{0,2}){1,6}\d(?![\w%/-])"
    r"|(?<![\w$€£.,/-])\+\d{7,15}(?!\w)|\b(?:tel|phone|mob|mobile|cell|ph|fax|call|line|"
    r"text)\b[.:]?[ ]?(?P<bare>\(?\d[\d ().-]{4,18}\d)(?![\w%])",
    re.I,
)
_DATE_OR_RANGE = re.compile(
    r"\d{4}[-.]\d{1,2}[-.]\d{1,2}|\d{1,2}[-.]\d{1,2}[-.]\d{2,4}|(?:19|20)\d\d[- ]{1,3}(?:19|"
    r"20)\d\d|\d{1,3}(?:[ .,]\d{3})+"
)
_IP = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")

_CAP = r"[^\W\d_a-zß-öø-ÿ][^\W\d_]*(?:['’-][^\W\d_]+)*"
_PARTICLE = r"(?:van|von|de|der|den|da|di|del|dos|bin|al|el|la|le|ten|ter)"
_FULL = rf"{_CAP}(?:[ ](?:{_PARTICLE}[ ]){{0,2}}{_CAP}|[ ][A-Z]\.?(?!\w)){{0,2}}"
_TITLED = re.compile(
    rf"(?<!\w)(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sir|Dame|Frau|Herr|Mme|Mlle|Sr|Sra|Señor|Señora|Madame|"
    rf"Monsieur)\.?[ ](?P<name>{_FULL})(?!\w)"
)
_GREETED = re.compile(
    rf"(?:^|[\n.!?\"“>][ ]?|^[ >]+)(?i:hi|hello|hey|dear|hallo|hola|bonjour|good (?:morning|"
    rf"afternoon|evening)|morning|cheers|thanks|thank you)"
    rf"(?i:[ ](?:again|so much))?,?[ ](?P<name>{_FULL})(?=[ ]?(?:[,.!:;–—-]|\n|$))",
    re.M,
)
_SIGNED = re.compile(
    rf"(?:^|\n|[.!?][ ])[ >]*(?i:(?:(?:kind|best|warm|warmest|many)[ ])?"
    rf"(?:regards|wishes|thanks)|best|"
    rf"cheers|sincerely|yours(?: (?:sincerely|faithfully|truly))?|"
    rf"thanks|thx|rgds|br|lg|all the best|gru(?:ß|"
    rf"ss))[ ]?[,.!]?[ ]*\n[ >]*[-–—]*[ ]?(?P<name>{_FULL})[ ]*(?=\n|$|,|\|)"
)
_NAMED_FIELD = re.compile(
    rf"(?:^|\n)[ >]*(?i:from|to|cc|attn|contact|name|champion|sponsor|signed|signatory|economic "
    rf"buyer|eb)[ ]?:[ ]*(?P<name>{_FULL})(?!\w)(?!@)"
)
_SAID = re.compile(
    rf"(?:(?i:spoke (?:to|with)|talked (?:to|with)|call (?:with|w/)|met(?: with)?|emailed|per|"
    rf"asked|told|cc['’]?d|(?:his|her|their|my|our) (?:boss|colleague|manager|champion|sponsor|"
    rf"contact|deputy|counterpart|cfo|ceo|cto|cio|vp),?)"
    rf"[ ])(?P<name>{_CAP}(?:[ ]{_CAP})?)(?!\w)"
)
_RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("EMAIL", _EMAIL),
    ("URL", _URL),
    ("ACCOUNT", _IBAN),
    ("CARD", _CARD),
    ("ACCOUNT", _SSN),
    ("ACCOUNT", _ACCOUNT),
    ("IP", _IP),
    ("PHONE", _PHONE),
    ("NAME", _TITLED),
    ("NAME", _GREETED),
    ("NAME", _SIGNED),
    ("NAME", _NAMED_FIELD),
    ("NAME", _SAID),
)
_TOKEN = re.compile(r"\[(?:EMAIL|URL|ACCOUNT|CARD|IP|PHONE|NAME)\]")
_MIN_PHONE_DIGITS, _MAX_PHONE_DIGITS = 7, 15


def redact(text: str, names: Iterable[str] = ()) -> Redacted:
    """Replace what identifies a person or an account by tokens.

    E-mail addresses, URLs, IP addresses, phone, card and account numbers are found by their form;
    names of persons by what stands around them: greetings, signatures, titles, fields such as
    "From:". A name found once is replaced wherever it stands. docs/redaction.md says what is not
    caught. Redacting twice changes nothing more.

    Parameters
    ----------
    text : str
        Any text.
    names : iterable of str
        Names to replace besides: account owners, known contacts.
    """
    taken: list[Replaced] = [
        Replaced("", *match.span(), match.group()) for match in _TOKEN.finditer(text)
    ]
    for kind, pattern in _RULES:
        for found in _found(kind, pattern, text):
            _take(taken, found)
    persons = {found.text for found in taken if found.kind == "NAME"} | set(names)
    for found in _named(text, persons):
        _take(taken, found)
    replaced = tuple(
        sorted((found for found in taken if found.kind), key=lambda found: found.start)
    )
    return Redacted(_rewritten(text, replaced), replaced)


def _take(taken: list[Replaced], found: Replaced) -> None:
    """Keep a stretch unless it touches one that an earlier rule found."""
    if all(found.end <= other.start or found.start >= other.end for other in taken):
        taken.append(found)


def _found(kind: str, pattern: re.Pattern[str], text: str) -> Iterator[Replaced]:
    for match in pattern.finditer(text):
        group = next((g for g in ("name", "value", "bare") if match.groupdict().get(g)), 0)
        start, end = match.span(group)
        end -= len(text[start:end]) - len(text[start:end].rstrip())
        if _is_meant(kind, text[start:end]):
            yield Replaced(kind, start, end, text[start:end])


def _is_meant(kind: str, found: str) -> bool:
    """Check what a form alone cannot: check digits, lengths, and words that are no names."""
    digits = re.sub(r"\D", "", found)
    if kind == "CARD":
        return _luhn(digits)
    if kind == "PHONE":
        return _MIN_PHONE_DIGITS <= len(
            digits
        ) <= _MAX_PHONE_DIGITS and not _DATE_OR_RANGE.fullmatch(found.strip("() "))
    if kind == "IP":
        return all(int(part) < 256 for part in found.split("."))
    if kind == "NAME":
        return not any(word.casefold() in everyday_words() for word in re.findall(r"\w+", found))
    return True


def _luhn(digits: str) -> bool:
    """Check the last digit of a card number (ISO/IEC 7812-1)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def _named(text: str, persons: set[str]) -> Iterator[Replaced]:
    """Find the names again elsewhere, and their parts: "Priya" after "Dear Priya Nair"."""
    parts = {
        part for person in persons for part in person.split() if len(part) > 2 and part[0].isupper()
    }
    known = sorted({person for person in persons if person.strip()} | parts, key=len, reverse=True)
    if not known:
        return
    pattern = re.compile(r"(?<![\w@.-])(?:" + "|".join(map(re.escape, known)) + r")(?![\w@-])")
    for match in pattern.finditer(text):
        yield Replaced("NAME", *match.span(), match.group())


def _rewritten(text: str, replaced: Iterable[Replaced]) -> str:
    pieces: list[str] = []
    done = 0
    for found in replaced:
        pieces += (text[done : found.start], f"[{found.kind}]")
        done = found.end
    return "".join((*pieces, text[done:]))
