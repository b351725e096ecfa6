"""What the service says of itself is true: both documents are valid, and every answer obeys."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import given, settings
from jsonschema import Draft4Validator
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator
from schemathesis import Case, CheckContext, GenerationMode, Response, checks
from schemathesis.schemas import BaseSchema
from service_kit import KEY, KEY_DIGEST, NOTE, running_app, the_model, wait_until

from lossnlp.service import create_app, read_settings


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("openapi")
    with running_app(folder, keys={"test": KEY_DIGEST}, admin_reload=True) as client:
        client.headers["X-API-Key"] = KEY
        yield client


def test_the_openapi_document_is_valid(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    OpenAPIV31SpecValidator(document).validate()
    assert "HTTPValidationError" not in document["components"]["schemas"]
    ids = [op["operationId"] for path in document["paths"].values() for op in path.values()]
    assert len(ids) == len(set(ids))
    assert {"suggestReason", "checkReason", "scoreDeals", "sendFeedback", "reloadModel"} <= set(ids)
    assert document["paths"]["/v1/suggest"]["post"]["security"] == [{"key": []}]
    assert "security" not in document["paths"]["/livez"]["get"]


# --- Salesforce ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def salesforce(client: TestClient) -> dict[str, Any]:
    document: dict[str, Any] = client.get("/openapi-salesforce.json").json()
    return document


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from nodes(inner)


def test_the_salesforce_document_is_valid_openapi_3_0_3(salesforce: dict[str, Any]) -> None:
    OpenAPIV30SpecValidator(salesforce).validate()
    assert salesforce["openapi"] == "3.0.3"


def test_it_keeps_to_what_external_services_can_read(salesforce: dict[str, Any]) -> None:
    for node in nodes(salesforce):
        assert not {"anyOf", "oneOf", "allOf", "not", "nullable", "enum"} & node.keys()
        assert node.get("type") != "null"
        assert not isinstance(node.get("type"), list)
        if isinstance(description := node.get("description"), str):
            assert len(description) <= 1333
    for schema in salesforce["components"]["schemas"].values():
        assert schema["type"] == "object"
        for field in schema["properties"].values():
            assert {"type", "$ref"} & field.keys()
            if field.get("type") == "array":  # flat lists of one type
                assert field["items"].get("type") == "string" or "$ref" in field["items"]


def test_every_operation_has_a_name_of_its_own_and_takes_the_key(
    salesforce: dict[str, Any], client: TestClient
) -> None:
    ours = client.get("/openapi.json").json()["paths"]
    for path, operations in salesforce["paths"].items():
        for method, operation in operations.items():
            assert operation["operationId"] == ours[path][method]["operationId"]


def test_its_fields_are_those_of_the_service(
    salesforce: dict[str, Any], client: TestClient
) -> None:
    theirs = salesforce["components"]["schemas"]
    ours = client.get("/openapi.json").json()["components"]["schemas"]
    twins = {
        "Snippet": "SnippetIn",
        "SuggestRequest": "SuggestIn",
        "CheckRequest": "CheckIn",
        "FeedbackRequest": "FeedbackIn",
        "Evidence": "EvidenceOut",
        "Reason": "ReasonOut",
        "Competitor": "CompetitorOut",
        "Revisit": "RevisitOut",
        "Suggestion": "SuggestOut",
        "Check": "CheckOut",
        "Feedback": "FeedbackOut",
    }
    assert twins.keys() == theirs.keys()
    for name, twin in twins.items():
        assert theirs[name]["properties"].keys() == ours[twin]["properties"].keys(), name
        assert set(theirs[name]["required"]) <= set(ours[twin].get("required", [])) | (
            set(ours[twin]["properties"])
        )


@pytest.mark.parametrize("note", [NOTE, "n/a", ""])
def test_real_answers_obey_the_salesforce_document(
    salesforce: dict[str, Any], client: TestClient, note: str
) -> None:
    suggestion = client.post("/v1/suggest", json={"note": note}).json()
    obeys(salesforce, "Suggestion", suggestion)
    obeys(
        salesforce, "Check", client.post("/v1/check", json={"note": note, "label": "price"}).json()
    )
    sent = {"suggestion_id": suggestion["suggestion_id"], "chosen": "price"}
    obeys(salesforce, "Feedback", client.post("/v1/feedback", json=sent).json())


def obeys(document: dict[str, Any], name: str, answer: dict[str, Any]) -> None:
    """Validate an answer, taking fields that the document does not know for a fault."""
    strict = {
        key: {**schema, "additionalProperties": False}
        for key, schema in document["components"]["schemas"].items()
    }
    Draft4Validator(
        {"$ref": f"#/components/schemas/{name}", "components": {"schemas": strict}}
    ).validate(answer)


def test_a_flow_may_send_null_for_what_it_leaves_empty(client: TestClient) -> None:
    sent = {"note": NOTE, "snippets": None, "stage": None, "close_date": None}
    assert client.post("/v1/suggest", json={**sent, "suggestion_id": None}).status_code == 200


# --- the whole interface, by schemathesis --------------------------------------------------------


def problem_documents(ctx: CheckContext, response: Response, case: Case) -> None:
    """Every error is a problem document."""
    if response.status_code >= 400:
        assert response.headers["content-type"] == ["application/problem+json"]
        assert response.json()["status"] == response.status_code


CHECKS: list[Any] = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    problem_documents,
]


@pytest.fixture
def interface(tmp_path: Path) -> BaseSchema:
    """The interface of an app that schemathesis runs in this process, for one test."""
    database = f"sqlite:///{tmp_path / 'feedback.db'}"
    keys = {"test": KEY_DIGEST}
    app = create_app(read_settings(database=database, keys=keys, timeout_seconds=60))
    with mock.patch("lossnlp.service._serving.load", return_value=the_model()):
        interface = schemathesis.openapi.from_asgi("/openapi.json", app)
        ready = interface["/readyz"]["GET"]
        wait_until(lambda: ready.Case().call().status_code == 200)
    return interface


def test_every_answer_matches_its_schema(interface: BaseSchema) -> None:
    tried = set()
    operations = [found.ok() for found in interface.get_all_operations()]
    for operation, mode in product(operations, GenerationMode):
        if mode.is_negative and not operation.body:
            continue  # nothing could be wrong

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(max_examples=12, deadline=None, database=None)
        def obeys_its_schema(case: Case) -> None:
            tried.add(case.operation.label)
            case.call_and_validate(headers={"X-API-Key": KEY}, checks=CHECKS, timeout=60)

        obeys_its_schema()
    assert {"POST /v1/suggest", "POST /v1/check", "POST /v1/score", "POST /v1/feedback"} <= tried
