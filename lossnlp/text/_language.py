"""The language of a note: English without loading anything, others by py3langid."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_MIN_WORDS = 3
#: Below it the detector guesses: measured on the starter corpus (docs/text.md).
_SURE = 0.5
#: Two of these make a note English. None of them is a word of a neighbouring language.
_ENGLISH_WORDS = (
    "the and they their them we our us was were with for not but this that from after it its is of "
    "he she his her by been has had have did would could should will went want wants who what when "
    "which there then than until till because too very only just about into over out up down all "
    "any "
    "budget price pricing deal demo lost closed vendor renewed signed contract never nobody "
    "nothing "
    "gone going get got said says told asked call called back next year month week quarter staying "
    "don't didn't won't can't isn't wasn't doesn't couldn't that's it's they're we're you "
    "your"
)
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_ENGLISH_SHARE = 0.1


def language_of(text: str) -> str:
    """Return the ISO 639-1 code of a text's language; ``en`` where it is too short to tell.

    Parameters
    ----------
    text : str
        A clean text.
    """
    words = [word.casefold() for word in _WORD.findall(text)]
    if len(words) < _MIN_WORDS and text.isascii():
        return "en"
    english = sum(word in _ENGLISH for word in words)
    if english >= 2 and english >= _ENGLISH_SHARE * len(words):
        return "en"
    if not words:
        return "en"
    language, certainty = _identifier().classify(text)
    return str(language) if certainty >= _SURE else "en"


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # a second, for few notes

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
