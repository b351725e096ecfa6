"""What the model says of one deal."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lossnlp.text import Signals


@dataclass(frozen=True, slots=True)
class Evidence:
    """The stretch of text that carries a reason.

    ``source`` is ``note`` or ``snippet:N`` (N from 0); ``start`` and ``end`` count characters of
    that source as it was given, and ``text`` is what stands between them.
    """

    source: str
    start: int
    end: int
    text: str

    def common(self, other: Evidence) -> int:
        """Return how many characters two stretches have in common."""
        if self.source != other.source:
            return 0
        return max(0, min(self.end, other.end) - max(self.start, other.start))


@dataclass(frozen=True, slots=True)
class RankedReason:
    """One of the likeliest reasons of a deal, with its calibrated probability."""

    code: str
    sub_reason: str | None
    probability: float
    evidence: Evidence | None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the model says of one deal.

    Attributes
    ----------
    reasons
        The three likeliest reasons, likeliest first.
    prediction_set
        The codes kept at the bundle's stated coverage, likeliest first.
    contributing, ruled_out
        Codes that the text says helped, and codes that it rejects.
    needs_detail
        Whether the text supports no code well enough; then ``question`` says what to ask.
    question
        What to ask the rep, or None if the reason is clear.
    signals
        Competitors, revisit date, language and how the note was closed.
    recyclable
        ``never``, ``on_condition`` or ``yes``.
    reengage_on
        The day to come back, or None.
    truncated
        Whether the text was longer than the encoder reads.
    model
        The id of the bundle.
    """

    reasons: tuple[RankedReason, ...]
    prediction_set: tuple[str, ...]
    contributing: tuple[str, ...]
    ruled_out: tuple[str, ...]
    needs_detail: bool
    question: str | None
    signals: Signals
    recyclable: str
    reengage_on: date | None
    truncated: bool
    model: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain data (dates stay dates)."""
        return asdict(self)
