"""Labelled deals: what a model learns from and is measured on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from lossnlp._errors import InputError
from lossnlp.deals import Deal, Snippet
from lossnlp.model import Evidence
from lossnlp.taxonomy import Taxonomy

#: The starter files that were written to be hard for a model that had learnt the others.
HARD_FILES = frozenset(f"t{number}" for number in range(22, 34))


@dataclass(frozen=True, slots=True)
class LabelledDeal:
    """A deal with what an annotator said of it; None where nobody said.

    Attributes
    ----------
    deal
        The deal.
    primary
        The code of the deciding reason.
    sub_reason
        One of that code's sub-reasons.
    contributing, ruled_out
        Codes that the text says helped, and codes that it rejects.
    evidence
        The stretch, copied from the note or a snippet, that carries the reason.
    competitors
        The rivals' names as the text spells them.
    revisit
        The words that say when to come back; empty where the text says nothing of it.
    group
        Deals of one group are never split between training and measuring.
    """

    deal: Deal
    primary: str
    sub_reason: str | None = None
    contributing: tuple[str, ...] | None = None
    ruled_out: tuple[str, ...] | None = None
    evidence: str | None = None
    group: str = ""
    competitors: tuple[str, ...] | None = None
    revisit: str | None = None

    def evidence_span(self) -> Evidence | None:
        """Return the annotated evidence with its offsets, or None where there is none."""
        if not self.evidence:
            return None
        for source in ("note", *(f"snippet:{n}" for n in range(len(self.deal.snippets)))):
            start = self.deal.source_text(source).find(self.evidence)
            if start >= 0:
                return Evidence(source, start, start + len(self.evidence), self.evidence)
        return None

    def voice_of(self, source: str) -> str:
        """Return who speaks in a source: ``note``, ``buyer`` or ``rep``."""
        if source == "note":
            return "note"
        return self.deal.snippets[int(source.removeprefix("snippet:"))].speaker


def starter_deals() -> list[LabelledDeal]:
    """Return the starter corpus, grouped by file (a seller and its voice) in natural order."""
    folder = files("lossnlp.training").joinpath("starter")
    names = [entry.name for entry in folder.iterdir() if entry.name.endswith(".jsonl")]
    return [
        _labelled(json.loads(line), group=name.removesuffix(".jsonl"))
        for name in sorted(names, key=lambda name: (len(name), name))
        for line in folder.joinpath(name).read_text(encoding="utf-8").splitlines()
    ]


def lessons_of(taxonomy: Taxonomy) -> list[LabelledDeal]:
    """Return what a taxonomy says of its codes as deals: names, synonyms, definitions.

    A label alone ("Price.") is a reason, and a user's own codes often have few examples.
    """
    return [
        LabelledDeal(Deal(text), reason.code)
        for reason in taxonomy.reasons
        for text in (
            reason.name,
            reason.definition,
            *reason.synonyms,
            *(text for sub in reason.sub_reasons for text in (sub.name, sub.definition)),
        )
    ]


def check_codes(deals: Sequence[LabelledDeal], taxonomy: Taxonomy) -> None:
    """Raise InputError if there are no deals or a label is no code of the taxonomy."""
    if not deals:
        raise InputError("there are no labelled deals")
    for place, labelled in enumerate(deals, start=1):
        strange = {labelled.primary, *(labelled.contributing or ()), *(labelled.ruled_out or ())}
        strange -= set(taxonomy.codes)
        if strange:
            raise InputError(
                f"deal {labelled.deal.id or place}: {min(strange)!r} is no code of taxonomy"
                f" {taxonomy.name} {taxonomy.version}; map the labels with --crosswalk or give"
                " your own codes with --taxonomy"
            )


def _labelled(record: Mapping[str, Any], group: str) -> LabelledDeal:
    snippets = tuple(Snippet(s["speaker"], s["text"]) for s in record["snippets"])
    deal = Deal(
        record["note"],
        snippets,
        id=record["id"],
        stage=record["stage"],
        amount=record["amount"],
        segment=record["segment"],
        industry=record["industry"],
    )
    return LabelledDeal(
        deal,
        primary=record["primary"],
        sub_reason=record["sub_reason"],
        contributing=tuple(record["secondary"]),
        ruled_out=tuple(record["ruled_out"]),
        evidence=record["evidence"],
        group=group,
        competitors=tuple(record["competitors"]),
        revisit=record["revisit"] or "",
    )
