"""``python -m lossnlp.training`` prints the tables of the starter corpus's datasheet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import typer

from lossnlp.taxonomy import Taxonomy
from lossnlp.training._labelled import LabelledDeal, starter_deals


def _lines(deals: Sequence[LabelledDeal]) -> Iterator[str]:
    files = list(dict.fromkeys(d.group for d in deals))
    yield f"{len(deals)} deals in {len(files)} files"
    yield "\n| reason | deals | contributing | ruled out |\n|---|---|---|---|"
    primary = Counter(d.primary for d in deals)
    helped = Counter(code for d in deals for code in d.contributing or ())
    rejected = Counter(code for d in deals for code in d.ruled_out or ())
    for code in Taxonomy.default().codes:
        yield f"| `{code}` | {primary[code]} | {helped[code]} | {rejected[code]} |"
    yield "\n| file | deals | words: median (10 to 90 %) | with snippets | no reason |"
    yield "|---|---|---|---|---|"
    for file in files:
        yield _row(file, [d for d in deals if d.group == file])
    yield _row("all", deals)


def _row(name: str, deals: Sequence[LabelledDeal]) -> str:
    texts = [" ".join([d.deal.note, *(s.text for s in d.deal.snippets)]) for d in deals]
    low, middle, high = np.percentile([len(text.split()) for text in texts], [10, 50, 90])
    said = np.mean([bool(d.deal.snippets) for d in deals])
    mute = np.mean([d.primary == "insufficient_detail" for d in deals])
    words = f"{middle:.0f} ({low:.0f} to {high:.0f})"
    return f"| {name} | {len(deals)} | {words} | {said:.0%} | {mute:.0%} |"


if __name__ == "__main__":
    for line in _lines(starter_deals()):
        typer.echo(line)
