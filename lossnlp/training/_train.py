"""Training: from labelled deals to a bundle, measured on deals that it did not see."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lossnlp import __version__
from lossnlp._errors import InputError
from lossnlp.deals import Deal, Snippet
from lossnlp.model import (
    FAST,
    FAST_FILE,
    Bundle,
    FastModel,
    Probabilities,
    default_path,
    labels_of,
    passages_of,
    read_bundle,
    write_bundle,
)
from lossnlp.taxonomy import Taxonomy
from lossnlp.text import DealTags
from lossnlp.training._calibrate import calibrate, truth_of
from lossnlp.training._card import card_of
from lossnlp.training._distil import distil
from lossnlp.training._fit import fit_lexical
from lossnlp.training._folds import Fit, choose_pointers, cross_read, held_out
from lossnlp.training._frozen import FitFrozen
from lossnlp.training._labelled import LabelledDeal, check_codes, lessons_of, starter_deals
from lossnlp.training._metrics import measure, measure_pairs

_FEWEST_DEALS = 30
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "safetensors")

#: Deals that every bundle is checked on when it is loaded. They belong to nobody.
_GOLDEN = (
    Deal("went w/ Workday, half the price"),
    Deal("No budget this year, CFO froze all new spend until FY27."),
    Deal("Ghosted. 6 emails, 3 calls, nothing since the demo."),
    Deal("Lost on price", (Snippet("buyer", "Honestly price was fine, our CISO said no."),)),
    Deal(
        "10/12 JD: POC slow, dropped two of five feeds. 10/20 JD: they want Oracle sync, we don't."
    ),
    Deal("dup of the other opp"),
    Deal("n/a"),
    Deal(""),
)


@dataclass(frozen=True)
class Trained:
    """A trained model with what was measured on held-out deals.

    ``metrics`` is what the model card shows, ``held_out`` the calibrated probabilities of the
    deals that it was measured on and ``held_tags`` their tags, ``student`` the fast tier where one
    was taught; `write` puts the bundle into a folder.
    """

    bundle: Bundle
    metrics: dict[str, Any]
    held_out: Probabilities
    held_tags: Sequence[DealTags | None]
    student: FastModel | None = None

    def write(self, out: Path) -> None:
        """Write the bundle; a bundle that stands there is replaced."""
        more = {FAST_FILE: self.student.to_bytes()} if self.student else {}
        card = card_of(self.bundle.manifest)
        write_bundle(self.bundle, out, card=card, golden=_GOLDEN, more=more)


def train(
    deals: Sequence[LabelledDeal],
    *,
    taxonomy: Taxonomy | None = None,
    name: str = "model",
    fit: Fit = fit_lexical,
    also: Sequence[LabelledDeal] = (),
    pairs: Sequence[LabelledDeal] = (),
    progress: Callable[[int, int], None] = lambda done, total: None,
    folds: Sequence[Collection[str]] | None = None,
    student: bool = False,
) -> Trained:
    """Train a model and measure it on held-out groups.

    Parameters
    ----------
    deals
        Labelled deals. Deals of one ``group`` are held out together.
    taxonomy
        What the labels mean; by default the one that ships with lossnlp.
    name
        The short name at the head of the bundle's id.
    fit
        Fits the views on the training part of the deals.
    also
        Deals to learn from that are not measured on, such as the starter corpus beside one's own.
    pairs
        Contrast pairs, one after the other: two notes that differ in who decided or what is
        denied. The trained model reads them for its card; nothing is tuned on them.
    progress
        Called with the number of folds that were held out and read, and of all folds.
    folds
        The groups that are held out together, fold by fold; by default each group alone. Groups
        of no fold are learnt from and not measured on.
    student
        Whether to distil the fast tier as well; it is measured on the first fold.

    Raises
    ------
    InputError
        If a label is no code of the taxonomy, or the deals are too few to learn from.
    """
    taxonomy = taxonomy or Taxonomy.default()
    labels = labels_of(taxonomy)
    measured = [d for d in deals if folds is None or any(d.group in fold for fold in folds)]
    _check(deals, taxonomy, measured)
    beside = [*also, *lessons_of(taxonomy)]
    held = held_out(
        deals, labels, lambda part, names: fit([*part, *beside], names), progress, folds
    )
    pointers = choose_pointers(measured, labels, held)
    readings = cross_read(measured, labels, held, pointers)
    metrics = measure(measured, labels, readings)
    calibration = calibrate(held.scores, truth_of(measured, labels), labels, pointers)
    bundle = Bundle(taxonomy, fit([*deals, *beside], labels), calibration, {})
    if pairs:
        metrics["contrast_pairs"] = measure_pairs(pairs, labels, _top(bundle, pairs))
    manifest = {
        "name": name,
        "data": {**_data(deals), "also": _data(also)} if also else _data(deals),
        "versions": {"lossnlp": __version__, **{lib: version(lib) for lib in _LIBRARIES}},
        "metrics": metrics,
    }
    if not student:
        return Trained(replace(bundle, manifest=manifest), metrics, readings.likely, held.tags)
    held_groups = folds[0] if folds else [deals[0].group]
    fast = distil(bundle, [*deals, *beside], fit, held_groups)
    facts = fast.facts()
    manifest["rates"] = facts["measured"].pop("rate")
    manifest[FAST] = facts
    bundle = replace(bundle, manifest=manifest)
    return Trained(bundle, metrics, readings.likely, held.tags, fast)


def _top(bundle: Bundle, deals: Sequence[LabelledDeal]) -> list[int]:
    likely, _ = bundle.read([passages_of(labelled.deal) for labelled in deals])
    return [int(code) for code in likely.primary.argmax(axis=1)]


def train_on_own(
    deals: Sequence[LabelledDeal],
    *,
    taxonomy: Taxonomy,
    name: str,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Trained:
    """Train on a user's own labelled deals, with the shipped encoder as it is.

    With the shipped taxonomy the starter corpus is learnt from as well; measured are the user's
    own deals only. Parameters and errors are those of `train`.
    """
    shipped = read_bundle(default_path()).views
    fit: Fit = FitFrozen(shipped.encoder) if shipped.encoder is not None else fit_lexical
    also = starter_deals() if taxonomy.digest == Taxonomy.default().digest else ()
    return train(deals, taxonomy=taxonomy, name=name, fit=fit, also=also, progress=progress)


def _check(
    deals: Sequence[LabelledDeal], taxonomy: Taxonomy, measured: Sequence[LabelledDeal]
) -> None:
    check_codes(deals, taxonomy)
    codes = {labelled.primary for labelled in deals}
    if len(deals) < _FEWEST_DEALS or len(codes) < 2:
        raise InputError(
            f"too little to train on: {len(deals)} labelled deals with {len(codes)} different"
            f" reasons; at least {_FEWEST_DEALS} deals with two reasons are needed"
        )
    if len({labelled.group for labelled in measured}) < 2:
        raise InputError("all deals are of one group; at least two must be held out")


def _data(deals: Sequence[LabelledDeal]) -> dict[str, Any]:
    lines = [json.dumps(asdict(d), sort_keys=True, default=str) for d in deals]
    return {
        "digest": hashlib.sha256("\n".join(lines).encode()).hexdigest(),
        "n": len(deals),
        "groups": len({d.group for d in deals}),
    }
