"""What callers get: suggestions, checks, batches, feedback; and problems that never quote them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from service_kit import KEY, KEY_DIGEST, NOTE, Puppet, running_app, the_model

from lossnlp.service._recent import is_blind
from lossnlp.taxonomy import Crosswalk, CrosswalkEntry

SECRET = "Grimaldi Elektro"  # what no answer to a wrong request may repeat


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with running_app(tmp_path_factory.mktemp("service"), max_text_chars=2000) as client:
        yield client


def problem(answer: httpx.Response) -> dict[str, Any]:
    """Return the problem document, after looking at its form."""
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["status"] == answer.status_code
    assert document["type"].startswith("urn:lossnlp:problem:")
    assert document["title"]
    assert document["detail"]
    assert document["request_id"] == answer.headers["x-request-id"]
    assert SECRET not in answer.text
    return document


# --- suggest -------------------------------------------------------------------------------------


def test_suggest_says_what_the_model_says(client: TestClient) -> None:
    said = the_model().suggest(NOTE)
    answer = client.post("/v1/suggest", json={"note": NOTE}).json()
    assert [r["code"] for r in answer["reasons"]] == [r.code for r in said.reasons]
    assert [r["rank"] for r in answer["reasons"]] == [1, 2, 3]
    assert answer["reasons"][0]["probability"] == round(said.reasons[0].probability, 4)
    assert answer["prediction_set"] == list(said.prediction_set)
    assert answer["model"] == the_model().id
    assert answer["taxonomy"] == the_model().taxonomy.version
    assert answer["blind"] is False
    assert answer["milliseconds"] > 0
    assert [c["name"] for c in answer["competitors"]] == ["Workday"]


def test_offsets_point_into_the_text_as_sent(client: TestClient) -> None:
    note = "🙂🙂 \u00e9\u0301 went with another vendor, half the price"
    snippet = "🙂 honestly your price was twice what we had"
    sent = {"note": note, "snippets": [{"speaker": "buyer", "text": snippet}]}
    texts = {"note": note, "snippet:0": snippet}
    answer = client.post("/v1/suggest", json=sent).json()
    quoted = [r["evidence"] for r in answer["reasons"] if "evidence" in r]
    assert quoted
    for evidence in quoted:
        text = texts[evidence["source"]]
        assert text[evidence["start"] : evidence["end"]] == evidence["text"]


def test_a_thin_note_gets_the_question_to_ask(client: TestClient) -> None:
    answer = client.post("/v1/suggest", json={"note": "n/a"}).json()
    assert answer["needs_detail"] is True
    assert answer["question"].endswith("?")


def test_no_answer_holds_null(client: TestClient) -> None:
    for note in ["", NOTE]:
        assert "null" not in client.post("/v1/suggest", json={"note": note}).text


def test_a_long_text_is_cut_and_the_answer_says_so(client: TestClient) -> None:
    long = NOTE + " and so on" * 1000
    assert client.post("/v1/suggest", json={"note": long}).json()["truncated"] is True
    assert client.post("/v1/suggest", json={"note": NOTE}).json()["truncated"] is False


def test_the_close_date_is_where_waiting_times_start(client: TestClient) -> None:
    sent = {"note": "No budget this year. Call back in 6 months.", "close_date": "2026-01-15"}
    revisit = client.post("/v1/suggest", json=sent).json()["revisit"]
    assert revisit["text"] in sent["note"]
    assert revisit["act_on"].startswith("2026-0")


def test_a_callers_own_id_comes_back(client: TestClient) -> None:
    sent = {"note": NOTE, "suggestion_id": "0065g00000Abcdef"}
    assert client.post("/v1/suggest", json=sent).json()["suggestion_id"] == "0065g00000Abcdef"


# --- blind ---------------------------------------------------------------------------------------


def test_the_blind_share_is_kept_and_depends_on_the_id_alone() -> None:
    ids = [f"suggestion-{n}" for n in range(4000)]
    blind = [i for i in ids if is_blind(i, 0.25)]
    assert 0.22 < len(blind) / len(ids) < 0.28
    assert blind == [i for i in ids if is_blind(i, 0.25)]
    assert set(blind) <= {i for i in ids if is_blind(i, 0.5)}
    assert not any(is_blind(i, 0) for i in ids)
    assert all(is_blind(i, 1) for i in ids)


def test_a_blind_suggestion_shows_nothing_and_is_still_measured(tmp_path: Path) -> None:
    with running_app(tmp_path, blind_share=1.0) as client:
        answer = client.post("/v1/suggest", json={"note": NOTE}).json()
        assert answer["blind"] is True
        for name in ["reasons", "prediction_set", "contributing", "ruled_out", "competitors"]:
            assert answer[name] == []
        assert not answer["needs_detail"]
        assert not {"question", "revisit", "recyclable", "reengage_on"} & answer.keys()
        chosen = the_model().suggest(NOTE).reasons[0].code
        sent = {"suggestion_id": answer["suggestion_id"], "chosen": chosen}
        assert client.post("/v1/feedback", json=sent).json()["rank"] == 1
        metrics = client.get("/metrics").text
    assert 'lossnlp_suggestions_total{outcome="blind"} 1.0' in metrics
    assert 'lossnlp_feedback_total{blind="true",rank="1"} 1.0' in metrics


# --- check ---------------------------------------------------------------------------------------


def test_check_tells_a_supported_label_from_a_contradicted_one(client: TestClient) -> None:
    right = client.post("/v1/check", json={"note": NOTE, "label": "competitor"}).json()
    assert (right["supported"], right["verdict"]) == (True, "supported")
    assert right["reason"]["name"] in right["why"]
    wrong = client.post("/v1/check", json={"note": NOTE, "label": "champion_loss"}).json()
    assert (wrong["supported"], wrong["verdict"]) == (False, "contradicted")
    assert wrong["label_codes"] == ["champion_loss"]


def test_check_of_a_thin_note_or_an_administrative_label(client: TestClient) -> None:
    thin = client.post("/v1/check", json={"note": "n/a", "label": "price"}).json()
    assert (thin["supported"], thin["verdict"]) == (False, "too_thin")
    assert thin["question"]
    admin = client.post("/v1/check", json={"note": NOTE, "label": "invalid_record"}).json()
    assert (admin["supported"], admin["verdict"]) == (False, "administrative")


def test_an_unknown_label_is_a_problem_that_names_the_field(client: TestClient) -> None:
    answer = client.post("/v1/check", json={"note": NOTE, "label": SECRET})
    document = problem(answer)
    assert answer.status_code == 422
    assert [error["pointer"] for error in document["errors"]] == ["/label"]


@pytest.fixture(scope="module")
def picklist(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("crosswalk")
    taxonomy = the_model().taxonomy
    entries = (
        CrosswalkEntry("Lost to Competitor", ("competitor",)),
        CrosswalkEntry("Price / Budget", ("price", "budget")),
        CrosswalkEntry("Other", taxonomy.codes, "catch_all"),
    )
    Crosswalk(taxonomy, entries).write(folder / "crosswalk.yaml")
    with running_app(folder, crosswalk=folder / "crosswalk.yaml") as client:
        yield client


def test_picklist_values_work_wherever_a_code_does(picklist: TestClient) -> None:
    top = picklist.post("/v1/suggest", json={"note": NOTE}).json()
    assert top["reasons"][0]["picklist_value"] == "Lost to Competitor"
    check = picklist.post("/v1/check", json={"note": NOTE, "label": " lost to competitor"}).json()
    assert (check["verdict"], check["label_codes"]) == ("supported", ["competitor"])
    other = picklist.post("/v1/check", json={"note": NOTE, "label": "Other"}).json()
    assert (other["supported"], other["verdict"]) == (False, "catch_all")
    sent = {"suggestion_id": top["suggestion_id"], "chosen": "Lost to Competitor"}
    kept = picklist.post("/v1/feedback", json=sent).json()
    assert kept == {
        "suggestion_id": top["suggestion_id"],
        "chosen": "competitor",
        "rank": 1,
        "known": True,
    }


# --- score ---------------------------------------------------------------------------------------


def test_score_agrees_with_suggest_deal_by_deal(client: TestClient) -> None:
    notes = [NOTE, "CFO froze all spend until next FY", "", "ghosted after the second demo"]
    answer = client.post(
        "/v1/score", json={"deals": [{"id": str(n), "note": note} for n, note in enumerate(notes)]}
    ).json()
    for n, (note, result) in enumerate(zip(notes, answer["results"], strict=True)):
        alone = client.post("/v1/suggest", json={"note": note}).json()
        assert (result["index"], result["id"]) == (n, str(n))
        assert result["errors"] == []
        for name in result["suggestion"].keys() - {"reasons"}:
            assert result["suggestion"][name] == alone[name]
        for one, other in zip(result["suggestion"]["reasons"], alone["reasons"], strict=True):
            assert one.pop("probability") == pytest.approx(other.pop("probability"), abs=2e-4)
            assert one == other


def test_a_bad_deal_does_not_fail_its_batch(client: TestClient) -> None:
    deals = [{"note": NOTE}, {"note": 5}, 7, {"note": NOTE, "snippets": [{"speaker": SECRET}]}]
    answer = client.post("/v1/score", json={"deals": deals})
    assert answer.status_code == 200
    assert SECRET not in answer.text
    results = answer.json()["results"]
    assert ["suggestion" in result for result in results] == [True, False, False, False]
    assert results[1]["errors"] == [{"pointer": "/note", "detail": "must be text"}]
    assert results[2]["errors"] == [{"pointer": "", "detail": "must be an object"}]
    assert {e["pointer"] for e in results[3]["errors"]} == {
        "/snippets/0/speaker",
        "/snippets/0/text",
    }


def test_too_many_deals_or_none_are_refused(client: TestClient) -> None:
    for count in (0, 257):
        answer = client.post("/v1/score", json={"deals": [{"note": ""}] * count})
        assert problem(answer)["status"] == 422
    assert client.post("/v1/score", json={"deals": [{"note": ""}] * 256}).status_code == 200


# --- feedback ------------------------------------------------------------------------------------


def test_feedback_is_idempotent_and_counted_once(tmp_path: Path) -> None:
    with running_app(tmp_path) as client:
        top = client.post("/v1/suggest", json={"note": NOTE}).json()
        sent = {"suggestion_id": top["suggestion_id"], "chosen": top["reasons"][1]["code"]}
        answers = [client.post("/v1/feedback", json=sent).json() for _ in range(3)]
        assert answers == [answers[0]] * 3
        assert answers[0] | sent | {"rank": 2, "known": True} == answers[0]
        metrics = client.get("/metrics").text
    assert 'lossnlp_feedback_total{blind="false",rank="2"} 1.0' in metrics


def test_feedback_for_an_id_that_is_not_known_any_more_is_kept(client: TestClient) -> None:
    sent = {"suggestion_id": "from-before-the-restart", "chosen": "price"}
    assert client.post("/v1/feedback", json=sent).json() == sent | {"known": False}


def test_feedback_with_a_choice_that_is_no_code_is_refused(client: TestClient) -> None:
    answer = client.post("/v1/feedback", json={"suggestion_id": "a" * 8, "chosen": SECRET})
    assert problem(answer)["errors"][0]["pointer"] == "/chosen"


def test_a_database_that_fails_is_a_503_that_says_send_it_again(tmp_path: Path) -> None:
    with running_app(tmp_path) as client:
        (tmp_path / "feedback.db").unlink()
        (tmp_path / "feedback.db").mkdir()
        client.app.state.service._store._engine.dispose()  # type: ignore[attr-defined]
        answer = client.post("/v1/feedback", json={"suggestion_id": "a" * 8, "chosen": "price"})
        assert problem(answer)["type"].endswith("not-kept")
        assert answer.headers["retry-after"] == "1"
        assert client.post("/v1/suggest", json={"note": NOTE}).status_code == 200


# --- what the service says of itself -------------------------------------------------------------


def test_taxonomy_and_model_are_told(client: TestClient) -> None:
    taxonomy = client.get("/v1/taxonomy").json()
    assert [r["code"] for r in taxonomy["reasons"]] == list(the_model().taxonomy.codes)
    assert taxonomy["digest"] == the_model().taxonomy.digest
    model = client.get("/v1/model").json()
    assert (model["model"], model["max_text_chars"]) == (the_model().id, 2000)


def test_metrics_count_by_template_and_never_by_path(client: TestClient) -> None:
    client.get(f"/v1/{SECRET}")
    client.request("BREW", "/v1/suggest")
    metrics = client.get("/metrics").text
    assert 'lossnlp_requests_total{method="GET",route="unmatched",status="404"}' in metrics
    assert 'method="other"' in metrics
    assert 'lossnlp_request_duration_seconds_bucket{le="0.008",route="/v1/suggest"}' in metrics
    assert f'lossnlp_model_info{{model="{the_model().id}"' in metrics
    assert 'lossnlp_rejected_total{problem="not-found"}' in metrics
    assert "lossnlp_requests_in_progress 1.0" in metrics
    assert "process_resident_memory_bytes" in metrics
    assert SECRET not in metrics


# --- keys ----------------------------------------------------------------------------------------


def test_keys_guard_the_interface_and_nothing_else(tmp_path: Path) -> None:
    with running_app(tmp_path, keys={"crm": KEY_DIGEST}) as client:
        for open_to_all in ["/", "/livez", "/readyz", "/metrics", "/openapi.json"]:
            assert client.get(open_to_all).status_code == 200
        assert problem(client.get("/v1/taxonomy"))["type"].endswith("no-key")
        unread = client.post("/v1/suggest", content=b"{not json", headers={"X-API-Key": "wrong"})
        assert problem(unread)["status"] == 401
        good = client.post("/v1/suggest", json={"note": NOTE}, headers={"X-API-Key": KEY})
        assert good.status_code == 200
        assert client.post("/v1/admin/reload", headers={"X-API-Key": KEY}).status_code == 404


def test_basic_works_where_it_is_on(tmp_path: Path) -> None:
    with running_app(tmp_path, keys={"crm": KEY_DIGEST}, basic=True) as client:
        assert client.get("/v1/model", auth=("crm", KEY)).status_code == 200
        refused = client.get("/v1/model", auth=("crm", "wrong"))
        assert refused.headers["www-authenticate"] == 'Basic realm="lossnlp"'


# --- problems ------------------------------------------------------------------------------------

DEEP = b'{"note":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"note": "' + SECRET.encode(), 400),
        (SECRET.encode(), 400),
        (DEEP, 400),
        (b'{"note": "\xff\xfe"}', 400),
        (b'{"note": "%s", "close_date": %s}' % (SECRET.encode(), b"9" * 5000), 400),
        (b"", 422),
        (b"null", 422),
        (b'["%s"]' % SECRET.encode(), 422),
        (b'{"note": null}', 422),
        (b'{"note": {"%s": 1}}' % SECRET.encode(), 422),
        (b'{"%s": 1}' % SECRET.encode(), 422),
        (b'{"note": "", "%s": 1}' % SECRET.encode(), 422),
        (b'{"note": "", "close_date": 1e400}', 422),
        (b'{"note": "", "close_date": NaN}', 422),
        (b'{"note": "", "close_date": 1735689600}', 422),
        (b'{"note": "", "close_date": "2026-02-30"}', 422),
        (b'{"note": "", "close_date": "%s"}' % SECRET.encode(), 422),
        (b'{"note": "", "suggestion_id": "%s"}' % SECRET.encode(), 422),
        (b'{"note": "", "snippets": {}}', 422),
        (b'{"note": "", "snippets": [{"speaker": "%s", "text": ""}]}' % SECRET.encode(), 422),
        (b'{"note": "' + b"x" * 300_000 + b'"}', 413),
        (b'{"note": "' + b"x" * 10_000_000 + b'"}', 413),
    ],
    ids=lambda value: str(value)[:40],
)
def test_hostile_bodies_get_a_problem_that_does_not_quote_them(
    client: TestClient, body: bytes, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "lossnlp.service")
    headers = {"Content-Type": "application/json"}
    answer = client.post("/v1/suggest", content=body, headers=headers)
    assert problem(answer)["status"] == status
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "body",
    [
        rb'{"note": "\u0000 NUL \ud800 lone \udfff"}',
        rb'{"note": "\ud83d\ude00 half the price"}',
        '{"note": "\u202e\u200d\ufeff\x7f"}'.encode(),
        b'{"note": "a", "note": "b"}',
        b'\xef\xbb\xbf{"note": "byte order mark"}',
    ],
)
def test_odd_text_is_read(client: TestClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    assert client.post("/v1/suggest", content=body, headers=headers).status_code == 200


def test_a_body_without_a_length_is_counted_as_it_comes(client: TestClient) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 65_536
            yield b"x" * 65_536

    headers = {"Content-Type": "application/json"}
    assert problem(client.post("/v1/suggest", content=endless(), headers=headers))["status"] == 413


def test_wrong_addresses_methods_and_media_types_are_problems(client: TestClient) -> None:
    assert problem(client.get(f"/v1/{SECRET}"))["status"] == 404
    assert problem(client.get("/static/../_app.py"))["status"] == 404
    wrong = client.delete("/v1/suggest")
    assert problem(wrong)["status"] == 405
    assert wrong.headers["allow"] == "POST"
    text = client.post("/v1/suggest", content="{}", headers={"Content-Type": "text/plain"})
    assert problem(text)["status"] == 415


def test_a_fault_of_our_own_is_a_500_that_quotes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    puppet = Puppet(the_model())
    with running_app(tmp_path, puppet) as client:
        puppet.error = ValueError(f"cannot read {SECRET}")
        answer = client.post("/v1/suggest", json={"note": SECRET})
        assert problem(answer)["type"].endswith("fault")
        puppet.error = None
        assert client.post("/v1/suggest", json={"note": SECRET}).status_code == 200
        assert 'lossnlp_requests_total{method="POST",route="/v1/suggest",status="500"} 1.0' in (
            client.get("/metrics").text
        )


def test_pages_and_answers_carry_security_headers_and_no_cors(client: TestClient) -> None:
    for path in ["/", "/v1/model", "/nothing", "/static/page.js"]:
        headers = client.get(path, headers={"Origin": "https://elsewhere.example"}).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "access-control-allow-origin" not in headers


def test_cors_is_there_for_the_origins_that_were_named(tmp_path: Path) -> None:
    with running_app(tmp_path, cors_origins="https://crm.example") as client:
        ask = {"Access-Control-Request-Method": "POST"}
        good = client.options("/v1/suggest", headers={"Origin": "https://crm.example", **ask})
        assert good.headers["access-control-allow-origin"] == "https://crm.example"
        bad = client.options("/v1/suggest", headers={"Origin": "https://other.example", **ask})
        assert "access-control-allow-origin" not in bad.headers


@pytest.mark.parametrize("prefix", ["", "/lossnlp"])
def test_a_path_prefix_works_stripped_or_not(tmp_path: Path, prefix: str) -> None:
    with running_app(tmp_path, root_path="/lossnlp") as client:
        assert client.post(f"{prefix}/v1/suggest", json={"note": NOTE}).status_code == 200
        assert '<base href="/lossnlp/">' in client.get(f"{prefix}/").text
        assert client.get(f"{prefix}/static/page.css").status_code == 200
        assert client.get("/lossnlp").status_code == 200
        assert client.get("/lossnlpage").status_code == 404
        assert client.get(f"{prefix}/openapi.json").json()["servers"] == [{"url": "/lossnlp"}]
        sales = client.get(f"{prefix}/openapi-salesforce.json").json()
        assert sales["servers"] == [{"url": "/lossnlp"}]
