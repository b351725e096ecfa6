"""When to come back: the words of a deal that say so."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from itertools import pairwise

from lossnlp.text._clean import CleanText
from lossnlp.text._tags import UNLIKELY, Tagged
from lossnlp.text._when import CORE, MAY_HOLD

_SENTENCE = re.compile(r"[.!?…]+[\"'”’)]*\s|\n|;")
_UNTIL = r"(?:un)?till?|thru|through|throughout|up to|not before|no earlier than|no sooner than"
_AFTER = r"after|post|following|past|once|when|whenever|as soon as|the moment|if|unless"
#: What may stand between the hint and the words of time.
_LEAD = re.compile(
    rf"\b(?P<lead>{_UNTIL}|after|post|past|following|from|in|on|around|about|by|for|at|to|of|"
    rf"since|before|during|"
    r"last|this|over|every|was|were|is|back in)(?:,? (?:about|around|at least|like|say|uh|um|ah|"
    r"erm|what|so|the|their|our|my|maybe|"
    r"as early as|somewhere in|sometime in|some time in))*,?[ ]+(?:the )?$",
    re.I,
)
#: Words by which a buyer or a rep asks to come back.
_RECALL = re.compile(
    r"\b(?:call|ring|phone|ping|pester|chase|holler|knock|revisit\w*|re-?engag\w*|re-?open\w*|"
    r"re-?visit\w*|re-?approach\w*|"
    r"re-?submit\w*|re-?apply|re-?appl\w+|re-?start\w*|re-?start|(?:talk|speak|look|ask|try|meet|"
    r"apply|come|check|touch base|pick)[^.]{0,25}?"
    r"(?:again|back|up|then)|come back|go back|be back|us back|circle back|follow[- ]?up|f/u|"
    r"touch base|reach out|get in touch|in touch|contact(?:ed)?|drop me|"
    r"try (?:me|us|them|her|him|again)?|ask (?:me|us|them|her|him)|talk|speak|diary|diarise|dairy|"
    r"remind(?:er)?|task|note for|nurture|recycle|"
    r"wake|invite|next (?:window|touch|round|step|call|talk|chance)|earliest|re-?look|"
    r"re-?tender|re-?bid|pick (?:it|this|that) (?:back )?up|back on the table|revive|resume|"
    r"resurface|hold the|i['’]?ll be back|tickle)\b",
    re.I,
)
#: Words by which a deal waits, or a contract still runs.
_HOLD = re.compile(
    r"\b(?:park(?:ed|ing)?|on hold|on ice|ice|shel[fv]\w*|push(?:e?d|es|ing)?|postpon\w+|delay\w*|"
    r"defer\w*|deferral|mov(?:ed|es|ing)|"
    r"slid|slides?|slip\w*|bump\w*|kick(?:ed|ing)?|put (?:back|off)|held|hold(?:s|ing)?|wait(?:s|"
    r"ing)?|pause\w*|frozen|freeze|froze|moratorium|"
    r"suspend\w*|resched\w*|re-?plan\w*|revised|shift(?:ed|s)?|drag\w*|stall\w*|nothing (?:new|"
    r"else|can|gets|until)|no new|"
    r"not (?:now|yet|this year|this fy|until|till?|before)|won['’]?t|can['’]?t|cannot|nobody|no "
    r"(?:floor|money|funds|budget|spend|signature|vendors?|decision)|"
    r"tied|stuck|locked|bound|binds?|chained|committed|contract\w*|agreement|lease\w*|term|sub|"
    r"subscription|licen[cs]e|expir\w+|"
    r"ends?|ended|ending|runs?|run out|up in|under contract|has (?:em|them|us)|have (?:em|them|"
    r"us)|exit window|break clause|"
    r"notice|kickoff|kick-off|start(?:s|ed|ing)?|begin|new start|"
    r"booked|slot|expected|expect|aplazado|go-?live|cover|free|off|leave|lv|on leave|available|"
    r"room|in flight|"
    r"full|swallow\w*|eaten|eats?|busy|first|funded|queue|everyone|everything|everybody)\b",
    re.I,
)
#: Words that place the time in the past or tie it to something else.
_PAST = re.compile(
    r"\b(?:since|last|was in|back in|as of|signed (?:it |this |that )?in|left in|started in|went "
    r"live in|met in|demo(?:ed)? in|launched in|"
    r"bought in|ago|dated|joined in|renewed in|visited in|by|every|each|per|within|took|took us|"
    r"over the (?:last|past)|for the (?:last|past))"
    r"[ ]+(?:the )?(?:early |late |mid-?)?$",
    re.I,
)
_NAMES_NEXT = re.compile(r"\b(?:next|nxt|new|coming|following)\b")
_NAMES_YEAR = re.compile(r"20[2-4]\d|['’ ][2-4]\d$|twenty|fy")
_OPENS = re.compile(
    r"[^.!?]{0,20}\b(?:re-?opens?|opens|window|round|earliest|start|at the earliest|kick)", re.I
)
#: The seller's own dates: "our earliest slot is March" asks nobody to come back.
_OURS = re.compile(
    r"\b(?:our|your|ps|planner['’]s)\b[^.!?]{0,40}\b(?:earliest|slots?|go-?live|cutover|kick-?off|start|"
    r"capacity|delivery|lead time)\b",
    re.I,
)
_NOT = re.compile(r"\b(?:not?|never|nothing|none|nobody)\b|n['’]t\b", re.I)
_WORD = re.compile(r"[^\W\d_]+")
_PIECE = re.compile(r"[^\W\d]+|[^\w\s]")
_THEN = re.compile(
    r"[^.!?\n]{0,60}[.!?,;]?[ ]+(?:so )?(?:please )?(?:ring|call|talk|speak|ping|try|come back|"
    r"reopen|ask|we['’]?ll|i['’]?ll|let['’]?s|contact|send|pick|"
    r"then we|before then|until then|till then)\b[^.!?\n]{0,30}(?:\bthen\b)?",
    re.I,
)
_KEPT_LEAD = re.compile(rf"{_UNTIL}|{_AFTER}|in|from|to|around", re.I)
_EVENT = re.compile(
    rf"\b(?P<lead>(?:not )?(?:{_UNTIL}|{_AFTER}|not before))[ ,]+(?P<what>[^.!?;\n,()]{{3,70}})",
    re.I,
)


_OVER = re.compile(
    r"\b(?:no (?:answer|reply|response|show)|silence|silent|quiet|ghost\w*|dark|nothing since|"
    r"worked|went|was|were|had|came|"
    r"told|left|signed|met|demo\w*|launched|joined|bought|ran|quit|asked|sent|did|promised|"
    r"promises|said yes|chased|deadline|"
    r"need(?:s|ed)?|must|live by|too late|due|visited|opened|closed|called|cancelled|scheduled|"
    r"booked|started)\b",
    re.I,
)
_EVENT_STOP = re.compile(
    r"[ ](?:and (?:then|we|they|she|he|i|the|so|that|not|no|two|it['’]?s)|but|so|then|says?|said|"
    r"because|bc|as|since|even|"
    r"though|although|tho|who|which|in her|in his|or she|or he|w/o)\b|[ ][-–—]+[ ]|"
    r"[ ](?:we|i|they|he|she)(?:['’](?:ll|d|re|ve)| will| would| can| could| want| come| start)\b|"
    r"[\"”:|&]"
)
#: What makes a time word the name of an event: "the October reforecast", "the FY27 round opens".
_OF_AN_EVENT = re.compile(
    r"[ ](?:board|round|reforecast|budget|plan|meeting|review|intake|elections?|conference|cycle|"
    r"draft|opinion|peak|"
    r"close|closing|opens|is|are|has|starts|begins|season|harvest|summit|kick-?off|move|move-?in|"
    r"roadshow|audit|figures|"
    r"numbers|results|wave|push)\b"
)
_EVENT_WORDS = 9
#: Words that ask in so many words to come back: no company's way of writing may outweigh them.
_ASKS = re.compile(
    r"\b(?:revisit|re-?engage|try again|"
    r"(?:call|check|circle|come|ring|loop)\s+(?:(?:me|us|them|her|him)\s+)?(?:back|again))"
    r"\b(?!.*\b(?:never|not|no longer|was|were|had)\b)",
    re.I,
)
_ASKED = 2.0  # log odds
_TAG_STEPS = (UNLIKELY, -3.0, -2.0, -1.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Mention:
    """Words ``start:end`` of a clean text that may say when to come back, and how they are used.

    ``features`` describe the use; `score` weighs them.
    """

    start: int
    end: int
    features: frozenset[str]

    @property
    def score(self) -> float:
        """How surely the words say when to come back: log odds."""
        weights = _weights()
        asked = _ASKED if "asks" in self.features else 0.0
        return asked + weights["bias"] + sum(weights.get(f, 0.0) for f in self.features)


@cache
def _weights() -> dict[str, float]:
    text = (files("lossnlp.text") / "revisit.json").read_text(encoding="utf-8")
    weights: dict[str, float] = json.loads(text)
    return weights


def mentions(
    texts: Sequence[tuple[str, CleanText]],
    reason: str | None = None,
    tagged: Sequence[Tagged | None] | None = None,
) -> list[tuple[int, Mention]]:
    """Return the stretches of a deal that may say when to come back, with the text each is in.

    Parameters
    ----------
    texts : sequence of (str, CleanText)
        The note and the snippets, each with where it stands: ``note``, ``note beside buyer``,
        ``buyer`` or ``rep``.
    reason : str, optional
        The code of the deal's reason, where it is known.
    tagged : sequence of Tagged or None, optional
        Of each text the tokens that a model takes for such words.
    """
    tagged = tagged or [None] * len(texts)
    found = [
        (place, number, mention)
        for number, (place, text) in enumerate(texts)
        for mention in _in_text(text, place)
    ]
    buyer = any(place == "buyer" for place, _, _ in found)
    return [
        (
            number,
            replace(
                mention,
                features=mention.features
                | _among(k, len(found), place, buyer)
                | _beside(reason, mention.features)
                | _taken(tagged[number], mention),
            ),
        )
        for k, (place, number, mention) in enumerate(found)
    ]


def _beside(reason: str | None, features: frozenset[str]) -> set[str]:
    """Describe how a stretch goes with the deal's reason."""
    if reason is None:
        return set()
    use = (f for f in features if f.startswith(("kind:", "lead:")) and " " not in f)
    return {f"reason:{reason}", *(f"{feature} reason:{reason}" for feature in use)}


