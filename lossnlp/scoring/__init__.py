"""Scoring years of deals: streaming on one machine, Spark beyond."""

from lossnlp.scoring._columns import SCORE_SCHEMA
from lossnlp.scoring._compare import Comparison, compare
from lossnlp.scoring._fast import FAST, FastModel, HashedVocabulary, add_fast, apart
from lossnlp.scoring._hashed import FAMILIES, Found, features_of, static_hashes
from lossnlp.scoring._score import ScoreSummary, score
from lossnlp.scoring._targets import Progress

__all__ = [
    "FAMILIES",
    "FAST",
    "SCORE_SCHEMA",
    "Comparison",
    "FastModel",
    "Found",
    "HashedVocabulary",
    "Progress",
    "ScoreSummary",
    "add_fast",
    "apart",
    "compare",
    "features_of",
    "score",
    "static_hashes",
]
