"""What a deal is, and how exports become deals."""

from lossnlp.deals._deal import DEAL_COLUMNS, Deal, Snippet, Speaker

__all__ = ["DEAL_COLUMNS", "Deal", "Snippet", "Speaker"]
