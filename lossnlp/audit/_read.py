"""Reading the deals once: suggestions and probabilities, with progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lossnlp.audit._findings import Case
from lossnlp.audit._statistics import Floats
from lossnlp.deals import Deal
from lossnlp.model import LossModel, Suggestion, table_of
from lossnlp.taxonomy import INSUFFICIENT, CrosswalkEntry

_AT_ONCE, _AT_A_TIME = 256, 2


@dataclass(frozen=True)
class Reading:
    """What the model says of n deals: suggestions, and probabilities of codes and sub-reasons."""

    codes: tuple[str, ...]
    sub_reasons: tuple[tuple[str, str], ...]
    suggestions: list[Suggestion]
    primary: Floats
    sub: Floats

    def case(
        self,
        deal: Deal,
        row: int,
        entry: CrosswalkEntry,
        code: str,
        certainty: float,
        *,
        flagged: bool,
    ) -> Case:
        """Put together the case of a deal whose verdict is ``code``."""
        likely = self.primary[row]
        column = self.codes.index(code)
        second = int(np.where(np.arange(len(likely)) == column, -1.0, likely).argmax())
        return Case(
            deal=deal,
            entry=entry,
            read=self.suggestions[row],
            certainty=certainty,
            flagged=flagged,
            reason=code,
            sub_reason=self._sub_reason(row, code),
            probability=float(likely[column]),
            second=self.codes[second],
            second_probability=float(likely[second]),
        )

    def scores(self) -> pd.DataFrame:
        """Return the columns that ``lossnlp score`` adds, one row a deal."""
        return table_of(self.suggestions, pd.RangeIndex(len(self.suggestions)))

    def _sub_reason(self, row: int, code: str) -> str:
        own = [k for k, (home, _) in enumerate(self.sub_reasons) if home == code]
        if not own or code == INSUFFICIENT:
            return ""
        return self.sub_reasons[max(own, key=lambda k: self.sub[row, k])][1]


def read(
    deals: Sequence[Deal], model: LossModel, progress: Callable[[int, int], None] | None = None
) -> Reading:
    """Read all deals, equal ones once, calling ``progress(done, total)`` as it goes.

    Two batches are read at a time: while the rules go over one, the encoder, which lets go of the
    interpreter's lock, reads the other. The batches are the same however many cores there are, and
    so are the results.
    """
    texts = [_text_of(deal) for deal in deals]
    place = {text: k for k, text in enumerate(dict.fromkeys(texts))}
    distinct = list(place)
    batches = [distinct[k : k + _AT_ONCE] for k in range(0, len(distinct), _AT_ONCE)]
    suggestions: list[Suggestion] = []
    parts = []
    with ThreadPoolExecutor(_AT_A_TIME) as threads:
        for batch in threads.map(model.reading, batches):
            suggestions += batch.suggestions
            parts.append(batch.probabilities)
            if progress is not None:
                progress(len(deals) * len(suggestions) // len(distinct), len(deals))
    if not parts:
        parts = [model.probabilities([])]
    rows = [place[text] for text in texts]
    return Reading(
        codes=model.taxonomy.codes,
        sub_reasons=model.taxonomy.sub_reasons,
        suggestions=[suggestions[row] for row in rows],
        primary=np.concatenate([part.primary for part in parts])[rows],
        sub=np.concatenate([part.sub for part in parts])[rows],
    )


def _text_of(deal: Deal) -> Deal:
    """Return a deal with only what a reading depends on; equal ones read equal."""
    return Deal(
        deal.note,
        deal.snippets,
        stage=deal.stage,
        account=deal.account,
        close_date=deal.close_date,
    )
