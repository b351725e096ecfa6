"""Training and measuring: the starter corpus, labelled deals, bundles and their cards."""

from lossnlp.training._card import metrics_table
from lossnlp.training._data import LabelledData, read_labelled
from lossnlp.training._evaluate import evaluate
from lossnlp.training._frozen import FitFrozen
from lossnlp.training._hybrid import FitHybrid
from lossnlp.training._labelled import LabelledDeal, starter_deals
from lossnlp.training._train import Trained, train, train_on_own

__all__ = [
    "FitFrozen",
    "FitHybrid",
    "LabelledData",
    "LabelledDeal",
    "Trained",
    "evaluate",
    "metrics_table",
    "read_labelled",
    "starter_deals",
    "train",
    "train_on_own",
]
