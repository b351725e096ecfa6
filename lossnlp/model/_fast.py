"""The fast tier: a linear student on hashed features, for millions of rows.

It was taught the exact tier's probabilities. It reads words and parts of words, not sentences, and
says nothing of evidence, competitors and dates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lossnlp._errors import BundleError, InputError
from lossnlp.deals import Deal
from lossnlp.model._bundle import labels_of
from lossnlp.model._calibration import Calibration, Probabilities
from lossnlp.model._hashed import FAMILIES, Found, Occurrences, features_of
from lossnlp.model._heads import Labels, LinearHeads
from lossnlp.model._integers import from_8_bits, in_8_bits
from lossnlp.taxonomy import Taxonomy

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

#: The name of the student's scores, of its part of a bundle's manifest, and its file.
FAST = "fast"
FAST_FILE = "fast.safetensors"

_UNKNOWN = -1
_SLOTS_A_FEATURE = 8


class HashedVocabulary:
    """The features that the student knows: hash → row, and what an occurrence weighs.

    Parameters
    ----------
    hashes
        The known features, one a row, [f]. Of two that share a slot the later one is lost, so
        `apart` chooses features that do not.
    weight
        What one occurrence weighs, [f] float32: its inverse document frequency.
    """

    def __init__(self, hashes: NDArray[np.uint64], weight: NDArray[np.float32]) -> None:
        self.hashes, self.weight = hashes, weight
        self._mask = np.uint64(slots_for(len(hashes)) - 1)
        self._slots = np.full(int(self._mask) + 1, _UNKNOWN, dtype=np.int32)
        self._slots[(hashes & self._mask).astype(np.intp)] = np.arange(len(hashes))

    def matrix(self, found: Found) -> Summed:
        """Return one row a deal, [n, f]; in each family its occurrences have unit length."""
        families = (self._family(found.families[name], found.deals) for name in FAMILIES)
        return Summed([part for family in families for part in family])

    def _family(self, runs: Sequence[Occurrences], deals: int) -> list[csr_array]:
        known = [self._known(run) for run in runs]
        square = np.zeros(deals)
        for deal, row in known:
            square += np.bincount(deal, np.square(self.weight[row]), minlength=deals)
        scale = (1 / np.sqrt(np.maximum(square, 1e-12))).astype(np.float32)
        return [self._sparse(deal, row, scale) for deal, row in known]

    def _known(self, run: Occurrences) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
        row = self._slots[(run.hashes & self._mask).astype(np.intp)]
        known = (row != _UNKNOWN) & (self.hashes[row] == run.hashes)
        return run.deal[known], row[known]

    def _sparse(
        self, deal: NDArray[np.intp], row: NDArray[np.int32], scale: NDArray[np.float32]
    ) -> csr_array:
        from scipy.sparse import csr_array

        ends = np.cumsum(np.bincount(deal, minlength=len(scale)))
        values = self.weight[row] * scale[deal]
        shape = len(scale), len(self.hashes)
        return csr_array((values, row, np.concatenate(([0], ends))), shape=shape)


@dataclass(frozen=True)
class Summed:
    """Sparse matrices whose sum is meant; multiplying each is cheaper than adding them."""

    parts: Sequence[csr_array]

    def __matmul__(self, table: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the sum of the products."""
        product: NDArray[np.float32] = np.sum([part @ table for part in self.parts], axis=0)
        return product


def slots_for(features: int) -> int:
    """Return how many slots a table for so many features has."""
    return 1 << (_SLOTS_A_FEATURE * max(features, 32)).bit_length()


def apart(hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Tell which features keep their slot when each slot goes to the first that asks for it."""
    slot = hashes & np.uint64(slots_for(len(hashes)) - 1)
    keep = np.zeros(len(hashes), dtype=bool)
    keep[np.unique(slot, return_index=True)[1]] = True
    return keep


@dataclass(frozen=True)
class FastModel:
    """The student: a vocabulary, heads, a calibration, and when to ask the exact tier instead.

    ``margin`` is the lead of the first reason over the second below which ``auto`` hands a deal to
    the exact tier; ``measured`` what training measured on held-out deals.
    """

    vocabulary: HashedVocabulary
    heads: LinearHeads
    calibration: Calibration
    margin: float
    measured: Mapping[str, Any]

    @property
    def labels(self) -> Labels:
        """The names of the outputs."""
        return self.heads.labels

    def read(self, deals: Sequence[Deal]) -> Probabilities:
        """Return the calibrated probabilities of n deals."""
        found = features_of(deals)
        scores = self.heads.scores(self.vocabulary.matrix(found))
        whole = np.zeros(len(deals), dtype=bool)
        likely = self.calibration.probabilities({FAST: scores}, self.labels, whole)
        return likely.silence(found.wordless, self.labels)

    def facts(self) -> dict[str, Any]:
        """Return what a bundle's manifest says of the student."""
        calibration = self.calibration.to_dict()
        return {"margin": self.margin, "calibration": calibration, "measured": dict(self.measured)}

    def to_bytes(self) -> bytes:
        """Return the arrays as safetensors."""
        from safetensors.numpy import save

        return save(
            {
                "hashes": self.vocabulary.hashes,
                "weight": self.vocabulary.weight,
                **in_8_bits("weights", self.heads.weights),
                "bias": self.heads.bias,
            }
        )


def read_fast(bundle: Path, taxonomy: Taxonomy, manifest: Mapping[str, Any]) -> FastModel:
    """Read the fast tier of a bundle that ``load`` has checked.

    Raises
    ------
    InputError
        If the bundle has none.
    BundleError
        If it is damaged.
    """
    from safetensors.numpy import load_file

    facts = fast_facts(bundle, manifest)
    try:
        arrays = load_file(bundle / FAST_FILE)
        return FastModel(
            HashedVocabulary(arrays["hashes"], arrays["weight"]),
            LinearHeads(labels_of(taxonomy), from_8_bits(arrays, "weights"), arrays["bias"]),
            Calibration.from_dict(facts["calibration"]),
            float(facts["margin"]),
            facts["measured"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"the fast tier is damaged ({error!r}); train it again") from error


def fast_facts(bundle: Path, manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a bundle's manifest says of the fast tier; raise InputError if it has none."""
    if FAST not in manifest:
        raise InputError(f"{bundle}: this bundle has no fast tier; use --tier exact")
    facts: Mapping[str, Any] = manifest[FAST]
    return facts
