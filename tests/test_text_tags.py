"""What a model tags in a text beside the rules for rivals and for days to come back."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

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


def test_tagged_words_that_no_rule_knows_say_when_to_come_back() -> None:
    text = "Sponsor is keen but the geese must be back first, then ring her"
    said = _read(text, revisit="the geese must be back")
    assert said.revisit is not None
    assert said.revisit.text == "the geese must be back"
    assert _READER.read([Deal(text)])[0].revisit is None


def test_a_day_that_the_model_passes_over_is_not_one_to_come_back() -> None:
    text = "Parked until March, they said, but the board threw it out"
    assert _READER.read([Deal(text)])[0].revisit is not None
    assert _read(text).revisit is None


def test_tagged_words_name_a_rival_that_no_rule_finds() -> None:
    text = "in the end the zenbooks people got it"
    assert not _READER.read([Deal(text)])[0].competitors
    assert [rival.name for rival in _read(text, competitor="zenbooks").competitors] == ["zenbooks"]


def test_a_listed_name_that_the_model_takes_for_none_is_no_rival() -> None:
    text = "Workday is where the data lives"
    assert [rival.name for rival in _READER.read([Deal(text)])[0].competitors] == ["Workday"]
    assert not _read(text).competitors


def test_a_deal_without_tags_is_read_by_rules() -> None:
    deals = [Deal("went with Workday"), Deal("went with Workday")]
    alone, mixed = _READER.read(deals), _READER.read(deals, tags=[None, None])
    assert alone == mixed


@given(st.lists(st.tuples(st.integers(0, 30), st.floats(-9, 9)), max_size=12))
def test_runs_hold_the_likely_tokens_and_only_those(places: list[tuple[int, float]]) -> None:
    tokens = tuple(Token(3 * at, 3 * at + 2, score) for at, score in sorted(dict(places).items()))
    runs = list(Tagged(tokens).runs())
    for token in tokens:
        holds = [run for run in runs if run.start <= token.start and token.end <= run.end]
        assert len(holds) == (token.score > 0)
    assert all(before.end < after.start for before, after in pairwise(runs))


def test_the_shipped_model_points_into_the_snippet() -> None:
    said = Snippet("buyer", "It's with Workday now. Ask again after the audit in May.")
    signals = load().suggest("Note says price.", [said]).signals
    assert [(c.name, c.source) for c in signals.competitors] == [("Workday", "snippet:0")]
    assert signals.revisit is not None
    assert signals.revisit.source == "snippet:0"
    assert "May" in signals.revisit.text
