"""Scoring years of deals: streaming on one machine, Spark beyond."""

from lossnlp.scoring._columns import SCORE_SCHEMA
from lossnlp.scoring._compare import Comparison, compare, refuse_incomparable
from lossnlp.scoring._reengage import write_reengage
from lossnlp.scoring._score import ScoreSummary, score
from lossnlp.scoring._targets import Progress

__all__ = [
    "SCORE_SCHEMA",
    "Comparison",
    "Progress",
    "ScoreSummary",
    "compare",
    "refuse_incomparable",
    "score",
    "write_reengage",
]
