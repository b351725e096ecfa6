"""What a deal is, and how exports become deals.

What reads files imports pandas and is loaded when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lossnlp.deals._deal import DEAL_COLUMNS, Deal, Snippet, Speaker

if TYPE_CHECKING:
    from lossnlp.deals._doctor import Fault, diagnose
    from lossnlp.deals._export import Export, open_export, read_deals
    from lossnlp.deals._objects import deals_of
    from lossnlp.deals._stream import Dialect, Layout, dialect_of, is_footer, layout_of, read_rows

_LATER = {
    "Export": "_export",
    "open_export": "_export",
    "read_deals": "_export",
    "deals_of": "_objects",
    "Fault": "_doctor",
    "diagnose": "_doctor",
    "Dialect": "_stream",
    "Layout": "_stream",
    "dialect_of": "_stream",
    "is_footer": "_stream",
    "layout_of": "_stream",
    "read_rows": "_stream",
}

__all__ = [
    "DEAL_COLUMNS",
    "Deal",
    "Dialect",
    "Export",
    "Fault",
    "Layout",
    "Snippet",
    "Speaker",
    "deals_of",
    "diagnose",
    "dialect_of",
    "is_footer",
    "layout_of",
    "open_export",
    "read_deals",
    "read_rows",
]


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
