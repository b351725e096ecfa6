"""The addresses of the service."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse
from fastapi.routing import APIRoute
from prometheus_client import CONTENT_TYPE_LATEST

from lossnlp.service._openapi import problem_responses
from lossnlp.service._requests import CheckIn, FeedbackIn, ScoreIn, SuggestIn
from lossnlp.service._schemas import (
    CheckOut,
    FeedbackOut,
    ModelOut,
    ReloadOut,
    ScoreOut,
    StateOut,
    SuggestOut,
    TaxonomyOut,
)
from lossnlp.service._service import Service

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


InService = Annotated[Service, Depends(_service)]


class _KeyedRoute(APIRoute):
    """A route that looks at the API key before anything of the body is read."""

    def get_route_handler(self) -> Handler:
        handler = super().get_route_handler()

        async def keyed(request: Request) -> Response:
            service: Service = request.app.state.service
            request.scope["caller"] = service.keys.caller(request.headers)
            return await handler(request)

        return keyed


api = APIRouter(prefix="/v1", route_class=_KeyedRoute)
operation = APIRouter(tags=["operation"])
admin = APIRouter(prefix="/v1/admin", route_class=_KeyedRoute, tags=["operation"])

_POSTED = problem_responses(400, 401, 408, 413, 415, 422, 429, 500, 503)
_READ = problem_responses(401, 500, 503)


@api.post(
    "/suggest",
    operation_id="suggestReason",
    responses=_POSTED,
    response_model_exclude_none=True,
)
async def suggest(body: SuggestIn, service: InService) -> SuggestOut:
    """Suggest up to three reasons for a closed-lost deal, with the words that carry them."""
    return await service.suggest(body)


@api.post(
    "/check",
    operation_id="checkReason",
    responses=_POSTED,
    response_model_exclude_none=True,
)
async def check(body: CheckIn, service: InService) -> CheckOut:
    """Say whether the text supports a label, and why."""
    return await service.check(body)


@api.post(
    "/score",
    operation_id="scoreDeals",
    responses=_POSTED,
    response_model_exclude_none=True,
)
async def score(body: ScoreIn, service: InService) -> ScoreOut:
    """Read up to 256 deals; a bad one gets an error entry and the others their answer."""
    return await service.score(body)


@api.post(
    "/feedback",
    operation_id="sendFeedback",
    responses=_POSTED,
    response_model_exclude_none=True,
)
async def feedback(body: FeedbackIn, service: InService) -> FeedbackOut:
    """Keep what the rep chose. The same call again changes nothing; the latest choice counts."""
    return await service.feedback(body)


@api.get(
    "/taxonomy",
    operation_id="getTaxonomy",
    responses=_READ,
    response_model_exclude_none=True,
)
async def taxonomy(service: InService) -> TaxonomyOut:
    """Return the reasons that the model knows."""
    return service.taxonomy()


@api.get("/model", operation_id="getModel", responses=_READ)
async def model(service: InService) -> ModelOut:
    """Return which model is in use, and the limits of the service."""
    return service.model()


@admin.post("/reload", operation_id="reloadModel", responses=problem_responses(401, 409, 500))
async def reload(service: InService) -> ReloadOut:
    """Load the bundle anew; the old one goes on if the new one cannot be used."""
    return ReloadOut(model=await service.serving.reload())


@operation.get("/livez", operation_id="getLive", responses=problem_responses(500))
async def livez() -> StateOut:
    """Tell that the process answers; never touches the model."""
    return StateOut(status="live")


@operation.get("/readyz", operation_id="getReady", responses=problem_responses(500, 503))
async def readyz(service: InService) -> StateOut:
    """Tell whether requests should be sent here."""
    service.check_ready()
    return StateOut(status="ready")


@operation.get(
    "/metrics",
    operation_id="getMetrics",
    response_class=PlainTextResponse,
    responses=problem_responses(500),
)
async def metrics(service: InService) -> Response:
    """Return metrics in Prometheus' text format."""
    return Response(service.metrics.render(), media_type=CONTENT_TYPE_LATEST)
