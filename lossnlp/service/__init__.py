"""The HTTP service: reason codes while the rep is typing."""

from lossnlp.service._app import create_app
from lossnlp.service._server import run
from lossnlp.service._settings import Settings, read_settings

__all__ = ["Settings", "create_app", "read_settings", "run"]
