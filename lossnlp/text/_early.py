"""Deals that look stalled rather than lost: the buyer still meets, tests, or waits for paper."""

from __future__ import annotations

import re

from lossnlp.text._clean import CleanText

_DAY = r"(?:next )?(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri)(?:day)?\b|tomorrow|next week"
_MOVING = re.compile(
    rf"\b(?:still (?:meeting|meet|talking|in talks|evaluating|testing|in (?:eval\w*|pilot|poc|"
    rf"play|review|legal|procurement|discussions?)|"
    rf"negotiating|working on it|interested and|on (?:for|track)|moving)|(?:meeting|call|demo|"
    rf"workshop|session|review) "
    rf"(?:is )?(?:set|booked|scheduled|confirmed|planned|lined up)(?: for)?(?: \w+){{0,2}} "
    rf"(?:{_DAY})|"
    rf"(?:we|i)(?:['’]re| are|['’]m| am)? (?:still )?(?:meet(?:ing)?|see(?:ing)?|speak(?:ing)?|"
    rf"talk(?:ing)?)(?: \w+){{0,3}} (?:{_DAY})|"
    r"(?:eval(?:uation)?|pilot|poc|trial|review)(?: of us)? (?:is |are )?still (?:on|running|"
    r"going|open|live)|"
    r"(?:it['’]s|its|deal is|this is|we['’]re|they['’]re|we are|they are) not (?:dead|lost|over|a "
    r"no)\b|isn['’]t (?:dead|lost)\b|"
    r"(?:still )?(?:waiting (?:on|for)|expecting) (?:the |their |a )?(?:po|signature|signed|"
    r"countersign\w*|redlines|legal)\b|"
    r"(?:verbal(?:ly)? (?:yes|approval)|verbal) (?:yesterday|today|last week)|"
    r"closed (?:it )?(?:only |just )?(?:because|bc|as|per|to|due to)[^.\n]{0,40}(?:policy|crm|rev "
    r"?ops|days|quarter|system|forecast|hygiene|clean)|"
    r"loss is only (?:because|bc|as))",
    re.I,
)
#: What undoes such words: it is over all the same.
_OVER = re.compile(
    r"\b(?:cancel\w*|no[- ]show\w*|nobody (?:came|joined|showed)|never (?:happened|came)|declined|"
    r"then (?:silence|nothing|dark)|"
    r"didn['’]?t (?:show|join|happen)|signed with|went with|gone with|lost to|chose|picked)\b",
    re.I,
)


def closed_early(clean: CleanText) -> tuple[int, int] | None:
    """Return the words by which a deal still moves, as offsets into the clean text; else None.

    Only the latest log entry counts: what moved in March may be over in May.
    """
    if not clean.entries:
        return None
    last = clean.entries[-1]
    match = _MOVING.search(clean.text, last.start, last.end)
    if match is None or _OVER.search(clean.text, match.start(), last.end):
        return None
    return match.span()
