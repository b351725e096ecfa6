"""The model: reads deals and says why they were lost, with evidence and calibrated doubt."""

from lossnlp.model._bundle import (
    Bundle,
    Golden,
    default_path,
    labels_of,
    read_bundle,
    refuse_foreign,
    write_bundle,
)
from lossnlp.model._calibration import Blend, Calibration, Decisions, Probabilities
from lossnlp.model._encoder import MAX_TOKENS, Encoded, Marks, OnnxEncoder, Words
from lossnlp.model._evidence import Clauses, quote
from lossnlp.model._fast import (
    FAST,
    FAST_FILE,
    FastModel,
    HashedVocabulary,
    apart,
    fast_facts,
    read_fast,
)
from lossnlp.model._hashed import FAMILIES, Found, features_of, static_hashes
from lossnlp.model._heads import OUTPUTS, Labels, LinearHeads, Scores
from lossnlp.model._integers import integers_of, rounded
from lossnlp.model._lexical import LexicalFeatures, SparseRows, Voice, words_of
from lossnlp.model._model import LossModel, Reading, load
from lossnlp.model._passages import Passage, Stretch, passages_of, stretches_of, voices_of
from lossnlp.model._rows import Rows
from lossnlp.model._suggestion import Evidence, RankedReason, Suggestion
from lossnlp.model._table import SCORE_COLUMNS, table_of
from lossnlp.model._tags import tags_of
from lossnlp.model._views import ENCODER, LEXICAL, Encoder, Seen, Views, one_text

__all__ = [
    "ENCODER",
    "FAMILIES",
    "FAST",
    "FAST_FILE",
    "LEXICAL",
    "MAX_TOKENS",
    "OUTPUTS",
    "SCORE_COLUMNS",
    "Blend",
    "Bundle",
    "Calibration",
    "Clauses",
    "Decisions",
    "Encoded",
    "Encoder",
    "Evidence",
    "FastModel",
    "Found",
    "Golden",
    "HashedVocabulary",
    "Labels",
    "LexicalFeatures",
    "LinearHeads",
    "LossModel",
    "Marks",
    "OnnxEncoder",
    "Passage",
    "Probabilities",
    "RankedReason",
    "Reading",
    "Rows",
    "Scores",
    "Seen",
    "SparseRows",
    "Stretch",
    "Suggestion",
    "Views",
    "Voice",
    "Words",
    "apart",
    "default_path",
    "fast_facts",
    "features_of",
    "integers_of",
    "labels_of",
    "load",
    "one_text",
    "passages_of",
    "quote",
    "read_bundle",
    "read_fast",
    "refuse_foreign",
    "rounded",
    "static_hashes",
    "stretches_of",
    "table_of",
    "tags_of",
    "voices_of",
    "words_of",
    "write_bundle",
]
