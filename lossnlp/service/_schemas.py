"""The shapes of what the service answers.

A field that has nothing to say is left out of the JSON; no field is ever null.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from lossnlp.service._problems import FieldError
from lossnlp.service._requests import SuggestionId


class _Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True, protected_namespaces=())


class EvidenceOut(_Answer):
    """The stretch of text that carries a reason."""

    source: str = Field(description="`note`, or `snippet:N` with N from 0")
    start: int = Field(description="First character (Unicode code points, from 0)")
    end: int = Field(description="One past the last character")
    text: str


class ReasonOut(_Answer):
    """One suggested reason."""

    rank: int = Field(ge=1, le=3)
    code: str
    name: str
    definition: str = Field(description="Help text")
    sub_reason: str | None = None
    sub_reason_name: str | None = None
    probability: float = Field(ge=0, le=1, description="Calibrated")
    picklist_value: str | None = Field(
        default=None, description="What to set in the CRM, by crosswalk"
    )
    evidence: EvidenceOut | None = None


class CompetitorOut(_Answer):
    """A vendor or product named as an alternative."""

    name: str = Field(description="As spelt in the text")
    canonical: str = Field(description="The name by which it is known")
    role: str
    source: str
    start: int
    end: int


class RevisitOut(_Answer):
    """When the text says to come back."""

    text: str
    source: str
    start: int
    end: int
    earliest: date | None = None
    latest: date | None = None
    act_on: date | None = Field(default=None, description="The day to get in touch")
    refused: str | None = Field(default=None, description="Why there is no date")


class ReadingOut(_Answer):
    """What the model says of one deal."""

    reasons: list[ReasonOut] = Field(max_length=3, description="Likeliest first")
    prediction_set: list[str] = Field(description="Codes kept at the bundle's stated coverage")
    contributing: list[str]
    ruled_out: list[str] = Field(description="Codes that the text rejects")
    needs_detail: bool = Field(description="Whether the text is too thin for a code")
    question: str | None = Field(default=None, description="The one question to ask the rep")
    competitors: list[CompetitorOut]
    revisit: RevisitOut | None = None
    recyclable: str | None = Field(default=None, description="never, on_condition or yes")
    reengage_on: date | None = None
    truncated: bool = Field(description="Whether the end of the text was not read")
    model: str = Field(description="Id of the bundle")
    taxonomy: str = Field(description="Version of the taxonomy")


class SuggestOut(ReadingOut):
    """Suggested reasons for one deal."""

    suggestion_id: SuggestionId
    blind: bool = Field(description="Whether the suggestion is held back to measure anchoring")
    milliseconds: float = Field(description="Time from the request's validation to the answer")


Verdict = Literal[
    "supported",
    "possible",
    "contributing",
    "ruled_out",
    "contradicted",
    "too_thin",
    "catch_all",
    "administrative",
]


class CheckOut(_Answer):
    """Whether the text supports a label."""

    supported: bool = Field(description="True if the verdict is `supported` or `possible`")
    verdict: Verdict
    why: str = Field(description="One sentence for a person")
    label_codes: list[str] = Field(description="The codes that the label stands for")
    reason: ReasonOut = Field(description="The likeliest reason by the text")
    question: str | None = None
    truncated: bool
    model: str
    taxonomy: str
    milliseconds: float


class ScoreEntry(_Answer):
    """One deal of several: what the model says of it, or what is wrong with it."""

    index: int = Field(ge=0, description="Place in the request, from 0")
    id: str | None = None
    suggestion: ReadingOut | None = None
    errors: list[FieldError] = Field(default=[], description="Empty unless the deal is wrong")


class ScoreOut(_Answer):
    """What the model says of several deals, in their order."""

    results: list[ScoreEntry]
    milliseconds: float


class FeedbackOut(_Answer):
    """What is now kept of the rep's choice."""

    suggestion_id: SuggestionId
    chosen: str = Field(description="The reason code")
    rank: int | None = Field(
        default=None, ge=0, description="Rank among the suggestions; 0 if it was none of them"
    )
    known: bool = Field(description="Whether this process still knew what it had suggested")


class SubReasonOut(_Answer):
    """A refinement of a reason."""

    code: str
    name: str
    definition: str


class TaxonomyReason(_Answer):
    """One reason of the taxonomy."""

    code: str
    name: str
    definition: str
    group: str
    recyclable: Literal["never", "on_condition", "yes"]
    administrative: bool
    question: str
    picklist_value: str | None = None
    sub_reasons: list[SubReasonOut]


class TaxonomyOut(_Answer):
    """The taxonomy that the model knows."""

    name: str
    version: str
    digest: str = Field(description="SHA-256 of its content")
    reasons: list[TaxonomyReason]


class ModelOut(_Answer):
    """The model in use and the limits of the service."""

    model: str
    taxonomy: str
    lossnlp: str
    max_body_bytes: int
    max_text_chars: int
    max_deals: int
    blind_share: float


class ReloadOut(_Answer):
    """The bundle that is in use after a reload."""

    model: str


class StateOut(_Answer):
    """How the process is."""

    status: Literal["live", "ready"]
