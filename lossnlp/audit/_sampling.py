"""Which deals to review: strata by suspicion and label, Neyman allocation, known probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from lossnlp.audit._statistics import Floats, Ints, allocate

#: Bounds of suspicion (the certainty that the label is wrong) between the tiers of strata.
_TIERS = (0.05, 0.2, 0.5, 0.9)
#: A stratum of tier × label stands alone when its share of the sample reaches this many reviews.
_ALONE = 6
_SEED = 20_260_101


def strata(certainty: Floats, labels: npt.NDArray[np.object_], reviews: int) -> list[str]:
    """Name each deal's stratum: its tier of suspicion, and its label where the sample is large.

    Labels that would get too few reviews of their own share one stratum a tier, because two or
    three reviews do not show a stratum's spread.
    """
    tier = np.digitize(certainty, _TIERS)
    spread = _spread(certainty)
    frame = pd.DataFrame({"tier": tier, "label": labels, "want": spread})
    expected = frame.groupby(["tier", "label"])["want"].transform("sum") / spread.sum() * reviews
    own = expected >= _ALONE
    names = [_tier_name(k) for k in range(len(_TIERS) + 1)]
    return [
        f"{names[k]} | {label if alone else 'other labels'}"
        for k, label, alone in zip(tier, labels, own, strict=True)
    ]


@dataclass(frozen=True)
class Design:
    """How a sample is drawn.

    ``stratum`` is each deal's stratum, by number; of each stratum, ``names`` says what it holds,
    ``size`` how many deals, and ``drawn`` how many of them are to be reviewed.
    """

    stratum: Ints
    names: tuple[str, ...]
    size: Ints
    drawn: Ints

    def draw(self, lot: Ints) -> Ints:
        """Return the positions of the deals with the lowest lots of each stratum, by stratum."""
        order = np.lexsort((lot, self.stratum))
        place = np.arange(len(order)) - np.repeat(np.cumsum(self.size) - self.size, self.size)
        chosen: Ints = order[place < np.repeat(self.drawn, self.size)]
        return chosen


def design(certainty: Floats, labels: npt.NDArray[np.object_], reviews: int) -> Design:
    """Choose strata, and share out the reviews over them by size and expected spread."""
    names = np.array(strata(certainty, labels, reviews))
    keys, stratum = np.unique(names, return_inverse=True)
    size: Ints = np.bincount(stratum)
    spread: Floats = np.bincount(stratum, _spread(certainty)) / size
    return Design(
        stratum.astype(np.int64), tuple(map(str, keys)), size, allocate(reviews, size, spread)
    )


def plan(
    ids: npt.NDArray[np.object_],
    certainty: Floats,
    labels: npt.NDArray[np.object_],
    reviews: int,
) -> pd.DataFrame:
    """Draw the deals to review.

    Returns
    -------
    DataFrame
        ``row`` (position among the deals given), ``stratum`` (a number, so that it does not sway
        the reader), ``holds`` (what the stratum is) and ``draw_probability``. The order
        is such that any beginning of it is itself spread over the strata, so reviewing may stop
        early. The draw depends on the deals alone: the same file gives the same sample.
    """
    designed = design(certainty, labels, reviews)
    lot = np.empty(len(ids), dtype=np.int64)
    lot[np.argsort(ids, kind="stable")] = np.random.default_rng(_SEED).permutation(len(ids))
    rows = designed.draw(lot)
    stratum, drawn = designed.stratum[rows], designed.drawn
    turn = np.concatenate([(np.arange(n) + 0.5) / max(n, 1) for n in drawn])
    order = np.lexsort((lot[rows], turn))
    planned = pd.DataFrame(
        {
            "row": rows,
            "stratum": [f"s{k + 1:02d}" for k in stratum],
            "holds": [designed.names[k] for k in stratum],
            "draw_probability": (drawn / designed.size)[stratum],
        }
    )
    return planned.iloc[order].reset_index(drop=True)


def _spread(certainty: Floats) -> Floats:
    """Return the standard deviation that is expected of each deal's outcome, never quite none."""
    spread: Floats = np.sqrt(np.clip(certainty * (1 - certainty), 0.02, None))
    return spread


def _tier_name(tier: int) -> str:
    return f"{(0, *_TIERS)[tier]:.0%} to {(*_TIERS, 1)[tier]:.0%} suspect"
