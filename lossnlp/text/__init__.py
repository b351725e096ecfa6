"""What a note says besides its reason, and how it is cleaned: rivals, dates, personal data."""

from lossnlp.text._clauses import Clause, clauses
from lossnlp.text._clean import CleanText, clean
from lossnlp.text._log import Entry
from lossnlp.text._reader import TextReader
from lossnlp.text._reengage import Reengagement, reengage
from lossnlp.text._signals import ClosedEarly, Competitor, Revisit, Role, Signals

__all__ = [
    "Clause",
    "CleanText",
    "ClosedEarly",
    "Competitor",
    "Entry",
    "Reengagement",
    "Revisit",
    "Role",
    "Signals",
    "TextReader",
    "clauses",
    "clean",
    "reengage",
]
