"""Structured logs: one JSON object a line, without any text that a caller sent."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

LOGGER = logging.getLogger("lossnlp.service")


def log_event(level: int, event: str, **fields: Any) -> None:
    """Log an event with its fields."""
    LOGGER.log(level, event, extra={"fields": fields})


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON.

    The message of an exception is left out, because it may quote what a rep typed; its type and
    the lines of code on the way to it are kept.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.name != LOGGER.name:
            entry["logger"] = record.name
        if record.exc_info and record.exc_info[0] is not None:
            entry["error"] = record.exc_info[0].__name__
            frames = traceback.extract_tb(record.exc_info[2])
            entry["at"] = [f"{frame.filename}:{frame.lineno}" for frame in frames]
        return json.dumps(entry, ensure_ascii=False)


def set_up_logs(level: str) -> None:
    """Send every log record of this process to standard error as lines of JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
