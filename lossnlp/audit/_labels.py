"""The labels of the deals, understood through the crosswalk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lossnlp._errors import InputError
from lossnlp.audit._statistics import Ints
from lossnlp.deals import Deal
from lossnlp.model import LossModel
from lossnlp.taxonomy import Crosswalk, CrosswalkEntry, Proposal, propose_crosswalk

_SHOWN = 8


@dataclass(frozen=True)
class Labels:
    """The picklist values in use, and which of them each deal holds.

    ``rows`` are the positions of the deals that have a label which the crosswalk knows,
    ``picked`` the number of their value in ``entries``. ``unread`` counts, by value, the deals
    whose label a proposed crosswalk could not explain; they are left out.
    """

    crosswalk: Crosswalk
    entries: tuple[CrosswalkEntry, ...]
    rows: Ints
    picked: Ints
    unread: dict[str, int]
    unlabelled: int
    proposal: Proposal | None

    def supports(self, codes: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Whether each value stands for each code; shape [values, codes]."""
        return np.array([[code in entry.codes for code in codes] for entry in self.entries])


def read_labels(deals: Sequence[Deal], crosswalk: Crosswalk | None, model: LossModel) -> Labels:
    """Look every label up; propose a crosswalk where none is given.

    Raises
    ------
    InputError
        When no deal has a label, or a given crosswalk lacks some of them; lists the values.
    """
    counts: dict[str, int] = {}
    for deal in deals:
        if deal.label:
            counts[deal.label] = counts.get(deal.label, 0) + 1
    if not counts:
        raise InputError("no deal has a label; name the column of loss reasons with --label")
    proposal = None
    if crosswalk is None:
        proposal = propose_crosswalk(counts, model.taxonomy, model)
        crosswalk = proposal.crosswalk
    found = {label: crosswalk.lookup(label) for label in counts}
    unread = {label: counts[label] for label, entry in found.items() if entry is None}
    if unread and proposal is None:
        raise InputError(
            f"the crosswalk does not know {_listed(unread)}; add them to it, or leave --crosswalk "
            "away and edit the one that audit proposes"
        )
    entries = tuple({entry.value: entry for entry in found.values() if entry}.values())
    number = {entry.value: k for k, entry in enumerate(entries)}
    rows, picked = [], []
    for row, deal in enumerate(deals):
        entry = found.get(deal.label) if deal.label else None
        if entry is not None:
            rows.append(row)
            picked.append(number[entry.value])
    if not rows:
        raise InputError(
            f"no label could be read as a reason ({_listed(unread)}); write a crosswalk with "
            "`lossnlp taxonomy map` and give it as --crosswalk"
        )
    return Labels(
        crosswalk,
        entries,
        np.array(rows, dtype=np.int64),
        np.array(picked, dtype=np.int64),
        unread,
        sum(1 for deal in deals if not deal.label),
        proposal,
    )


def _listed(counts: dict[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    names = ", ".join(f"{label!r} ({n})" for label, n in ordered[:_SHOWN])
    more = len(ordered) - _SHOWN
    return f"{names} and {more} more" if more > 0 else names
