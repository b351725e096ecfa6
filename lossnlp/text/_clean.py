"""Cleaning: what CRMs, mail programs and browsers left in a note goes; every offset stays."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from lossnlp.text._draft import Draft
from lossnlp.text._log import Entry, split_log

#: Encoded as UTF-8 and read as cp1252: a lead byte, then one to three that continue it.
_MOJIBAKE = re.compile(
    r"[\xc2-\xf4][\x80-\xbf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc"
    r"\u2013\u2014\u2018-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122]+"
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,24});")
_HIDDEN = re.compile(
    r"<!--(?:(?!<!--).)*?-->|<(style|script|head)(?:[\s/][^<>]*)?>(?:(?!<\1).)*?</\1\s*>",
    re.S | re.I,
)
_ITEM_TAG = re.compile(r"<li(?:[\s/][^<>]*)?>", re.I)
_CELL_TAG = re.compile(r"</?t[dh](?:[\s/][^<>]*)?>", re.I)
_BLOCK_TAG = re.compile(
    r"</?(?:br|p|div|ul|ol|tr|table|thead|tbody|h[1-6]|hr|blockquote|pre|section|article|body|html)"
    r"(?:[\s/][^<>]*)?>|</li\s*>",
    re.I,
)
_INLINE_TAG = re.compile(
    r"</?(?:span|b|i|u|s|a|em|strong|small|font|img|code|sub|sup|mark|label|input|meta|link|o:p)"
    r"(?:[\s/][^<>]*)?>",
    re.I,
)
_NEWLINE = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
#: Control, zero-width and direction marks, halves of a character.
#: The joiners inside emoji and scripts stay.
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064"
    r"\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]+"
)
_ODD_SPACE = re.compile(r"[^\S\n ]")

_QUOTE_MARK = re.compile(r"^[ ]*(?:>[ ]?)+", re.M)
_QUOTE_WRAP = re.compile(r"(?<=[^\s>:])[ ]*\n[ ]*(?:>[ ]?)+(?=[a-z])")
_MAIL_RULE = re.compile(
    r"^[ ]*(?:[-_]{2,}[ ]*)?(?:(?:begin )?forwarded message|original (?:message|appointment)|"
    r"forwarded(?: by [^\n]{1,60})?)[ ]*:?[ ]*(?:[-_]{2,})?[ ]*$|^[ ]*[-_=*]{2,}[ ]*$",
    re.M | re.I,
)
_MAIL_WROTE = re.compile(
    r"^[ ]*On [^\n]{4,120}\bwrote:[ ]*$|^[ ]*[^\s@]{1,60}@[^\s@]{1,60} wrote:[ ]*$", re.M
)
_MAIL_HEADER = re.compile(
    r"^[ ]*(?:From|To|Cc|Bcc|Sent|Date|Reply-To|Importance|Attachments?)[ ]?:[ ][^\n]{0,200}\n"
    r"(?=(?:[^\n]{0,200}\n)?[ ]*(?:From|To|Cc|Bcc|Sent|Date|Subject|Importance|Re)[ ]?:|\s*\n|"
    r"[ ]*(?:hi|hello|dear|hey|team|all|good (?:morning|afternoon|day))\b|[^\n]*[.!?,])",
    re.M | re.I,
)
_MAIL_SUBJECT = re.compile(
    r"^[ ]*(?:Subject[ ]?:[ ]*(?:\[EXT(?:ERNAL)?\][ ]*)?(?:(?:re|fwd?|aw|wg|antw)[ ]?:[ ]*)*|"
    r"(?:re:[ ]*)+)",
    re.M | re.I,
)
_SENT_FROM = re.compile(r"^[ ]*(?:sent|get outlook) (?:from|for) [^\n]{1,60}$", re.M | re.I)
_DISCLAIMER = re.compile(
    r"^[^\n]{0,40}\b(?:this (?:e-?mail|message|communication)\b[^\n]{0,60}"
    r"(?:confidential|intended (?:only|solely)|privileged)|confidentiality notice)[^\n]*"
    r"(?:\n[^\n]+)*",
    re.M | re.I,
)
_SIGN_OFF = re.compile(
    r"^[ ]*(?:(?:(?:with )?(?:kind|kindest|best|warm|warmest)[ ])?regards|best(?: wishes)?|"
    r"all the best|cheers|thanks(?: again)?|many thanks|thank you|thx|rgds|br|kr|lg|mfg|vg|"
    r"yours(?: (?:sincerely|faithfully|truly))?|sincerely(?: yours)?|respectfully)[ ]?[,.!]?[ ]*\n",
    re.M | re.I,
)
_CONTACT = re.compile(r"\S@\S|https?:|www\.|\d[\d ()+./-]{5,}\d|\|")
_NAME_WORD = re.compile(
    r"[^\W\d_a-z]|[\d+(&|,.–·-]|(?:of|the|and|for|de|van|von|da|di|del|der|la|le)\b"
)
_SIGNATURE_LINES = 6
_SPACES = re.compile(r"[ ]{2,}|[ ]+(?=\n)|(?<=\n)[ ]+")
_BLANK_LINES = re.compile(r"\n{3,}")
_EDGE = re.compile(r"\A\s+|\s+\Z")

#: What no tidy one-line note holds: most notes are spared all the steps.
_UNTIDY = re.compile(
    r"[&<>\x00-\x1f\x7f-\xa0\xad\xc2-\xf4\u1680\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f-\u2064"
    r"\u2066-\u2069\u3000\ud800-\udfff\ufeff\ufffe\uffff]|[ ]{2}|\A[ ]|[ ]\Z|"
    r"\A(?:subject|from|re|on)\b",
    re.I,
)
_LOOKS_MARKED = re.compile(r"[<&]")


@dataclass(frozen=True, slots=True)
class CleanText:
    """A text as the model sees it, mapped to the text as it was given.

    Attributes
    ----------
    text : str
        The clean text.
    entries : tuple of Entry
        The log entries in it, earliest first; the last one is the latest word. One entry that
        spans the whole text when it is not a log.
    """

    text: str
    entries: tuple[Entry, ...] = field(default=(), compare=False)
    _starts: Sequence[int] = field(default=(), repr=False, compare=False)
    _ends: Sequence[int] = field(default=(), repr=False, compare=False)

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return the offsets in the text as given of the stretch ``text[start:end]``.

        Parameters
        ----------
        start, end : int
            Offsets into ``text``, counted in characters, ``0 <= start <= end <= len(text)``.

        Raises
        ------
        IndexError
            If the offsets are not inside the text.
        """
        if not 0 <= start <= end <= len(self.text):
            raise IndexError(f"no stretch {start}:{end} in a text of {len(self.text)} characters")
        if start == end:
            here = self._starts[start] if start < len(self._starts) else self._length
            return here, here
        return self._starts[start], self._ends[end - 1]

    @property
    def _length(self) -> int:
        return self._ends[-1] if self._ends else 0


