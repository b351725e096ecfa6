"""The model reads one deal and many alike, points at the words, and says when it cannot tell."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_kit import few_deals, small_model

from lossnlp import Deal, InputError, Snippet, load
from lossnlp.model import SCORE_COLUMNS

DEALS = [labelled.deal for labelled in few_deals()[:60]]


@pytest.fixture(scope="module")
def shipped():
    return load()


def test_shipped_model_reads_plain_reasons(shipped):
    reads = {
        "went w/ Workday, half the price": "competitor",
        "Ghosted. 6 emails, 3 calls, nothing since the demo.": "unresponsive",
        "No budget this year, CFO froze all new spend until FY27.": "budget",
        "dup of the other opp": "invalid_record",
    }
    for note, code in reads.items():
        assert shipped.suggest(note).reasons[0].code == code


def test_the_buyers_words_overrule_the_reps(shipped):
    rep_alone = shipped.suggest("Lost on price, we are too expensive for them.")
    with_buyer = shipped.suggest(
        "Lost on price, we are too expensive for them.",
        [{"speaker": "buyer", "text": "Honestly price was fine, our CISO wouldn't sign off."}],
    )
    assert rep_alone.reasons[0].code == "price"
    assert with_buyer.reasons[0].code == "security_legal"
    assert with_buyer.reasons[0].evidence.source == "snippet:0"
    assert "price" in with_buyer.ruled_out


def test_probabilities_are_probabilities():
    model = small_model()
    found = model.probabilities(DEALS)
    assert found.primary.shape == (60, len(model.taxonomy.codes))
    np.testing.assert_allclose(found.primary.sum(axis=1), 1)
    for code in model.taxonomy.codes:
        own = [k for k, (home, _) in enumerate(model.taxonomy.sub_reasons) if home == code]
        np.testing.assert_allclose(found.sub[:, own].sum(axis=1), 1)
    for flags in (found.contributing, found.ruled_out):
        assert ((flags >= 0) & (flags <= 1)).all()
    assert not found.truncated.any()


@given(st.permutations(range(24)), st.integers(1, 24))
@settings(max_examples=15, deadline=None)
def test_a_deal_reads_the_same_in_any_company(order, size):
    model = small_model()
    alone = np.concatenate([model.probabilities([deal]).primary for deal in DEALS[:24]])
    batches = [order[start : start + size] for start in range(0, 24, size)]
    together = np.concatenate(
        [model.probabilities([DEALS[n] for n in batch]).primary for batch in batches]
    )
    np.testing.assert_allclose(together, alone[list(order)], atol=1e-5)


def test_shipped_model_reads_the_same_in_any_company(shipped):
    alone = [shipped.probabilities([deal]) for deal in DEALS]
    together = shipped.probabilities(DEALS[::-1])
    for output in ("primary", "sub", "contributing", "ruled_out"):
        rows = np.concatenate([getattr(one, output) for one in alone])
        np.testing.assert_allclose(getattr(together, output)[::-1], rows, atol=1e-5)


def test_suggestions_hold_together():
    model = small_model()
    for deal, found in zip(DEALS, model.read(DEALS), strict=True):
        codes = [ranked.code for ranked in found.reasons]
        chances = [ranked.probability for ranked in found.reasons]
        assert len(set(codes)) == 3
        assert chances == sorted(chances, reverse=True)
        assert found.prediction_set[0] == codes[0]
        assert not {codes[0], *found.contributing} & set(found.ruled_out)
        assert codes[0] not in found.contributing
        assert (found.question is not None) == found.needs_detail
        assert found.model == model.id
        for ranked in found.reasons:
            subs = [s for code, s in model.taxonomy.sub_reasons if code == ranked.code]
            assert ranked.sub_reason in subs
            if ranked.evidence is not None:
                e = ranked.evidence
                assert deal.source_text(e.source)[e.start : e.end] == e.text != ""


def test_evidence_points_into_the_text_as_given(shipped):
    note = "<p>Nice&nbsp;team &amp; good calls.</p>\r\n<p>They signed with Salesforce.</p>"
    found = shipped.suggest(note).reasons[0]
    assert found.code == "competitor"
    assert note[found.evidence.start : found.evidence.end] == found.evidence.text
    assert "signed with Salesforce" in found.evidence.text
    assert "Nice" not in found.evidence.text


@pytest.mark.parametrize("note", ["", "   ", "\n", "--", "…"])
def test_a_note_without_a_word_says_nothing(shipped, note):
    found = shipped.suggest(note)
    assert found.reasons[0].code == "insufficient_detail"
    assert found.reasons[0].evidence is None
    assert found.needs_detail
    assert found.question == shipped.taxonomy.reason("insufficient_detail").question
    assert found.contributing == found.ruled_out == ()


def test_two_reasons_left_are_asked_about():
    model = small_model()
    unsure = [
        found
        for found in model.read([d.deal for d in few_deals()])
        if found.needs_detail
        and len([c for c in found.prediction_set if c != "insufficient_detail"]) == 2
    ]
    assert unsure
    for found in unsure:
        names = [model.taxonomy.reason(c).name for c in found.prediction_set]
        assert sum(name in found.question for name in names) == 2


@given(st.text(max_size=300), st.lists(st.text(max_size=80), max_size=3))
@settings(max_examples=25, deadline=None)
def test_any_text_is_read(note, said):
    deal = Deal(note, tuple(Snippet("buyer", text) for text in said))
    found = small_model().read([deal])[0]
    for ranked in found.reasons:
        e = ranked.evidence
        assert e is None or deal.source_text(e.source)[e.start : e.end] == e.text


def test_predict_gives_the_columns_of_score_with_the_index():
    frame = pd.DataFrame(
        {
            "note": ["Chose HubSpot, call me in March 2027", "budget cut"],
            "close_date": [date(2026, 3, 1), None],
            "other": [1, 2],
        },
        index=["b", "a"],
    )
    found = small_model().predict(frame)
    assert tuple(found.columns) == SCORE_COLUMNS
    assert list(found.index) == ["b", "a"]
    assert found["needs_detail"].dtype == bool
    assert found["truncated"].dtype == bool
    assert found["probability"].dtype == float
    assert found.loc["b", "model"] == small_model().id
    assert not found.isna().any().any()


def test_predict_and_read_agree():
    frame = pd.DataFrame({"note": [deal.note for deal in DEALS]})
    table = small_model().predict(frame)
    read = small_model().read([Deal(deal.note) for deal in DEALS])
    assert list(table["reason"]) == [found.reasons[0].code for found in read]
    assert list(table["prediction_set"]) == [";".join(f.prediction_set) for f in read]


def test_predict_of_no_rows_and_of_no_notes():
    empty = small_model().predict(pd.DataFrame({"note": pd.Series([], dtype=str)}))
    assert tuple(empty.columns) == SCORE_COLUMNS
    assert len(empty) == 0
    with pytest.raises(InputError, match="note"):
        small_model().predict(pd.DataFrame({"text": ["x"]}))


def test_reading_gives_suggestions_and_their_probabilities():
    model = small_model()
    reading = model.reading(DEALS)
    assert reading.suggestions == model.read(DEALS)
    np.testing.assert_array_equal(reading.probabilities.primary, model.probabilities(DEALS).primary)
    nothing = model.reading([])
    assert nothing.suggestions == []
    assert nothing.probabilities.primary.shape == (0, len(model.taxonomy.codes))
