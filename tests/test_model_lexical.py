"""Lexical features: the TF-IDF that scikit-learn computes, by the block, and no surprises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from lossnlp.model import LexicalFeatures, words_of

ALL = ("note", "buyer", "rep")
NOTES = [
    [("note", "Lost on price, we were twice the price")],
    [("note", "No budget"), ("buyer", "There is no budget, sorry")],
    [("note", "price too high"), ("rep", "what about the budget?")],
    [("note", ""), ("buyer", "price")],
]


def fitted(least: int = 1) -> LexicalFeatures:
    return LexicalFeatures.fit(NOTES, least=least, most=1000)


@pytest.mark.parametrize(
    ("block", "voices", "settings_"),
    [
        (
            "word",
            ALL,
            {"analyzer": "word", "ngram_range": (1, 3), "token_pattern": r"\S+"},
        ),
        ("buyer", ("buyer",), {"ngram_range": (1, 2), "token_pattern": r"\S+"}),
        ("char", ALL, {"analyzer": "char_wb", "ngram_range": (3, 5)}),
    ],
)
def test_a_block_is_scikit_learns_tf_idf(block, voices, settings_):
    """One voice a deal, so that no run of words crosses from one to the next."""
    deals = [[(voices[-1], " ".join(words_of(text)))] for ((_, text), *_) in NOTES if text]
    features = LexicalFeatures.fit(deals, least=1, most=10_000)
    oracle = TfidfVectorizer(sublinear_tf=True, **settings_)
    expected = oracle.fit_transform(text for ((_, text),) in deals).toarray()
    names = oracle.get_feature_names_out()
    start = 0
    for name, terms in features.terms.items():
        if name == block:
            break
        start += len(terms)
    found = (
        features.transform(deals).to_csr().toarray()[:, start : start + len(features.terms[block])]
    )
    assert list(names) == list(features.terms[block])
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_each_block_has_unit_length():
    features = fitted()
    matrix = features.transform(NOTES).to_csr().toarray()
    start = 0
    for terms in features.terms.values():
        norms = np.linalg.norm(matrix[:, start : start + len(terms)], axis=1)
        assert all(np.isclose(norm, 1, atol=1e-6) or norm == 0 for norm in norms)
        start += len(terms)


def test_the_buyer_is_told_from_the_rep():
    features = fitted()
    same = features.transform([[("buyer", "no budget")], [("rep", "no budget")]]).to_csr().toarray()
    assert (same[0] != same[1]).any()


def test_rare_terms_are_left_out():
    assert "twice" in fitted(1).terms["word"]
    assert "twice" not in fitted(2).terms["word"]


def test_no_deals_and_unknown_words():
    features = fitted()
    assert features.transform([]).to_csr().shape == (0, features.width)
    assert features.transform([[("note", "zzz qqq")]]).to_csr().nnz == 0


@given(st.lists(st.text(max_size=60), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_a_row_depends_on_its_deal_only(texts):
    features = fitted()
    deals = [[("note", text)] for text in texts]
    together = features.transform(deals).to_csr().toarray()
    for row, deal in zip(together, deals, strict=True):
        np.testing.assert_array_equal(features.transform([deal]).to_csr().toarray()[0], row)
    assert np.isfinite(together).all()


def test_amounts_and_quotes_look_alike():
    assert words_of("It’s $4,200 (20% off)") == words_of("It's $7,999 (15% off)")


def test_a_product_is_scipys():
    features = fitted()
    rows = features.transform([*NOTES, [("note", "")]])
    table = np.random.default_rng(0).normal(size=(features.width, 3)).astype(np.float32)
    np.testing.assert_allclose(rows @ table, rows.to_csr() @ table, atol=1e-5)
    np.testing.assert_allclose(rows @ table[:, 0], rows.to_csr() @ table[:, 0], atol=1e-5)
    assert (features.transform([]) @ table).shape == (0, 3)
