"""Shares with honest intervals: from reviewed deals, from the model's guesses, or from both.

An outcome is 0 or 1 for every deal (the label is right, the reason is `price` …). The model gives
a guess of it between 0 and 1 for every deal; a reviewer gives the outcome itself for a sample that
was drawn from strata with known probabilities. The intervals hold for the deals of the file, so
a review of every deal leaves none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Method = Literal["too few", "model", "wilson", "prediction-powered"]

#: Fewer deals (or, once decisions count, fewer reviewed deals) than this say "too few".
MIN_CELL = 10
#: Below this many reviewed deals prediction-powered intervals were measured to be too narrow.
MIN_POWERED = 40
CONFIDENCE = 0.95
#: Weight, in reviewed deals, of the variance that the model expects in a stratum's variance: two or
#: three decisions do not show a stratum's spread.
_EXPECTED_WEIGHT = 3.0
#: Misses (squared) by which "the model misses as often as it expects" is believed beforehand.
_FIRST_MISSES = 1.0
#: A guess is never taken to be surer than this: finer calibration cannot be checked by reviews.
_SUREST = 0.99


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share with its interval.

    ``estimate``, ``low`` and ``high`` are shares from 0 to 1, or None when the method is
    ``too few``. ``deals`` is the size of the cell, ``reviewed`` the decisions in it.
    """

    estimate: float | None
    low: float | None
    high: float | None
    method: Method
    deals: int
    reviewed: int = 0

    def as_dict(self) -> dict[str, float | int | str | None]:
        """Return the fields with the numbers rounded to four digits, ready for JSON."""
        return {
            "estimate": _rounded(self.estimate),
            "low": _rounded(self.low),
            "high": _rounded(self.high),
            "method": self.method,
            "deals": self.deals,
            "reviewed": self.reviewed,
        }


@dataclass(frozen=True, slots=True)
class Sample:
    """Reviewed deals and how they were drawn.

    ``rows`` are their positions among all deals, ``stratum`` their stratum's number, and
    ``size`` (one entry a stratum) the deals which that stratum holds in all.
    """

    rows: Ints
    stratum: Ints
    size: Ints

    @property
    def drawn(self) -> Ints:
        """Reviewed deals in each stratum."""
        return np.bincount(self.stratum, minlength=len(self.size))

    @property
    def weight(self) -> Floats:
        """Deals that each reviewed deal stands for, one entry a reviewed deal."""
        weight: Floats = self.size[self.stratum] / self.drawn[self.stratum]
        return weight