def _among(k: int, n: int, place: str, buyer: bool) -> set[str]:
    """Describe a stretch among the others of its deal; ``buyer``: whether the buyer has one."""
    checks = {
        f"of {min(n, 4)}": True,
        "first of all": n > 1 and k == 0,
        "last of all": n > 1 and k == n - 1,
        "buyer says another": buyer and place != "buyer",
        "buyer says none": place == "note beside buyer" and not buyer,
    }
    return {name for name, holds in checks.items() if holds}


def _taken(tokens: Tagged | None, mention: Mention) -> set[str]:
    """Describe how surely a model takes a stretch for words that say when to come back."""
    if tokens is None:
        return set()
    score = tokens.highest(mention.start, mention.end)
    return {f"tag:{sum(score > step for step in _TAG_STEPS)}"}


def _in_text(clean: CleanText, place: str) -> Iterator[Mention]:
    text = clean.text
    if not MAY_HOLD.search(text):
        return
    for match in CORE.finditer(text):
        kind = str(match.lastgroup)
        start = _with_lead(text, match.start())
        yield Mention(start, match.end(), _features(text, match.start(), match.end(), kind, place))
    for match in _EVENT.finditer(text):
        start = match.start("what")
        core = CORE.match(text, start + 4 * text.startswith("the ", start))
        if core is None or _OF_AN_EVENT.match(text, core.end()):
            end = start + _event_length(match["what"])
            features = _features(text, match.start(), end, "event", place)
            yield Mention(match.start(), end, features)


