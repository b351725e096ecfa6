"""The service's two descriptions of itself: FastAPI's, and one that Salesforce can register."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from lossnlp import __version__
from lossnlp.service._keys import KEY_HEADER
from lossnlp.service._problems import PROBLEM_TYPE, ProblemDocument
from lossnlp.service._settings import Settings

_SCHEMA_REF = "#/components/schemas/{model}"
_TITLES = {
    400: "Not JSON",
    401: "No valid API key",
    408: "The body took too long to arrive",
    409: "Refused; nothing has changed",
    413: "The body is too large",
    415: "The body is not said to be JSON",
    422: "JSON of the wrong shape",
    429: "Too many requests at once; see Retry-After",
    500: "A fault of the service",
    503: "Not ready, or no answer in time",
}


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return OpenAPI responses that say: with these statuses comes a problem document."""
    schema = {"$ref": _SCHEMA_REF.format(model="Problem")}
    return {
        status: {"description": _TITLES[status], "content": {PROBLEM_TYPE: {"schema": schema}}}
        for status in statuses
    }


def describe(app: FastAPI, settings: Settings) -> None:
    """Let ``/openapi.json`` say what is true: problem documents as errors, keys if they are set."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, settings)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _document(app: FastAPI, settings: Settings) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        servers=[{"url": settings.root_path}] if settings.root_path else None,
    )
    components = document["components"]
    problem = ProblemDocument.model_json_schema(ref_template=_SCHEMA_REF)
    components["schemas"] |= problem.pop("$defs") | {"Problem": problem}
    if settings.keys:
        components["securitySchemes"] = _security_schemes(settings)
        for path, operations in document["paths"].items():
            if path.startswith("/v1/"):
                for operation in operations.values():
                    operation["security"] = [{name: []} for name in components["securitySchemes"]]
    return document


def _security_schemes(settings: Settings) -> dict[str, Any]:
    schemes = {"key": {"type": "apiKey", "in": "header", "name": KEY_HEADER}}
    return schemes | ({"basic": {"type": "http", "scheme": "basic"}} if settings.basic else {})


def salesforce_document(settings: Settings) -> dict[str, Any]:
    """Return the OpenAPI 3.0.3 document that Salesforce External Services can register."""
    raw = files("lossnlp.service").joinpath("salesforce.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(raw)
    document["info"]["version"] = __version__
    document["servers"] = [{"url": settings.root_path or "/"}]
    return document
