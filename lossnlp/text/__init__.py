"""What a note says besides its reason, and how it is cleaned: rivals, dates, personal data."""

from lossnlp.text._clauses import Clause, clauses
from lossnlp.text._clean import CleanText, clean
from lossnlp.text._log import Entry
from lossnlp.text._reader import TextReader
from lossnlp.text._redact import Redacted, Replaced, redact
from lossnlp.text._reengage import (
    Reengagement,
    ReengagementRow,
    opening_line,
    reengage,
    reengagement_rows,
)
from lossnlp.text._signals import ClosedEarly, Competitor, Revisit, Role, Signals
from lossnlp.text._tags import TAGS, UNLIKELY, DealTags, Tagged, Token
from lossnlp.text._window import Window, window_of

__all__ = [
    "TAGS",
    "UNLIKELY",
    "Clause",
    "CleanText",
    "ClosedEarly",
    "Competitor",
    "DealTags",
    "Entry",
    "Redacted",
    "Reengagement",
    "ReengagementRow",
    "Replaced",
    "Revisit",
    "Role",
    "Signals",
    "Tagged",
    "TextReader",
    "Token",
    "Window",
    "clauses",
    "clean",
    "opening_line",
    "redact",
    "reengage",
    "reengagement_rows",
    "window_of",
]
