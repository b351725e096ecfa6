"""Answers, made from what the model says of a deal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeVar

from pydantic import BaseModel

from lossnlp.model import RankedReason, Suggestion
from lossnlp.service._schemas import (
    CheckOut,
    CompetitorOut,
    EvidenceOut,
    ReadingOut,
    ReasonOut,
    RevisitOut,
    SubReasonOut,
    TaxonomyOut,
    TaxonomyReason,
    Verdict,
)
from lossnlp.taxonomy import Crosswalk, Taxonomy

Shape = TypeVar("Shape", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Label:
    """What a reason code or picklist value stands for.

    ``name`` is the code where it stands for exactly one, else the value as in the crosswalk.
    """

    name: str
    codes: tuple[str, ...]
    kind: Literal["reason", "catch_all", "administrative"]


class Answers:
    """Makes answers from what the model says.

    Parameters
    ----------
    taxonomy
        The taxonomy of the model.
    crosswalk
        Picklist values of the CRM, if the administrator gave them.
    """

    def __init__(self, taxonomy: Taxonomy, crosswalk: Crosswalk | None = None) -> None:
        self._taxonomy = taxonomy
        self._crosswalk = crosswalk
        self._sub_names = {
            (reason.code, sub.code): sub.name
            for reason in taxonomy.reasons
            for sub in reason.sub_reasons
        }

    def reading(self, said: Suggestion, cut: bool) -> ReadingOut:
        """Return the answer for one deal; ``cut`` if the service read only its beginning."""
        return ReadingOut(
            reasons=[self._reason(i, reason) for i, reason in enumerate(said.reasons, start=1)],
            prediction_set=list(said.prediction_set),
            contributing=list(said.contributing),
            ruled_out=list(said.ruled_out),
            needs_detail=said.needs_detail,
            question=said.question,
            competitors=[CompetitorOut.model_validate(c) for c in said.signals.competitors],
            revisit=_copy(RevisitOut, said.signals.revisit),
            recyclable=said.recyclable,
            reengage_on=said.reengage_on,
            truncated=said.truncated or cut,
            model=said.model,
            taxonomy=self._taxonomy.version,
        )

    def blind(self, said: Suggestion) -> ReadingOut:
        """Return the answer for a deal whose suggestion is held back: nothing that could sway."""
        return ReadingOut(
            reasons=[],
            prediction_set=[],
            contributing=[],
            ruled_out=[],
            needs_detail=False,
            competitors=[],
            truncated=False,
            model=said.model,
            taxonomy=self._taxonomy.version,
        )

    def check(self, said: Suggestion, label: Label, cut: bool, milliseconds: float) -> CheckOut:
        """Return whether the text supports the label."""
        verdict = _verdict(said, label)
        best = self._reason(1, said.reasons[0])
        return CheckOut(
            supported=verdict in ("supported", "possible"),
            verdict=verdict,
            why=_sentence(verdict, best),
            label_codes=list(label.codes),
            reason=best,
            question=said.question,
            truncated=said.truncated or cut,
            model=said.model,
            taxonomy=self._taxonomy.version,
            milliseconds=milliseconds,
        )

    def label(self, text: str) -> Label | None:
        """Return what a reason code or a picklist value stands for; None if nobody knows it."""
        code = text.strip().casefold()
        if code in self._taxonomy.codes:
            administrative = self._taxonomy.reason(code).administrative
            return Label(code, (code,), "administrative" if administrative else "reason")
        entry = self._crosswalk.lookup(text) if self._crosswalk else None
        if entry is None:
            return None
        name = entry.codes[0] if len(entry.codes) == 1 else entry.value
        return Label(name, tuple(entry.codes), entry.kind)

    def taxonomy(self) -> TaxonomyOut:
        """Return the taxonomy."""
        return TaxonomyOut(
            name=self._taxonomy.name,
            version=self._taxonomy.version,
            digest=self._taxonomy.digest,
            reasons=[
                TaxonomyReason(
                    code=reason.code,
                    name=reason.name,
                    definition=reason.definition,
                    group=reason.group,
                    recyclable=reason.recyclable,
                    administrative=reason.administrative,
                    question=reason.question,
                    picklist_value=self._picklist_value(reason.code),
                    sub_reasons=[SubReasonOut.model_validate(sub) for sub in reason.sub_reasons],
                )
                for reason in self._taxonomy.reasons
            ],
        )

    def _reason(self, rank: int, ranked: RankedReason) -> ReasonOut:
        reason = self._taxonomy.reason(ranked.code)
        sub = ranked.sub_reason
        return ReasonOut(
            rank=rank,
            code=ranked.code,
            name=reason.name,
            definition=reason.definition,
            sub_reason=sub,
            sub_reason_name=self._sub_names[ranked.code, sub] if sub else None,
            probability=round(ranked.probability, 4),
            picklist_value=self._picklist_value(ranked.code),
            evidence=_copy(EvidenceOut, ranked.evidence),
        )

    def _picklist_value(self, code: str) -> str | None:
        return self._crosswalk.value_for(code) if self._crosswalk else None


def _copy(shape: type[Shape], record: object | None) -> Shape | None:
    """Copy a record's fields into an answer; nothing stays nothing."""
    return None if record is None else shape.model_validate(record)


def _verdict(said: Suggestion, label: Label) -> Verdict:
    """Judge a label by the codes that it stands for; the first rule that holds decides."""
    codes = set(label.codes)
    rules: list[tuple[bool, Verdict]] = [
        (said.reasons[0].code in codes and label.kind != "catch_all", "supported"),
        (label.kind == "administrative", "administrative"),
        (said.needs_detail, "too_thin"),
        (label.kind == "catch_all", "catch_all"),
        (not codes.isdisjoint(said.ruled_out), "ruled_out"),
        (not codes.isdisjoint(said.prediction_set), "possible"),
        (not codes.isdisjoint(said.contributing), "contributing"),
    ]
    return next((verdict for holds, verdict in rules if holds), "contradicted")


_SENTENCES: dict[Verdict, str] = {
    "supported": "The text says {reason}.",
    "possible": "The text says {reason}, yet the label remains possible.",
    "contributing": "The label contributed; what decided the deal was {reason}.",
    "ruled_out": "The text rejects the label; it says {reason}.",
    "contradicted": "The text says {reason}.",
    "too_thin": "The text is too thin to support any reason.",
    "catch_all": "The label says nothing, while the text says {reason}.",
    "administrative": "The label is about the record, not about the loss.",
}


def _sentence(verdict: Verdict, reason: ReasonOut) -> str:
    said = f"{reason.name} ({reason.probability:.0%})"
    if reason.evidence:
        said = f"{reason.name} (“{reason.evidence.text}”, {reason.probability:.0%})"
    return _SENTENCES[verdict].format(reason=said)
