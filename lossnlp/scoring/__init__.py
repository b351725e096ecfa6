"""Scoring years of deals: streaming on one machine, Spark beyond."""

from lossnlp.scoring._columns import SCORE_SCHEMA
from lossnlp.scoring._compare import Comparison, compare
from lossnlp.scoring._fast import FAST, FAST_FILE, FastModel, HashedVocabulary, apart
from lossnlp.scoring._hashed import FAMILIES, Found, features_of, static_hashes
from lossnlp.scoring._score import ScoreSummary, score
from lossnlp.scoring._targets import Progress

__all__ = [
    "FAMILIES",
    "FAST",
    "FAST_FILE",
    "SCORE_SCHEMA",
    "Comparison",
    "FastModel",
    "Found",
    "HashedVocabulary",
    "Progress",
    "ScoreSummary",
    "apart",
    "compare",
    "features_of",
    "score",
    "static_hashes",
]
