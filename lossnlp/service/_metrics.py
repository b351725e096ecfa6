"""Prometheus metrics, in a registry of their own for each app."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

_SECONDS = (0.001, 0.002, 0.004, 0.008, 0.016, 0.03, 0.06, 0.125, 0.25, 0.5, 1, 2, 5, 10)


class Metrics:
    """What the service counts. No label takes a value that a caller can choose freely."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.requests = Counter(
            "lossnlp_requests_total",
            "Requests by route, method and status.",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "lossnlp_request_duration_seconds",
            "Time from the request's head to the end of the answer.",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.in_progress = Gauge(
            "lossnlp_requests_in_progress",
            "Requests that are being answered.",
            registry=self.registry,
        )
        self.rejected = Counter(
            "lossnlp_rejected_total",
            "Requests refused, by the name of the problem.",
            ["problem"],
            registry=self.registry,
        )
        self.suggestions = Counter(
            "lossnlp_suggestions_total",
            "Suggestions by outcome: shown, needs_detail (too thin for a code), blind. "
            "The abstain share is needs_detail over all.",
            ["outcome"],
            registry=self.registry,
        )
        self.feedback = Counter(
            "lossnlp_feedback_total",
            "First choices by rank of the chosen reason (1 to 3, other, unknown) and blindness.",
            ["rank", "blind"],
            registry=self.registry,
        )
        self.reloads = Counter(
            "lossnlp_reloads_total",
            "Reloads of the bundle, by result.",
            ["result"],
            registry=self.registry,
        )
        self.model = Info("lossnlp_model", "The bundle in use.", registry=self.registry)

    def render(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)
