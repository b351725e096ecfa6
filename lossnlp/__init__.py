"""lossnlp reads closed-lost notes: reason codes, label audits and what to do next.

The names below are the public Python interface. Each is imported on first use, so that
``import lossnlp`` stays quick.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lossnlp._errors import BundleError, InputError, LossnlpError, TaxonomyError
    from lossnlp.audit import AuditResult, audit
    from lossnlp.deals import Deal, Snippet, read_deals
    from lossnlp.model import LossModel, Suggestion, load
    from lossnlp.scoring import score
    from lossnlp.taxonomy import Crosswalk, Taxonomy

__version__ = "0.1.0"

__all__ = [
    "AuditResult",
    "BundleError",
    "Crosswalk",
    "Deal",
    "InputError",
    "LossModel",
    "LossnlpError",
    "Snippet",
    "Suggestion",
    "Taxonomy",
    "TaxonomyError",
    "audit",
    "load",
    "read_deals",
    "score",
]

_HOMES = {
    "AuditResult": "lossnlp.audit",
    "BundleError": "lossnlp._errors",
    "Crosswalk": "lossnlp.taxonomy",
    "Deal": "lossnlp.deals",
    "InputError": "lossnlp._errors",
    "LossModel": "lossnlp.model",
    "LossnlpError": "lossnlp._errors",
    "Snippet": "lossnlp.deals",
    "Suggestion": "lossnlp.model",
    "Taxonomy": "lossnlp.taxonomy",
    "TaxonomyError": "lossnlp._errors",
    "audit": "lossnlp.audit",
    "load": "lossnlp.model",
    "read_deals": "lossnlp.deals",
    "score": "lossnlp.scoring",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its home on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module 'lossnlp' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """Keeps ``lossnlp.audit`` the function, though the package of that name is imported too."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
