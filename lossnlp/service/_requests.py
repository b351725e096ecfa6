"""What callers send."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)

from lossnlp.deals import Deal, Snippet
from lossnlp.service._problems import FieldError, field_errors

#: Half of a surrogate pair: JSON can carry one, UTF-8 cannot.
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _mend_text(value: Any) -> Any:
    """Put a replacement character for every lone surrogate, so that offsets stay true."""
    return _LONE_SURROGATE.sub("\ufffd", value) if isinstance(value, str) else value


def _iso_date(value: Any) -> Any:
    """Read YYYY-MM-DD and nothing else: pydantic would take a number of seconds for a date."""
    if value is None or isinstance(value, date):
        return value
    if not isinstance(value, str) or not _ISO_DATE.fullmatch(value):
        raise ValueError("must be a date, YYYY-MM-DD")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("must be a day that exists, YYYY-MM-DD") from None


Text = Annotated[str, BeforeValidator(_mend_text)]
IsoDate = Annotated[
    date, BeforeValidator(_iso_date), WithJsonSchema({"type": "string", "format": "date"})
]
SuggestionId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")]


class _Request(BaseModel):
    """Takes no field that it does not know, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class SnippetIn(_Request):
    """A stretch of a call or an email."""

    speaker: Literal["buyer", "rep"]
    text: Text


class DealIn(_Request):
    """One closed-lost deal: what the rep typed, and what was said."""

    note: Text = Field(description="What the rep typed; may be empty")
    snippets: list[SnippetIn] | None = Field(
        default=None, max_length=50, description="What buyer and rep said on calls and in emails"
    )
    stage: Text | None = Field(default=None, max_length=200, description="Stage at loss")
    close_date: IsoDate | None = Field(
        default=None, description="Day of the loss, YYYY-MM-DD; dates in the text are read from it"
    )

    def to_deal(self, max_chars: int) -> tuple[Deal, bool]:
        """Return the deal, each text cut at ``max_chars``, and whether anything was cut."""
        snippets = self.snippets or []
        deal = Deal(
            note=self.note[:max_chars],
            snippets=tuple(Snippet(s.speaker, s.text[:max_chars]) for s in snippets),
            stage=self.stage,
            close_date=self.close_date,
        )
        return deal, any(len(text) > max_chars for text in [self.note, *(s.text for s in snippets)])


class SuggestIn(DealIn):
    """A deal for which reasons are wanted while the rep types."""

    suggestion_id: SuggestionId | None = Field(
        default=None,
        description="The caller's own id of this loss entry: the same one for every call while a "
        "rep types keeps blind entries blind. Made by the service if absent.",
    )


class CheckIn(DealIn):
    """A deal and the label that somebody gave it."""

    label: Text = Field(
        min_length=1, max_length=255, description="A reason code, or a picklist value"
    )


class ScoredDealIn(DealIn):
    """One deal of several."""

    id: Text | None = Field(default=None, max_length=255, description="Comes back in the answer")


def _keep_errors(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    """Return the valid deal, or what is wrong with it: one bad deal must not fail its batch."""
    try:
        return validate(value)
    except ValidationError as error:
        return field_errors(error.errors(include_input=False, include_url=False))


class ScoreIn(_Request):
    """Several deals."""

    deals: list[Annotated[ScoredDealIn, WrapValidator(_keep_errors)]] = Field(
        min_length=1, description="Each is judged by itself: a bad one gets an error entry"
    )

    def entries(self) -> list[ScoredDealIn | list[FieldError]]:
        """Return for each deal the deal, or what is wrong with it."""
        return list(self.deals)


class FeedbackIn(_Request):
    """What the rep chose in the end."""

    suggestion_id: SuggestionId
    chosen: Text = Field(
        min_length=1, max_length=255, description="The reason code, or the picklist value"
    )
