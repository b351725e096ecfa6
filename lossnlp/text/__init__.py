"""What a note says besides its reason, and how it is cleaned: rivals, dates, personal data."""

from lossnlp.text._clauses import Clause, clauses
from lossnlp.text._clean import CleanText, clean
from lossnlp.text._log import Entry
from lossnlp.text._signals import ClosedEarly, Competitor, Revisit, Role, Signals

__all__ = [
    "Clause",
    "CleanText",
    "ClosedEarly",
    "Competitor",
    "Entry",
    "Revisit",
    "Role",
    "Signals",
    "clauses",
    "clean",
]
