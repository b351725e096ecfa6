"""Evaluation: a trained model against labelled deals that it did not see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lossnlp.model import Decisions, LossModel, labels_of
from lossnlp.training._folds import Readings
from lossnlp.training._labelled import LabelledDeal, check_codes
from lossnlp.training._metrics import measure

if TYPE_CHECKING:
    from numpy.typing import NDArray


def evaluate(model: LossModel, deals: Sequence[LabelledDeal]) -> dict[str, Any]:
    """Measure a model on labelled deals.

    Returns
    -------
    dict
        What the model card holds: ``n``, ``overall`` (metric → ``value``, and ``sd``, ``low``,
        ``high`` over groups), ``codes``, ``confusions``, ``slices``, ``groups``.

    Raises
    ------
    InputError
        If there are no deals or a label is no code of the model's taxonomy.
    """
    check_codes(deals, model.taxonomy)
    suggestions, likely = model.reading([labelled.deal for labelled in deals])
    codes = model.taxonomy.codes
    decided = Decisions(
        top=np.array([codes.index(s.reasons[0].code) for s in suggestions], dtype=np.intp),
        kept=_flags([s.prediction_set for s in suggestions], codes),
        needs_detail=np.array([s.needs_detail for s in suggestions], dtype=bool),
        contributing=_flags([s.contributing for s in suggestions], codes),
        ruled_out=_flags([s.ruled_out for s in suggestions], codes),
    )
    read = Readings(likely, decided, [s.reasons[0].evidence for s in suggestions])
    return measure(deals, labels_of(model.taxonomy), read)


def _flags(chosen: Sequence[Iterable[str]], codes: Sequence[str]) -> NDArray[np.bool_]:
    return np.array([[code in some for code in codes] for some in chosen], dtype=bool)
