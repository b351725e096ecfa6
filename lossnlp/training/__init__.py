"""Training and measuring: the starter corpus, labelled deals, bundles and their cards."""

from lossnlp.training._labelled import LabelledDeal, starter_deals
from lossnlp.training._train import Trained, train

__all__ = ["LabelledDeal", "Trained", "starter_deals", "train"]
