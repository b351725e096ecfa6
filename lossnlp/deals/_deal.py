"""What a deal is: one closed-lost opportunity, its words and its facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

Speaker = Literal["buyer", "rep"]

#: The columns of a table of deals, in order; only ``note`` must be there.
DEAL_COLUMNS = (
    "id",
    "note",
    "snippets",
    "label",
    "stage",
    "owner",
    "account",
    "close_date",
    "amount",
    "segment",
    "industry",
)


@dataclass(frozen=True, slots=True)
class Snippet:
    """A stretch of a call or an email, with who said it."""

    speaker: Speaker
    text: str


@dataclass(frozen=True, slots=True)
class Deal:
    """One closed-lost opportunity.

    ``note`` and the snippets' texts are kept exactly as given: every offset that lossnlp reports
    points into them. ``label`` is what the CRM holds and may be wrong; ``amount`` is in the
    export's own currency.
    """

    note: str
    snippets: tuple[Snippet, ...] = ()
    id: str = ""
    label: str | None = None
    stage: str | None = None
    owner: str | None = None
    account: str | None = None
    close_date: date | None = None
    amount: float | None = None
    segment: str | None = None
    industry: str | None = None

    def source_text(self, source: str) -> str:
        """Return the text that an evidence source (``note`` or ``snippet:N``, N from 0) names."""
        if source == "note":
            return self.note
        return self.snippets[int(source.removeprefix("snippet:"))].text
