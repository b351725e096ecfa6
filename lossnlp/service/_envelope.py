"""What surrounds every request: its id, limits, log line, metrics and security headers."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lossnlp.service._logs import LOGGER, log_event
from lossnlp.service._metrics import Metrics
from lossnlp.service._problems import Problem

_SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class Envelope:
    """ASGI middleware around the whole app.

    Parameters
    ----------
    app
        The app inside.
    metrics
        Where requests are counted.
    root_path
        Path prefix that requests may carry, unless the server says which.
    max_body_bytes
        A longer body is refused as soon as that is known, before it is read whole.
    body_seconds
        Time in which a body has to arrive.
    """

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        root_path: str,
        max_body_bytes: int,
        body_seconds: float,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._root_path = root_path
        self._max_body_bytes = max_body_bytes
        self._body_seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and see to it that it ends well."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["request_id"] = secrets.token_hex(8)
        self._set_prefix(scope)
        answer = _Answer(send, scope["request_id"])
        body = _Body(receive, self._declared_length(scope), self._max_body_bytes)
        started = time.perf_counter()
        with self._metrics.in_progress.track_inprogress():
            try:
                await self._app(scope, body.within(self._body_seconds), answer.send)
            except Exception:  # noqa: BLE001 - logged, and the caller gets an answer
                fields = {"request_id": scope["request_id"]}
                LOGGER.exception("fault", extra={"fields": fields})
                await self._answer_fault(scope, answer)
        self._record(scope, answer.status, time.perf_counter() - started)

    def _set_prefix(self, scope: Scope) -> None:
        """Let the path start with the prefix, whether the proxy left it there or took it off."""
        scope["root_path"] = prefix = scope.get("root_path") or self._root_path
        if scope["path"] == prefix:
            scope["path"] += "/"
        elif not scope["path"].startswith(f"{prefix}/"):
            scope["path"] = prefix + scope["path"]

    async def _answer_fault(self, scope: Scope, answer: _Answer) -> None:
        """Answer a fault of our own, unless the answer has begun already."""
        if answer.status:
            return
        problem = Problem("fault", "The fault was logged; quote the request id.")

        async def nothing() -> Message:
            return {"type": "http.disconnect"}

        await problem.response(scope["request_id"])(scope, nothing, answer.send)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        """Count and log a request by its route's template: the path itself is the caller's."""
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.requests.labels(route, method, status).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        if name := scope.get("problem"):
            self._metrics.rejected.labels(name).inc()
        log_event(
            logging.INFO,
            "request",
            request_id=scope["request_id"],
            caller=scope.get("caller", ""),
            method=method,
            route=route,
            status=status,
            problem=scope.get("problem", ""),
            ms=round(1000 * seconds, 2),
        )

    @staticmethod
    def _declared_length(scope: Scope) -> int:
        value = dict(scope["headers"]).get(b"content-length", b"")
        return int(value) if value.isdigit() else 0


class _Answer:
    """Adds our headers to an answer, and remembers its status."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-ID"] = self._request_id
            for name, value in _SECURITY_HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)


class _Body:
    """The body of a request, as long as it keeps to its limits."""

    def __init__(self, receive: Receive, declared: int, limit: int) -> None:
        self._receive = receive
        self._left = limit
        self._declared = declared
        self._limit = limit
        self._whole = False

    def within(self, seconds: float) -> Receive:
        """Return a ``receive`` that refuses a body that is too long or too slow."""
        deadline = asyncio.get_running_loop().time() + seconds

        async def receive() -> Message:
            if self._whole:  # only the end of the connection can follow
                return await self._receive()
            self._check(self._declared > self._limit)
            message = await self._next(deadline)
            self._left -= len(message.get("body", b""))
            self._check(self._left < 0)
            self._whole = not message.get("more_body", False)
            return message

        return receive

    async def _next(self, deadline: float) -> Message:
        try:
            async with asyncio.timeout_at(deadline):
                return await self._receive()
        except TimeoutError:
            raise Problem(
                "slow-request", "Send the whole body sooner.", headers={"Connection": "close"}
            ) from None

    def _check(self, too_large: bool) -> None:
        if too_large:
            raise Problem(
                "body-too-large",
                f"Send at most {self._limit} bytes.",
                headers={"Connection": "close"},
            )
