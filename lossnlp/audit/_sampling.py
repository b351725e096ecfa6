"""Which deals to review: strata by suspicion and label, Neyman allocation, known probabilities."""

from __future__ import annotations

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
    spread = np.sqrt(np.clip(certainty * (1 - certainty), 0.02, None))
    frame = pd.DataFrame({"tier": tier, "label": labels, "want": spread})
    expected = frame.groupby(["tier", "label"])["want"].transform("sum") / spread.sum() * reviews
    own = expected >= _ALONE
    names = [_tier_name(k) for k in range(len(_TIERS) + 1)]
    return [
        f"{names[k]} | {label if alone else 'other labels'}"
        for k, label, alone in zip(tier, labels, own, strict=True)
    ]


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
    names = np.array(strata(certainty, labels, reviews))
    keys, stratum = np.unique(names, return_inverse=True)
    size: Ints = np.bincount(stratum)
    doubt = np.sqrt(np.clip(certainty * (1 - certainty), 0.02, None))
    spread: Floats = np.bincount(stratum, doubt) / size
    drawn = allocate(reviews, size, spread)
    lottery = np.random.default_rng(_SEED).permutation(len(ids))
    by_id = np.empty(len(ids), dtype=np.int64)
    by_id[np.argsort(ids, kind="stable")] = lottery
    parts = []
    for k, name in enumerate(keys):
        members = np.flatnonzero(stratum == k)
        chosen = members[np.argsort(by_id[members])][: drawn[k]]
        turn = (np.arange(len(chosen)) + 0.5) / len(chosen)
        parts.append(
            pd.DataFrame(
                {
                    "row": chosen,
                    "stratum": f"s{k + 1:02d}",
                    "holds": name,
                    "draw_probability": drawn[k] / size[k],
                    "turn": turn,
                    "lot": by_id[chosen],
                }
            )
        )
    drawn_rows = pd.concat(parts, ignore_index=True).sort_values(["turn", "lot"])
    return drawn_rows[["row", "stratum", "holds", "draw_probability"]].reset_index(drop=True)


def _tier_name(tier: int) -> str:
    return f"{(0, *_TIERS)[tier]:.0%} to {(*_TIERS, 1)[tier]:.0%} suspect"
