"""Accuracy and shares of any cell of the audited deals, by the best witness that is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from lossnlp.audit._decisions import Decisions
from lossnlp.audit._statistics import (
    Estimate,
    Floats,
    model_rate,
    model_share,
    reviewed_rate,
    reviewed_share,
)
from lossnlp.audit._tuned import ACCURACY_SHIFT, CELL_SHIFT, MIX_SHIFT

Cell = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Estimates:
    """Estimates over n labelled deals and k codes.

    ``posterior`` [n, k] is the probability of each reason, ``supports`` [n, k] whether the deal's
    label stands for it, ``counted`` [n] whether the deal counts for accuracy (administrative
    labels do not), ``amount`` [n] what the deal was worth (0 where it is not known).
    """

    codes: tuple[str, ...]
    posterior: Floats
    supports: npt.NDArray[np.bool_]
    counted: Cell
    amount: Floats
    decisions: Decisions | None = None

    def accuracy(self, cell: Cell | None = None) -> Estimate:
        """Share of labels that are right, among the deals of a cell that count."""
        whole = cell is None
        cell = self.counted if cell is None else self.counted & cell
        right = np.clip(np.sum(self.posterior * self.supports, axis=1), 0.0, 1.0)
        reviewed = self._reviewed(self._decided_right, right, cell, None)
        if reviewed is not None:
            return reviewed
        return model_share(right, ACCURACY_SHIFT if whole else CELL_SHIFT, cell)

    def share(
        self, codes: tuple[str, ...], cell: Cell | None = None, *, by_amount: bool = False
    ) -> Estimate:
        """Share of deals (or of their amount) whose reason is one of the codes."""
        wanted = np.isin(self.codes, codes)
        guess = np.clip(self.posterior[:, wanted].sum(axis=1), 0.0, 1.0)
        amount = self.amount if by_amount else None
        reviewed = self._reviewed(partial(self._decided, codes), guess, cell, amount)
        if reviewed is not None:
            return reviewed
        cell = np.ones(len(guess), bool) if cell is None else cell
        mean = float(guess[cell].mean()) if cell.any() else 0.0
        return model_share(guess, MIX_SHIFT * (mean * (1 - mean)) ** 0.5, cell, amount)

    def found(self, code: str) -> Estimate:
        """Share of right labels among the deals whose reason is ``code``.

        Only a review tells which deals those are: decisions carry it once ten of them name it.
        """
        column = self.codes.index(code)
        belongs = self.posterior[:, column] * self.counted
        if self.decisions is not None:
            sample = self.decisions.sample
            member = self._decided((code,), self.decisions) * self.counted[sample.rows]
            right = self._decided_right(self.decisions)
            reviewed = reviewed_rate(right, member, belongs, sample)
            if reviewed.method != "too few":
                return reviewed
        return model_rate(self.supports[:, column].astype(float), belongs, CELL_SHIFT)

    def _reviewed(
        self,
        outcome: Callable[[Decisions], Floats],
        guess: Floats,
        cell: Cell | None,
        amount: Floats | None,
    ) -> Estimate | None:
        """Return the estimate from decisions, or None when there are too few of them."""
        if self.decisions is None:
            return None
        decided = outcome(self.decisions)
        estimate = reviewed_share(decided, guess, self.decisions.sample, cell, amount)
        return None if estimate.method == "too few" else estimate

    def _decided(self, codes: tuple[str, ...], decisions: Decisions) -> Floats:
        return np.array([decisions.codes[k] in codes for k in decisions.sampled], dtype=float)

    def _decided_right(self, decisions: Decisions) -> Floats:
        columns = [self.codes.index(decisions.codes[k]) for k in decisions.sampled]
        right: Floats = self.supports[decisions.sample.rows, columns].astype(float)
        return right
