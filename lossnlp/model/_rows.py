"""Records of arrays that hold one row a deal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Rows:
    """Base of dataclasses whose fields are arrays with one row a deal."""

    def rows(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Self:
        """Return some of the deals, chosen by flags or positions."""
        return type(self)(**{name: getattr(self, name)[chosen] for name in self._names()})

    @classmethod
    def stack(cls, parts: Sequence[Self]) -> Self:
        """Join several batches in their order."""
        return cls(
            **{name: np.concatenate([getattr(p, name) for p in parts]) for name in cls._names()}
        )

    @classmethod
    def _names(cls) -> list[str]:
        return [field.name for field in fields(cls)]  # type: ignore[arg-type]
