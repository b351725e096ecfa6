"""The audit: which labels the text does not support, how many there are, and what would be right.

Statistics, tables and the report are loaded when they are first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lossnlp.audit._audit import DIMENSIONS, audit
    from lossnlp.audit._result import AuditResult

_HOMES = {"DIMENSIONS": "_audit", "audit": "_audit", "AuditResult": "_result"}

__all__ = ["DIMENSIONS", "AuditResult", "audit"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
