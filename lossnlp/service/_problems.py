"""Problem documents (RFC 9457): every error in one shape, none of which repeats the input."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

PROBLEM_TYPE = "application/problem+json"

#: Name of a problem → its HTTP status and title. The names are part of the interface.
_PROBLEMS: dict[str, tuple[int, str]] = {
    "bad-request": (400, "The request cannot be read"),
    "no-key": (401, "An API key is needed"),
    "not-found": (404, "There is nothing at this address"),
    "method-not-allowed": (405, "This address does not take this method"),
    "slow-request": (408, "The request took too long to arrive"),
    "reload-running": (409, "A reload is running already"),
    "bundle-refused": (409, "The new bundle cannot be used; the old one goes on"),
    "body-too-large": (413, "The request is too large"),
    "media-type": (415, "The body must be JSON"),
    "not-valid": (422, "The request is not as it should be"),
    "busy": (429, "Too many requests at once"),
    "fault": (500, "The service failed"),
    "not-ready": (503, "The service is not ready"),
    "out-of-time": (503, "The answer took too long"),
    "not-kept": (503, "The choice could not be kept"),
}
_BY_STATUS = {status: name for name, (status, _) in reversed(_PROBLEMS.items())}
_MAX_FIELD_ERRORS = 20

#: pydantic's kind of error → what we say where its own words speak of Python.
_PLAIN_WORDS = {
    "missing": "is missing",
    "string_type": "must be text",
    "list_type": "must be a list",
    "model_attributes_type": "must be an object",
    "model_type": "must be an object",
}


class FieldError(BaseModel):
    """One field of the request that is wrong."""

    pointer: str = Field(description="JSON pointer to the field in the request")
    detail: str = Field(description="What is wrong with it; never holds the value")


class ProblemDocument(BaseModel):
    """A problem document as of RFC 9457."""

    model_config = ConfigDict(title="Problem")

    type: str = Field(description="Stable name of the problem, as a URN")
    title: str
    status: int
    detail: str
    errors: list[FieldError] = Field(default=[], description="The fields that are wrong")
    request_id: str = Field(default="", description="As in the log and the X-Request-ID header")


class Problem(HTTPException):
    """Raised anywhere in the service to end a request with a problem document.

    Parameters
    ----------
    name
        A name from the table of problems.
    detail
        One sentence on cause and mend; must not hold what the caller sent.
    errors
        The fields that are wrong.
    headers
        Further headers of the answer.
    """

    def __init__(
        self,
        name: str,
        detail: str,
        errors: Iterable[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        status, self.title = _PROBLEMS[name]
        super().__init__(status, detail, dict(headers or {}))
        self.name = name
        self.errors = list(errors)

    def response(self, request_id: str = "") -> Response:
        """Return the HTTP answer."""
        document = ProblemDocument(
            type=f"urn:lossnlp:problem:{self.name}",
            title=self.title,
            status=self.status_code,
            detail=self.detail,
            errors=self.errors[:_MAX_FIELD_ERRORS],
            request_id=request_id,
        )
        return Response(
            document.model_dump_json(exclude_defaults=True),
            status_code=self.status_code,
            headers=self.headers,
            media_type=PROBLEM_TYPE,
        )


def field_errors(faults: Iterable[Any], skip: int = 0) -> list[FieldError]:
    """Turn pydantic's errors into field errors, leaving out every value that was sent.

    Parameters
    ----------
    faults
        What ``ValidationError.errors()`` returns.
    skip
        Leading parts of each location to leave out.
    """
    return [_field_error(fault["type"], fault["loc"][skip:], fault["msg"]) for fault in faults]


def _field_error(kind: str, loc: tuple[str | int, ...], said: str) -> FieldError:
    if kind == "extra_forbidden":  # the last part is a key that the caller made up
        loc, said = loc[:-1], "holds a field that is not known here"
    pointer = "".join(f"/{part}" for part in loc)
    said = _PLAIN_WORDS.get(kind, said.removeprefix("Value error, "))
    return FieldError(pointer=pointer, detail=said)


def add_problem_handlers(app: FastAPI) -> None:
    """Make the app answer with problem documents whatever goes wrong in routing or reading."""

    @app.exception_handler(HTTPException)
    async def on_http_error(request: Request, error: HTTPException) -> Response:
        return _answer(request, _as_problem(error))

    @app.exception_handler(RequestValidationError)
    async def on_invalid_request(request: Request, error: RequestValidationError) -> Response:
        return _answer(request, _invalid(error))


def _as_problem(error: HTTPException) -> Problem:
    """Return a problem of our own as it is, and one of the framework without its words."""
    if isinstance(error, Problem):
        return error
    name = _BY_STATUS.get(error.status_code, "fault")
    reason = HTTPStatus(_PROBLEMS[name][0]).phrase
    return Problem(name, f"{reason}.", headers=error.headers)


def _answer(request: Request, problem: Problem) -> Response:
    """Answer with the problem and leave its name where log and metrics find it."""
    request.scope["problem"] = problem.name
    return problem.response(request.scope.get("request_id", ""))


def _invalid(error: RequestValidationError) -> Problem:
    """Tell apart what is not JSON, what is not said to be JSON, and JSON of the wrong shape."""
    faults = error.errors()
    if faults[0]["type"] == "json_invalid":
        return Problem("bad-request", f"The body is not JSON from character {faults[0]['loc'][1]}.")
    if isinstance(error.body, bytes):
        return Problem("media-type", "Send the header Content-Type: application/json.")
    count = f"{len(faults)} field is" if len(faults) == 1 else f"{len(faults)} fields are"
    errors = field_errors(faults, skip=1)
    return Problem("not-valid", f"{count} wrong; see errors.", errors)
