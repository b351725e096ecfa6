"""The blank spaCy pipeline: words and offsets by rule, no model to download."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

#: Every character is in one token, so that a Doc's text is the text it was made from.
_TOKEN = re.compile(r"\w+|[^\w\s]|\s")


def blank_pipeline() -> Language:
    """Return a blank English pipeline whose tokens are words, marks and single spaces.

    English prefix and suffix rules would cut "w/Workday" and "S&P" in other places than the names
    of a list, and cost twice the time.
    """
    import spacy

    nlp = spacy.blank("en")
    getters: dict[int, object] = nlp.vocab.lex_attr_getters  # type: ignore[attr-defined]
    needed = {nlp.vocab.strings[name] for name in ("LOWER", "NORM")}
    for unused in getters.keys() - needed:  # shapes and flags cost more than all the rest
        del getters[unused]
    nlp.tokenizer = partial(_tokens, nlp.vocab)
    return nlp


def _tokens(vocab: Vocab, text: str) -> Doc:
    from spacy.tokens import Doc

    words = _TOKEN.findall(text)
    return Doc(vocab, words=words, spaces=[False] * len(words))
