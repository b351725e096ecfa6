"""Deals without labels, made from real ones by recombining and perturbing their words."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from lossnlp.deals import Deal, Snippet

_SENTENCE_END = re.compile(r"(?<=[.!?;\n])\s+")
_ABBREVIATIONS = (
    ("with", "w/"), ("without", "w/o"), ("customer", "cust"), ("because", "bc"), ("about", "abt"),
    ("decision maker", "DM"), ("implementation", "impl"), ("integration", "intg"),
    ("requirements", "reqs"), ("please", "pls"), ("follow up", "f/u"),
)  # fmt: skip


def recombined(deals: Sequence[Deal], n: int, *, seed: int = 0) -> Iterator[Deal]:
    """Yield n deals made of the sentences of others.

    Each takes the note of one deal, drops a sentence of it, adds one of another deal or leaves it,
    sometimes takes the snippets of a second deal, and has its typing perturbed: case,
    abbreviations, digits, a slip of the finger. What they mean is nobody's word, so they serve to
    ask a model, not to tell it.
    """
    draw = random.Random(seed)  # noqa: S311 - nothing secret
    sentences = [_SENTENCE_END.split(deal.note) for deal in deals]
    spoken = [deal.snippets for deal in deals if deal.snippets] or [()]
    for _ in range(n):
        at = draw.randrange(len(deals))
        own, other = list(sentences[at]), draw.choice(sentences)
        if len(own) > 1 and draw.random() < 0.4:
            own.pop(draw.randrange(len(own)))
        if draw.random() < 0.5:
            own.insert(draw.randrange(len(own) + 1), draw.choice(other))
        snippets = draw.choice(spoken) if draw.random() < 0.15 else deals[at].snippets
        yield Deal(_perturbed(" ".join(own), draw), tuple(_copied(s, draw) for s in snippets))


def _copied(snippet: Snippet, draw: random.Random) -> Snippet:
    return Snippet(snippet.speaker, _perturbed(snippet.text, draw))


def _perturbed(text: str, draw: random.Random) -> str:
    if draw.random() < 0.2:
        text = text.lower()
    if draw.random() < 0.3:
        for long, short in _ABBREVIATIONS:
            text = text.replace(f" {long} ", f" {short} ")
    text = re.sub(r"\d", lambda _: str(draw.randrange(10)), text)
    if len(text) > 10 and draw.random() < 0.3:
        slip = draw.randrange(len(text) - 1)
        text = text[:slip] + text[slip + 1] + text[slip] + text[slip + 2 :]
    return text
