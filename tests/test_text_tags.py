"""What a model tags in a text beside the rules for rivals and for days to come back."""

from __future__ import annotations

from collections.abc import Iterable

from lossnlp.deals import Deal, Snippet
from lossnlp.model import load
from lossnlp.text import TAGS, DealTags, Signals, Tagged, TextReader, Token

_READER = TextReader()


def _tags(text: str, **said: str) -> DealTags:
    """Tag the words named of the note, token by token, as a model that is sure of them."""
    return {tag: {"note": Tagged(tuple(_tokens(text, said.get(tag, ""))))} for tag in TAGS}


def _tokens(text: str, words: str) -> Iterable[Token]:
    start = text.index(words)
    for word in words.split():
        place = text.index(word, start)
        yield Token(place, place + len(word), 5.0)


def _read(text: str, **said: str) -> Signals:
    (signals,) = _READER.read([Deal(text)], tags=[_tags(text, **said)])
    return signals


def test_the_model_decides_which_day_is_the_one_to_come_back() -> None:
    text = "Parked, call again in March or in June"
    for month in ("March", "June"):
        said = _read(text, revisit=month)
        assert said.revisit is not None
        assert said.revisit.text.endswith(month)


def test_a_tagged_name_that_no_list_holds_is_a_rival() -> None:
    text = "in the end Zenbooks is where they are"
    assert not _READER.read([Deal(text)])[0].competitors
    assert [rival.name for rival in _read(text, competitor="Zenbooks").competitors] == ["Zenbooks"]


def test_an_unlisted_name_that_the_model_dismisses_is_no_rival() -> None:
    text = "they went with Zenbooks"
    assert [rival.name for rival in _READER.read([Deal(text)])[0].competitors] == ["Zenbooks"]
    assert not _read(text).competitors
    assert [rival.name for rival in _read("they went with Workday").competitors] == ["Workday"]


def test_a_name_behind_what_the_model_read_is_left_to_the_rules() -> None:
    note = "Nothing new to tell, as they say. " * 60 + "In the end they went with Zenbooks."
    (rival,) = load().suggest(note).signals.competitors
    assert rival.name == "Zenbooks"


def test_a_deal_without_tags_is_read_by_rules() -> None:
    deals = [Deal("went with Workday"), Deal("went with Workday")]
    alone, mixed = _READER.read(deals), _READER.read(deals, tags=[None, None])
    assert alone == mixed


def test_the_shipped_model_points_into_the_snippet() -> None:
    said = Snippet("buyer", "It's with Workday now. Ask again after the audit in May.")
    signals = load().suggest("Note says price.", [said]).signals
    assert [(c.name, c.source) for c in signals.competitors] == [("Workday", "snippet:0")]
    assert signals.revisit is not None
    assert signals.revisit.source == "snippet:0"
    assert "May" in signals.revisit.text