def clean(text: str) -> CleanText:
    """Take out what is not the writer's: markup, mail headers, signatures, log stamps.

    Entities and mojibake are decoded, HTML becomes lines, quote marks and signatures go, the
    stamps of a CRM log ("[10/12 JD]:") go and delimit its entries. What a quoted mail says stays:
    the buyer's own words are often there.

    Parameters
    ----------
    text : str
        A note or snippet, any Unicode.

    Returns
    -------
    CleanText
        The clean text, its log entries and its map to ``text``.
    """
    draft = Draft(text)
    if _UNTIDY.search(text):
        _tidy(draft)
    entries = split_log(draft)
    return CleanText(draft.text, entries, draft.starts, draft.ends)


def _tidy(draft: Draft) -> None:
    if not draft.text.isascii():
        draft.replace(_MOJIBAKE, _decoded)
    if _LOOKS_MARKED.search(draft.text):
        _strip_markup(draft)
    draft.replace(_NEWLINE, "\n")
    draft.replace(_INVISIBLE, "")
    draft.replace(_ODD_SPACE, " ")
    _strip_mail(draft)
    draft.replace(_SPACES, _one_space)
    draft.replace(_BLANK_LINES, "\n\n")
    draft.replace(_EDGE, "")


def _one_space(match: re.Match[str]) -> str:
    """Keep one space between words and none at the ends of a line."""
    text, start, end = match.string, match.start(), match.end()
    inside = start > 0 and end < len(text) and text[start - 1] != "\n" and text[end] != "\n"
    return " " if inside else ""


def _decoded(match: re.Match[str]) -> str:
    import ftfy  # 0.1 s, and few notes need it

    return str(ftfy.fix_encoding(match.group()))


def _strip_markup(draft: Draft) -> None:
    draft.replace(_ENTITY, _unescaped)
    draft.replace(_ENTITY, _unescaped)  # exports escape twice: "&amp;nbsp;"
    draft.replace(_HIDDEN, " ")
    draft.replace(_ITEM_TAG, "\n- ")
    draft.replace(_CELL_TAG, " ")
    draft.replace(_BLOCK_TAG, "\n")
    draft.replace(_INLINE_TAG, "")


def _unescaped(match: re.Match[str]) -> str:
    return html.unescape(match.group())


def _strip_mail(draft: Draft) -> None:
    draft.replace(_QUOTE_WRAP, " ")
    draft.replace(_QUOTE_MARK, "")
    draft.replace(_MAIL_RULE, "")
    draft.replace(_MAIL_WROTE, "")
    draft.replace(_MAIL_HEADER, "")
    draft.replace(_MAIL_SUBJECT, "")
    draft.replace(_SENT_FROM, "")
    draft.replace(_DISCLAIMER, "")
    draft.cut(_signatures(draft.text))


def _signatures(text: str) -> list[tuple[int, int]]:
    """Find each sign-off with the name, title and numbers under it."""
    found: list[tuple[int, int]] = []
    for match in _SIGN_OFF.finditer(text):
        end = match.end()
        for line in text[end:].splitlines(keepends=True)[:_SIGNATURE_LINES]:
            if not _is_signature_line(line.strip()):
                break
            end += len(line)
        if end > match.end():
            found.append((match.start(), end))
    return found


def _is_signature_line(line: str) -> bool:
    """Tell a name, a title, a firm or a number from a sentence."""
    words = line.split()
    if not words or len(line) > 90:
        return False
    if _CONTACT.search(line):
        return True
    return len(words) <= 7 and line[-1] not in ".!?:" and all(map(_NAME_WORD.match, words))
