"""Findings: deals whose label the text does not support, each of one kind, in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from lossnlp.deals import Deal
from lossnlp.model import Evidence, Suggestion
from lossnlp.taxonomy import INSUFFICIENT, CrosswalkEntry, Taxonomy

Kind = Literal[
    "contradicted",
    "wrong_reason",
    "contributing_only",
    "unspecific",
    "unsupported",
    "administrative",
    "closed_early",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

#: What each kind means, for the report's legend.
MEANINGS: dict[Kind, str] = {
    "contradicted": "the text rejects the label and gives another reason",
    "wrong_reason": "another reason decides",
    "contributing_only": "the label's reason helped, another decided",
    "unspecific": "a catch-all label, while the text names a reason",
    "unsupported": "the text says nothing that supports the label: ask the rep",
    "administrative": "a record that is no deal, or a deal that is marked as such a record",
    "closed_early": "the label stands, but the deal sounds as if it still moves",
}
_LONGEST_QUOTE = 160


@dataclass(frozen=True, slots=True)
class Case:
    """One audited deal: its label, what the model reads, and the verdict on the label.

    ``reason`` is the code to set instead, with the probability that the text gives it;
    ``certainty`` the probability that the label is wrong.
    """

    deal: Deal
    entry: CrosswalkEntry
    read: Suggestion
    certainty: float
    flagged: bool
    reason: str
    sub_reason: str
    probability: float
    second: str
    second_probability: float

    @property
    def evidence(self) -> Evidence | None:
        """The stretch of text that carries the reason, if the model quotes one."""
        return next((r.evidence for r in self.read.reasons if r.code == self.reason), None)


def kind_of(case: Case, taxonomy: Taxonomy) -> Kind | None:
    """Return the kind of finding that a deal is, or None if its label stands."""
    if not case.flagged:
        return "closed_early" if case.read.signals.closed_early is not None else None
    label = case.entry
    if label.kind == "administrative" or taxonomy.reason(case.reason).administrative:
        return "administrative"
    if case.reason == INSUFFICIENT:
        return "unsupported"
    if label.kind == "catch_all":
        return "unspecific"
    if set(label.codes) & set(case.read.contributing):
        return "contributing_only"
    if set(label.codes) & set(case.read.ruled_out):
        return "contradicted"
    return "wrong_reason"


def sentence(case: Case, kind: Kind, taxonomy: Taxonomy) -> str:
    """Say a finding in one line of plain words, with the words of the text that carry it."""
    label = f"labelled {case.entry.value}"
    if kind == "closed_early":
        early = case.read.signals.closed_early
        return f"{label}, but the deal sounds open{_quoted(early.text if early else '')}"
    if kind == "unsupported":
        return f"{label}; the text gives no reason. Ask: {question(case, taxonomy)}"
    who = _voice(case)
    named = _named(case, taxonomy)
    if kind == "administrative" and case.entry.kind == "administrative":
        says = f", as if it were no deal; {who} points to {named}"
    else:
        says = {
            "administrative": f"; {who} says that the record is no deal ({named})",
            "contradicted": f", which the text rejects; {who} points to {named}",
            "contributing_only": f", which only helped; {who} points to {named} as what decided",
            "unspecific": f"; {who} names {named}",
            "wrong_reason": f"; {who} points to {named}",
        }[kind]
    evidence = case.evidence
    return f"{label}{says}{_quoted(evidence.text) if evidence else ''}"


def question(case: Case, taxonomy: Taxonomy) -> str:
    """Return the one question to ask the rep about a label that the text does not support."""
    code = case.entry.codes[0] if case.entry.codes else INSUFFICIENT
    return taxonomy.reason(INSUFFICIENT if case.entry.kind == "catch_all" else code).question


def _voice(case: Case) -> str:
    """Name whose words the evidence is."""
    evidence = case.evidence
    if evidence is None:
        return "the text"
    if evidence.source == "note":
        return "the note"
    speaker = case.deal.snippets[int(evidence.source.removeprefix("snippet:"))].speaker
    return "the buyer" if speaker == "buyer" else "our rep"


def _named(case: Case, taxonomy: Taxonomy) -> str:
    """Name the reason in words, with its sub-reason."""
    reason = taxonomy.reason(case.reason)
    sub = next((s.name for s in reason.sub_reasons if s.code == case.sub_reason), None)
    return f"{reason.name} ({sub[0].lower()}{sub[1:]})" if sub else reason.name


def _quoted(text: str) -> str:
    """Quote a stretch of text on one line, cut at a word where it is long."""
    line = " ".join(text.split())
    if not line:
        return ""
    if len(line) > _LONGEST_QUOTE:
        line = line[:_LONGEST_QUOTE].rsplit(" ", 1)[0] + " …"
    return f": ‘{line}’"