def _with_lead(text: str, start: int) -> int:
    """Return the start of "until", "after" or "in" before a time word."""
    lead = _LEAD.search(text, max(0, start - 40), start)
    if lead is None or not _KEPT_LEAD.fullmatch(lead["lead"]):
        return start
    return lead.start()


def _event_length(what: str) -> int:
    stop = _EVENT_STOP.search(what)
    what = what[: stop.start()] if stop else what
    words = list(re.finditer(r"\S+", what))[:_EVENT_WORDS]
    return words[-1].end() if words else len(what)


def _features(text: str, start: int, end: int, kind: str, place: str) -> frozenset[str]:
    """Describe how a stretch of time words is used: its lead, its sentence, the words around it."""
    left, right = text[max(0, start - 90) : start], text[end : end + 70]
    sentence = _SENTENCE.split(left)[-1]
    tail = _SENTENCE.split(right + "\n", maxsplit=1)[0]
    words = text[start:end].casefold()
    lead = _lead_group(left, words, kind)
    recall, hold = bool(_RECALL.search(sentence)), bool(_HOLD.search(sentence))
    again, near = bool(_RECALL.search(sentence[-35:])), bool(_HOLD.search(sentence[-25:]))
    checks = {
        f"kind:{kind}": True,
        f"lead:{lead}": True,
        f"place:{place}": True,
        f"lead:{lead} kind:event": kind == "event",
        f"lead:{lead} recall": recall,
        f"lead:{lead} hold": hold,
        f"lead:{lead} recall near": again,
        f"lead:{lead} hold near": near,
        f"kind:{kind} recall near": again,
        f"kind:{kind} hold near": near,
        "recall": recall,
        "recall near": bool(_RECALL.search(sentence[-30:])),
        "recall after": bool(_RECALL.search(tail[:45])),
        "hold": hold,
        "hold near": near,
        "past": bool(_PAST.search(left)),
        "over": bool(_OVER.search(sentence[-60:])),
        "then": bool(_THEN.match(right)),
        "next": bool(_NAMES_NEXT.search(words)),
        "year": bool(_NAMES_YEAR.search(words)),
        "first": not sentence.strip(),
        "last": not text[end + len(tail) :].strip(" .!?\n"),
        "alone": len(sentence) < 4 and len(tail) < 4,
        "opens": bool(_OPENS.match(tail)),
        "ours": bool(_OURS.search(sentence)),
        "not": bool(_NOT.search(sentence[-40:])),
        "asks": bool(_ASKS.search(sentence[-45:])),
    }
    around = text[max(0, start - 150) : end + 100].casefold()
    named = {name for name, holds in checks.items() if holds}
    return frozenset(named | _words(left, words, right) | {f"~ {w}" for w in _WORD.findall(around)})


def _lead_group(left: str, words: str, kind: str) -> str:
    lead = _LEAD.search(left)
    word = words.split()[0] if kind == "event" else lead["lead"].casefold() if lead else ""
    if re.fullmatch(rf"{_UNTIL}|not", word):
        return "until"
    return "after" if re.fullmatch(_AFTER, word) else word


def _words(left: str, words: str, right: str) -> set[str]:
    before = _PIECE.findall(left.casefold())
    after = _PIECE.findall(right.casefold())
    inside = _PIECE.findall(words)
    return {
        *(f"<6 {word}" for word in before[-6:]),
        *(f"<2 {word}" for word in before[-2:]),
        *(f"<< {' '.join(pair)}" for pair in pairwise(before[-3:])),
        *(f">5 {word}" for word in after[:5]),
        *(f">1 {word}" for word in after[:1]),
        *(f"= {word}" for word in inside),
    }