def wilson(successes: float, trials: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Wilson's score interval of a share; ``trials`` may be an effective, fractional size.

    E. B. Wilson (1927), "Probable inference, the law of succession, and statistical inference".
    """
    if trials <= 0:
        return 0.0, 1.0
    z = float(ndtri(0.5 + confidence / 2))
    share = successes / trials
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * (share * (1 - share) / trials + z**2 / (4 * trials**2)) ** 0.5
    return max(0.0, centre - half), min(1.0, centre + half)


def reviewed_share(
    outcome: Floats,
    guess: Floats,
    sample: Sample,
    cell: npt.NDArray[np.bool_] | None = None,
    amount: Floats | None = None,
) -> Estimate:
    """Estimate a cell's share of an outcome from the reviewed deals.

    Parameters
    ----------
    outcome
        0 or 1 for each reviewed deal, in the order of ``sample.rows``; shape [n].
    guess
        The model's guess for every deal, reviewed or not; shape [N].
    sample
        The reviewed deals with their strata.
    cell
        Which deals the share is asked for; all when not given; shape [N].
    amount
        What each deal counts; 1 when not given; shape [N].

    Returns
    -------
    Estimate
        ``prediction-powered`` from 40 reviewed deals in the cell: the mean guess over all deals
        plus the weighted mean residual of the reviewed ones (Angelopoulos et al. 2023,
        arXiv:2301.09633; stratified: Fisch et al. 2024, arXiv:2406.04291). ``wilson`` from 10:
        the weighted share. Both take Wilson's form with the effective size that the stratified
        variance implies (Franco et al. 2019, doi:10.1093/jssam/smy019). Else ``too few``.
    """
    cell = np.ones(len(guess), bool) if cell is None else cell
    counts = np.ones(len(guess)) if amount is None else amount
    inside = cell[sample.rows]
    reviewed, deals = int(inside.sum()), int(cell.sum())
    total = float(counts[cell].sum())
    if reviewed < MIN_CELL or deals < MIN_CELL or total <= 0:
        return Estimate(None, None, None, "too few", deals, reviewed)
    weight = sample.weight * inside * counts[sample.rows]
    part = weight / weight.sum()
    guessed = guess[sample.rows]
    powered = reviewed >= MIN_POWERED
    slope = _slope(outcome, guessed, part) if powered else 0.0
    residual = outcome - slope * guessed
    mean_residual = float(part @ residual)
    share = slope * float(counts[cell] @ guess[cell] / total) + mean_residual
    variance = _variance(
        part * (residual - mean_residual),
        part**2 * _doubt(guessed, slope, sample),
        float(np.mean(part[inside] ** 2)),
        sample,
    )
    agree = bool((outcome[inside] == outcome[inside][0]).all())
    low, high = _interval(share, variance, reviewed if agree else None)
    if variance > 0:  # the truth is a whole number of deals: Cochran's correction for continuity
        low, high = max(low - 0.5 / deals, 0.0), min(high + 0.5 / deals, 1.0)
    method: Method = "prediction-powered" if powered else "wilson"
    return Estimate(min(max(share, 0.0), 1.0), low, high, method, deals, reviewed)


def reviewed_rate(outcome: Floats, member: Floats, belongs: Floats, sample: Sample) -> Estimate:
    """Estimate the share of an outcome among deals that only a reviewer can tell.

    Parameters
    ----------
    outcome
        0 or 1 for each reviewed deal; shape [n].
    member
        Whether the reviewer counts each reviewed deal in, 0 or 1; shape [n].
    belongs
        The model's guess of that, for every deal; shape [N].
    sample
        The reviewed deals with their strata.

    Returns
    -------
    Estimate
        From 10 reviewed members the weighted share (a ratio estimate, its variance linearised),
        with an interval as in `reviewed_share`; else ``too few``.
    """
    reviewed, weight = int(member.sum()), sample.weight
    deals = round(float(weight @ member))
    if reviewed < MIN_CELL:
        return Estimate(None, None, None, "too few", deals, reviewed)
    part = weight / float(weight @ member)
    share = float((part * member) @ outcome)
    sure = _bounded(belongs[sample.rows])
    variance = _variance(
        part * member * (outcome - share),
        part**2 * sure * (1 - sure) * (outcome - share) ** 2,
        float(np.mean(part[member > 0] ** 2)),
        sample,
    )
    low, high = _interval(share, variance, reviewed if share in (0.0, 1.0) else None)
    return Estimate(share, low, high, "wilson", deals, reviewed)


def model_share(
    guess: Floats,
    shift: float,
    cell: npt.NDArray[np.bool_] | None = None,
    amount: Floats | None = None,
) -> Estimate:
    """Estimate a cell's share from the model alone, with an interval from its calibration error.

    ``shift`` is the standard deviation, between companies, of the difference between the mean
    guess and the truth, measured on sellers that the model had not seen. The variance adds to it
    what is left to chance when each guess is right: the sum of ``guess * (1 - guess)``.
    """
    cell = np.ones(len(guess), bool) if cell is None else cell
    counts = (np.ones(len(guess)) if amount is None else amount)[cell]
    inside, deals = guess[cell], int(cell.sum())
    if deals < MIN_CELL or counts.sum() <= 0:
        return Estimate(None, None, None, "too few", deals)
    parts = counts / counts.sum()
    share = float(parts @ inside)
    chance = float((parts**2) @ (inside * (1 - inside)))
    low, high = _interval(share, shift**2 + chance)
    return Estimate(share, low, high, "model", deals)


def model_rate(outcome: Floats, belongs: Floats, shift: float) -> Estimate:
    """Estimate the share of an outcome among deals of which the model only guesses the members.

    ``outcome`` is 0 or 1 and ``belongs`` the probability of membership, for every deal; ``shift``
    is as in `model_share`.
    """
    size = float(belongs.sum())
    if size < MIN_CELL:
        return Estimate(None, None, None, "too few", round(size))
    share = float(belongs @ outcome / size)
    chance = float((belongs * (1 - belongs)) @ (outcome - share) ** 2) / size**2
    low, high = _interval(share, shift**2 + chance)
    return Estimate(share, low, high, "model", round(size))


def changed(old: Estimate, new: Estimate) -> bool:
    """Say whether two estimates of separate deals differ beyond the interval of the difference.

    The two half-widths are added in quadrature (Newcombe 1998, method 10).
    """
    if None in (old.estimate, new.estimate):
        return False
    a, b = np.array([[e.low, e.estimate, e.high] for e in (old, new)], dtype=float)
    step = float(b[1] - a[1])
    below = float(np.hypot(b[1] - b[0], a[2] - a[1]))
    above = float(np.hypot(b[2] - b[1], a[1] - a[0]))
    return step - below > 0 or step + above < 0


def allocate(total: int, size: Ints, spread: Floats) -> Ints:
    """Share out ``total`` reviews over strata in proportion to size × spread (Neyman 1934).

    Every stratum gets at least two (or all of its deals), and none more than it holds.
    """
    want = size * np.maximum(spread, 1e-9)
    total = int(min(total, size.sum()))
    least = np.minimum(size, 2)
    low, high = 0.0, float(np.max(size / want))
    for _ in range(60):
        scale = (low + high) / 2
        fits = np.clip(scale * want, least, size).sum() <= total
        low, high = (scale, high) if fits else (low, scale)
    share = np.clip(low * want, least, size)
    drawn: Ints = np.floor(share + 1e-9).astype(np.int64)
    missing = max(total - int(drawn.sum()), 0)
    order = np.argsort(-(share - drawn) - (drawn < size), kind="stable")
    drawn[order[:missing]] += 1
    return drawn


def _slope(outcome: Floats, guess: Floats, part: Floats) -> float:
    """How far to trust the guess: the weighted regression of outcome on guess, between 0 and 1."""
    spread = guess - part @ guess
    varies = float(part @ spread**2)
    if varies < 1e-9:
        return 0.0
    return float(np.clip(part @ (spread * (outcome - part @ outcome)) / varies, 0.0, 1.0))


def _doubt(guess: Floats, slope: float, sample: Sample) -> Floats:
    """Variance within strata of ``outcome - slope * guess``, if the guess is to be believed."""
    sure = _bounded(guess)
    mean = np.bincount(sample.stratum, guess, len(sample.size)) / np.maximum(sample.drawn, 1)
    variance: Floats = sure * (1 - sure) + (1 - slope) ** 2 * (guess - mean[sample.stratum]) ** 2
    return variance


def _variance(influence: Floats, expected: Floats, miss: float, sample: Sample) -> float:
    """Stratified variance of an estimate, each stratum's held up by what the model expects of it.

    ``influence`` is how far each reviewed deal moves the estimate, ``expected`` the variance of
    that by the model, ``miss`` the square of what one miss moves. What the model expects is first
    multiplied by its dispersion: squared misses seen over those expected, in all strata together
    (Pearson's estimate; McCullagh and Nelder 1989, 9.2.4), with ``_FIRST_MISSES`` added to both.
    """
    strata, drawn = len(sample.size), sample.drawn

    def by_stratum(values: Floats) -> Floats:
        return np.asarray(np.bincount(sample.stratum, values, strata), dtype=np.float64)

    some, several = np.maximum(drawn, 1), drawn > 1
    squares = np.maximum(by_stratum(influence**2) - by_stratum(influence) ** 2 / some, 0.0)
    believed = by_stratum(expected)
    seen = float(np.sum((squares * drawn)[several] / (drawn[several] - 1)))
    first = _FIRST_MISSES * miss
    dispersion = (seen + first) / (float(believed[several].sum()) + first)
    spread = (squares + _EXPECTED_WEIGHT * dispersion * believed / some) / (
        np.maximum(drawn - 1, 0) + _EXPECTED_WEIGHT
    )
    unseen = 1 - np.minimum(drawn / sample.size, 1.0)
    return float(np.sum(unseen * drawn * spread))


def _bounded(guess: Floats) -> Floats:
    bounded: Floats = np.clip(guess, 1 - _SUREST, _SUREST)
    return bounded


def _interval(share: float, variance: float, most: float | None = None) -> tuple[float, float]:
    """Wilson's interval at the effective size that the variance implies, at ``most`` this size.

    Where all reviewed deals agree, nothing shows that the design saves any reviews: the effective
    size is then at most their number.
    """
    within = min(max(share, 0.0), 1.0)
    if variance <= 0:
        return within, within
    inner = min(max(share, 0.005), 0.995)
    effective = min(inner * (1 - inner) / variance, most or np.inf)
    low, high = wilson(within * effective, effective)
    return min(low, within), max(high, within)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
