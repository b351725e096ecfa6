"""The code frame, and the crosswalks that lead from CRM picklist values to its codes."""

from lossnlp.taxonomy._crosswalk import Crosswalk, CrosswalkEntry
from lossnlp.taxonomy._diff import Change, TaxonomyDiff, diff
from lossnlp.taxonomy._proposal import Proposal, Unsure, propose_crosswalk
from lossnlp.taxonomy._taxonomy import (
    INSUFFICIENT,
    Reason,
    Reengage,
    SubReason,
    Taxonomy,
)

__all__ = [
    "INSUFFICIENT",
    "Change",
    "Crosswalk",
    "CrosswalkEntry",
    "Proposal",
    "Reason",
    "Reengage",
    "SubReason",
    "Taxonomy",
    "TaxonomyDiff",
    "Unsure",
    "diff",
    "propose_crosswalk",
]
