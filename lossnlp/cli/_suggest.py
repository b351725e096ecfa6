"""``lossnlp suggest``: why one deal was lost, read from what the rep typed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lossnlp._errors import InputError

if TYPE_CHECKING:
    from lossnlp.deals import Deal, Snippet
    from lossnlp.model import Evidence, Suggestion
    from lossnlp.taxonomy import Taxonomy

app = typer.Typer(add_completion=False)

_RECYCLABLE = {"never": "no", "on_condition": "if something changes", "yes": "yes"}


@app.command()
def suggest(
    text: Annotated[str, typer.Argument(help="What the rep typed; - reads standard input.")],
    snippet: Annotated[
        list[str] | None,
        typer.Option(help='What was said: "buyer: …" or "rep: …"; may be given several times.'),
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Bundle (default: the shipped one).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Read one closed-lost note: the likeliest reasons, the words that carry them, what to ask.

    Example:

        lossnlp suggest "went w/ Workday, half the price"

        lossnlp suggest "Lost on price" --snippet "buyer: price was fine, our CISO said no"
    """
    from lossnlp.deals import Deal
    from lossnlp.model import load

    note = sys.stdin.read() if text == "-" else text
    deal = Deal(note, tuple(_snippet(s) for s in snippet or []), close_date=date.today())
    loaded = load(model)
    found = loaded.read([deal])[0]
    if as_json:
        typer.echo(json.dumps(found.to_dict(), ensure_ascii=False, indent=2, default=str))
        return
    for line in _lines(deal, found, loaded.taxonomy):
        typer.echo(line)


def _snippet(given: str) -> Snippet:
    from lossnlp.deals import Snippet

    speaker, colon, text = given.partition(":")
    match speaker.strip().lower():
        case "buyer" if colon:
            return Snippet("buyer", text.strip())
        case "rep" if colon:
            return Snippet("rep", text.strip())
    raise InputError(
        f'--snippet {given[:40]!r} does not say who spoke; write "buyer: …" or "rep: …"'
    )


def _lines(deal: Deal, found: Suggestion, taxonomy: Taxonomy) -> Iterator[str]:
    for ranked in found.reasons:
        reason = taxonomy.reason(ranked.code)
        subs = [sub.name for sub in reason.sub_reasons if sub.code == ranked.sub_reason]
        name = ": ".join([reason.name, *subs])
        yield f"{ranked.probability:>6.1%}  {name}  ({ranked.code})"
    yield ""
    yield from _named("Evidence", _evidence(deal, found.reasons[0].evidence))
    yield from _named("Also helped", _names(found.contributing, taxonomy))
    yield from _named("Ruled out", _names(found.ruled_out, taxonomy))
    yield from _named("Not excluded", _names(found.prediction_set[1:], taxonomy))
    rivals = dict.fromkeys(
        f"{rival.name} ({rival.role.replace('_', ' ')})" for rival in found.signals.competitors
    )
    yield from _named("Competitors", ", ".join(rivals))
    revisit = found.signals.revisit
    if revisit is not None:
        day = f" → {revisit.act_on}" if revisit.act_on else ""
        yield from _named("Revisit", f"{revisit.text}{day}")
    yield from _named("Recyclable", _RECYCLABLE[found.recyclable])
    yield from _named("Come back on", str(found.reengage_on or ""))
    yield from _named("Ask the rep", found.question or "")


def _named(name: str, value: str) -> Iterator[str]:
    if value:
        yield f"{name + ':':<14}{value}"


def _names(codes: tuple[str, ...], taxonomy: Taxonomy) -> str:
    return ", ".join(taxonomy.reason(code).name for code in codes)


def _evidence(deal: Deal, evidence: Evidence | None) -> str:
    """Return the passage with the evidence set off: highlighted on a terminal, else in »«."""
    if evidence is None:
        return ""
    text = deal.source_text(evidence.source)
    stretch = text[evidence.start : evidence.end]
    marked = (
        typer.style(stretch, bold=True, reverse=True) if sys.stdout.isatty() else f"»{stretch}«"
    )
    whole = text[: evidence.start] + marked + text[evidence.end :]
    return f"[{evidence.source}] {' '.join(whole.split())}"
