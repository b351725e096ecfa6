"""What redaction replaces, what it leaves, and that it does so once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from test_text_clean import TEXTS

from lossnlp.text import redact


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail k.obi@example.com now", "mail [EMAIL] now"),
        ("see https://x.example.com/a?b=1.", "see [URL]."),
        ("see www.example.com, then", "see [URL], then"),
        ("card 4111 1111 1111 1111", "card [CARD]"),
        ("order 4111 1111 1111 1112", "order 4111 1111 1111 1112"),
        ("IBAN DE89 3704 0044 0532 0130 00", "IBAN [ACCOUNT]"),
        ("acct no 12345678", "acct no [ACCOUNT]"),
        ("SSN 078-05-1120", "SSN [ACCOUNT]"),
        ("from 10.12.4.7 only", "from [IP] only"),
        ("call +44 161 555 0144 or (555) 014-2277", "call [PHONE] or [PHONE]"),
        ("tel. 5550142", "tel. 5550142"[:5] + "[PHONE]"),
        ("2025-10-12, 1 200 000 seats, 10.12.2025", "2025-10-12, 1 200 000 seats, 10.12.2025"),
        ("$17 per user, 36-month term, FY2026-2027", "$17 per user, 36-month term, FY2026-2027"),
        ("Dear Ms. Tanaka,", "Dear Ms. [NAME],"),
        ("Hi Tom, we stop.", "Hi [NAME], we stop."),
        ("Dr. Obi said no", "Dr. [NAME] said no"),
        ("no.\nKind regards,\nAna Exemplo\nOps", "no.\nKind regards,\n[NAME]\nOps"),
        ("spoke to Priya Nair. Priya left", "spoke to [NAME]. [NAME] left"),
        ("Hi team, went w/ Workday", "Hi team, went w/ Workday"),
        ("Thanks again, Okta won", "Thanks again, Okta won"),
    ],
)
def test_replaced(text: str, expected: str) -> None:
    assert redact(text).text == expected


def test_given_names_are_replaced_but_never_inside_a_word() -> None:
    assert redact("Ann, Anneke, Joanna, Ann-Marie and Ann", names=["Ann"]).text == (
        "[NAME], Anneke, Joanna, Ann-Marie and [NAME]"
    )


def test_the_list_says_what_stood_where() -> None:
    text = "Hi Tom, call 555-014-2277"
    result = redact(text)
    assert [(r.kind, r.text) for r in result.replaced] == [
        ("NAME", "Tom"),
        ("PHONE", "555-014-2277"),
    ]
    assert all(text[r.start : r.end] == r.text for r in result.replaced)


@settings(deadline=None)
@given(TEXTS)
def test_any_text_is_redacted_once_and_for_all(text: str) -> None:
    once = redact(text)
    assert redact(once.text).text == once.text
    end = 0
    for found in once.replaced:
        assert found.start >= end
        assert text[found.start : found.end] == found.text
        assert not (text[found.start - 1 : found.start].isalnum() and found.text[0].isalnum())
        assert not (text[found.end : found.end + 1].isalnum() and found.text[-1].isalnum())
        end = found.end
