"""The code frame, and the crosswalks that lead from CRM picklist values to its codes."""

from lossnlp.taxonomy._taxonomy import (
    INSUFFICIENT,
    Reason,
    Reengage,
    SubReason,
    Taxonomy,
)

__all__ = ["INSUFFICIENT", "Reason", "Reengage", "SubReason", "Taxonomy"]
