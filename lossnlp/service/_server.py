"""Runs the service as a process: one line for bad settings, signals, a clean end."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import time
from contextlib import suppress
from types import FrameType

import uvicorn
from fastapi import FastAPI

from lossnlp._errors import InputError
from lossnlp.service._app import create_app
from lossnlp.service._logs import log_event, set_up_logs
from lossnlp.service._problems import Problem
from lossnlp.service._service import Service
from lossnlp.service._settings import Settings

_BACKLOG = 2048


def run(settings: Settings) -> None:
    """Serve until a signal says to stop.

    SIGTERM turns ``/readyz`` to 503, leaves load balancers ``drain_seconds`` to notice, then
    ends what is running and leaves; SIGINT leaves without that pause. SIGHUP loads the bundle
    anew.

    Raises
    ------
    LossnlpError
        If the address is taken, or the database or the model cannot be used.
    """
    listening = _listen(settings.host, settings.port)
    set_up_logs(settings.log_level)
    app = create_app(settings)
    service: Service = app.state.service
    server = _Server(app, service)
    host, port = listening.getsockname()[:2]
    log_event(logging.INFO, "listening", host=host, port=port)
    with listening, suppress(KeyboardInterrupt):  # uvicorn raises SIGINT again when it is done
        server.run(sockets=[listening])
    if service.failure is not None:
        raise service.failure


def _listen(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    It is made as a TCP socket by name: asyncio turns Nagle's algorithm off for no other, and
    each answer would wait 40 ms for the caller's acknowledgement.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        cause = error.strerror or str(error)
        raise InputError(f"cannot listen on {host} port {port}: {cause}; set --port") from None
    listening.listen(_BACKLOG)
    return listening


class _Server(uvicorn.Server):
    """Uvicorn's server with a pause before it drains, and a reload on SIGHUP.

    Signals only leave a note; `on_tick`, which uvicorn calls ten times a second, acts on it.
    """

    def __init__(self, app: FastAPI, service: Service) -> None:
        settings = service.settings
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=60,
                timeout_graceful_shutdown=int(settings.timeout_seconds) + 1,
            )
        )
        self._service = service
        self._leave_at: float | None = None
        self._reload_asked = False
        self._reload: asyncio.Task[None] | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain first on SIGTERM; leave at once on a second one, or on SIGINT."""
        if sig != signal.SIGTERM or self._service.draining:
            super().handle_exit(sig, frame)
            return
        self._service.draining = True
        self._captured_signals.append(sig)
        self._leave_at = time.monotonic() + self._service.settings.drain_seconds

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and listen to SIGHUP where there is such a signal."""
        await super().startup(sockets)
        if hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, self._ask_reload)

    def _ask_reload(self, *_: object) -> None:
        self._reload_asked = True

    async def on_tick(self, counter: int) -> bool:
        """Reload or leave if it is time to."""
        if self._reload_asked:
            self._reload_asked = False
            self._reload = asyncio.create_task(self._try_reload())
        drained = self._leave_at is not None and time.monotonic() >= self._leave_at
        if drained or self._service.failure is not None:
            self.should_exit = True
        return await super().on_tick(counter)

    async def _try_reload(self) -> None:
        """Reload; a refusal was logged where it came up, and the old model goes on."""
        try:
            await self._service.serving.reload()
        except Problem as problem:
            log_event(logging.WARNING, "reload refused", problem=problem.name)
