"""API keys: what lets a caller in, and what does not."""

from __future__ import annotations

import base64
import hashlib

import pytest
from starlette.datastructures import Headers

from lossnlp.service._keys import Keys
from lossnlp.service._problems import Problem

CRM, PAGE = "c" * 43, "p" * 43
DIGESTS = {
    name: hashlib.sha256(key.encode()).hexdigest() for name, key in [("crm", CRM), ("page", PAGE)]
}


def basic(user: str, key: str) -> Headers:
    token = base64.b64encode(f"{user}:{key}".encode()).decode()
    return Headers({"Authorization": f"Basic {token}"})


def test_without_keys_everybody_is_let_in() -> None:
    assert Keys({}).caller(Headers({})) == ""


def test_each_key_lets_in_by_its_name() -> None:
    keys = Keys(DIGESTS)
    assert keys.caller(Headers({"x-api-key": CRM})) == "crm"
    assert keys.caller(Headers({"X-API-Key": PAGE})) == "page"


@pytest.mark.parametrize(
    "headers",
    [
        Headers({}),
        Headers({"X-API-Key": ""}),
        Headers({"X-API-Key": CRM[:-1]}),
        Headers({"X-API-Key": DIGESTS["crm"]}),
        Headers({"X-API-Key": "\u00e9\u00ff"}),
        basic("crm", CRM),
    ],
)
def test_anything_else_is_refused(headers: Headers) -> None:
    with pytest.raises(Problem) as caught:
        Keys(DIGESTS).caller(headers)
    assert caught.value.status_code == 401
    assert caught.value.headers == {"WWW-Authenticate": 'ApiKey realm="lossnlp"'}


def test_basic_is_taken_only_where_it_is_on() -> None:
    keys = Keys(DIGESTS, basic=True)
    assert keys.caller(basic("crm", CRM)) == "crm"
    assert keys.caller(Headers({"X-API-Key": CRM})) == "crm"


@pytest.mark.parametrize(
    "headers",
    [
        basic("page", CRM),
        basic("crm", "wrong"),
        Headers({"Authorization": "Basic"}),
        Headers({"Authorization": "Basic !!!"}),
        Headers({"Authorization": "Basic /////w=="}),
        Headers({"Authorization": f"Bearer {CRM}"}),
    ],
)
def test_wrong_basic_is_refused_with_a_challenge(headers: Headers) -> None:
    with pytest.raises(Problem) as caught:
        Keys(DIGESTS, basic=True).caller(headers)
    assert caught.value.headers == {"WWW-Authenticate": 'Basic realm="lossnlp"'}
