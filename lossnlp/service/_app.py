"""Puts the parts of the service together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.middleware.cors import CORSMiddleware

from lossnlp import __version__
from lossnlp.service import _routes
from lossnlp.service._envelope import Envelope
from lossnlp.service._keys import KEY_HEADER
from lossnlp.service._openapi import describe, problem_responses, salesforce_document
from lossnlp.service._page import page_files, page_html
from lossnlp.service._problems import add_problem_handlers
from lossnlp.service._service import Service
from lossnlp.service._settings import Settings


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the service as an ASGI app.

    Its start-up opens the database and loads the model in the background: ``/livez`` answers at
    once, ``/readyz`` when a first inference has run.

    Parameters
    ----------
    settings
        As of `read_settings`; without it, from the environment.
    """
    settings = settings or Settings()
    service = Service(settings)
    app = FastAPI(
        title="lossnlp",
        version=__version__,
        description="Reason codes for closed-lost deals, while the rep is typing.",
        docs_url=None,  # they load their scripts from elsewhere
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.service = service
    _add_routes(app, settings)
    add_problem_handlers(app)
    describe(app, settings)
    _add_middleware(app, service)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    starting = asyncio.create_task(service.start())
    yield
    await starting
    await asyncio.to_thread(service.close)


def _add_routes(app: FastAPI, settings: Settings) -> None:
    app.include_router(_routes.api)
    app.include_router(_routes.operation)
    if settings.admin_reload:
        app.include_router(_routes.admin)
    for_salesforce = salesforce_document(settings)
    page = page_html(settings.root_path)

    @app.get(
        "/openapi-salesforce.json",
        operation_id="getSalesforceOpenapi",
        tags=["operation"],
        responses=problem_responses(500),
    )
    async def salesforce() -> dict[str, Any]:
        """Return the OpenAPI 3.0.3 document for Salesforce External Services."""
        return for_salesforce

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def root() -> str:
        return page

    app.mount("/static", page_files(), name="static")


def _add_middleware(app: FastAPI, service: Service) -> None:
    """Add what surrounds every request; the last one added is the outermost."""
    settings = service.settings
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=[KEY_HEADER, "Content-Type"],
        )
    app.add_middleware(
        Envelope,
        metrics=service.metrics,
        root_path=settings.root_path,
        max_body_bytes=settings.max_body_bytes,
        body_seconds=settings.timeout_seconds,
    )
