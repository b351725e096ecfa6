"""Reading deals for what they say besides the reason."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lossnlp.deals import Deal
from lossnlp.text._clean import clean
from lossnlp.text._competitors import CompetitorFinder, merged
from lossnlp.text._signals import Competitor, Signals
from lossnlp.text._vendors import read_vendors


class TextReader:
    """Finds rivals, dates and the like in deals.

    Parameters
    ----------
    competitors : Path, optional
        The user's own list of vendors; by default the packaged one.
    fiscal_year_start : int
        The month in which the user's fiscal year begins, 1 to 12.
    own_names : iterable of str
        Names of the user's own company and products: never rivals.
    """

    def __init__(
        self,
        competitors: Path | None = None,
        fiscal_year_start: int = 1,
        own_names: Iterable[str] = (),
    ) -> None:
        self._rivals = CompetitorFinder(read_vendors(competitors), own_names)
        self.fiscal_year_start = fiscal_year_start

    def read(self, deals: Iterable[Deal]) -> list[Signals]:
        """Return the signals of each deal, in their order."""
        return [Signals(competitors=self._competitors(deal)) for deal in deals]

    def _competitors(self, deal: Deal) -> tuple[Competitor, ...]:
        found: dict[str, Competitor] = {}
        for source in ("note", *(f"snippet:{n}" for n in range(len(deal.snippets)))):
            for rival in self._rivals.find(clean(deal.source_text(source)), source):
                key = rival.canonical.casefold()
                found[key] = merged(found[key], rival) if key in found else rival
        return tuple(found.values())
