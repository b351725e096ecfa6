"""Training and measuring: the starter corpus, labelled deals, bundles and their cards."""

from lossnlp.training._base_weights import base_weights
from lossnlp.training._calibrate import Truth, calibrate, truth_of
from lossnlp.training._card import metrics_table
from lossnlp.training._data import LabelledData, read_labelled
from lossnlp.training._evaluate import evaluate
from lossnlp.training._examples import FineTuning
from lossnlp.training._fit import fit_lexical
from lossnlp.training._frozen import FitFrozen
from lossnlp.training._hybrid import FitHybrid
from lossnlp.training._labelled import HARD_FILES, LabelledDeal, lessons_of, starter_deals
from lossnlp.training._train import Trained, train, train_on_own

__all__ = [
    "HARD_FILES",
    "FineTuning",
    "FitFrozen",
    "FitHybrid",
    "LabelledData",
    "LabelledDeal",
    "Trained",
    "Truth",
    "base_weights",
    "calibrate",
    "evaluate",
    "fit_lexical",
    "lessons_of",
    "metrics_table",
    "read_labelled",
    "starter_deals",
    "train",
    "train_on_own",
    "truth_of",
]
