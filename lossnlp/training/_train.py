"""Training: from labelled deals to a bundle, measured on deals that it did not see."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lossnlp import __version__
from lossnlp._errors import InputError
from lossnlp.deals import Deal, Snippet
from lossnlp.model import Bundle, default_path, labels_of, read_bundle, write_bundle
from lossnlp.taxonomy import Taxonomy
from lossnlp.training._calibrate import calibrate, truth_of
from lossnlp.training._card import card_of
from lossnlp.training._fit import fit_lexical
from lossnlp.training._folds import Fit, choose_pointers, cross_read, held_out
from lossnlp.training._frozen import FitFrozen
from lossnlp.training._labelled import LabelledDeal, check_codes, starter_deals
from lossnlp.training._metrics import measure

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

    ``metrics`` is what the model card shows; `write` puts the bundle into a folder.
    """

    bundle: Bundle
    metrics: dict[str, Any]

    def write(self, out: Path) -> None:
        """Write the bundle; a bundle that stands there is replaced."""
        write_bundle(self.bundle, out, card=card_of(self.bundle.manifest), golden=_GOLDEN)


def train(
    deals: Sequence[LabelledDeal],
    *,
    taxonomy: Taxonomy | None = None,
    name: str = "model",
    fit: Fit = fit_lexical,
    also: Sequence[LabelledDeal] = (),
    progress: Callable[[int, int], None] = lambda done, total: None,
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
    progress
        Called with the number of groups that were held out and read, and of all groups.

    Raises
    ------
    InputError
        If a label is no code of the taxonomy, or the deals are too few to learn from.
    """
    taxonomy = taxonomy or Taxonomy.default()
    labels = labels_of(taxonomy)
    _check(deals, taxonomy)
    held = held_out(deals, labels, lambda part, names: fit([*part, *also], names), progress)
    pointers = choose_pointers(deals, labels, held)
    metrics = measure(deals, labels, cross_read(deals, labels, held, pointers))
    calibration = calibrate(held.scores, truth_of(deals, labels), labels, pointers)
    views = fit([*deals, *also], labels)
    manifest = {
        "name": name,
        "data": {**_data(deals), "also": _data(also)} if also else _data(deals),
        "versions": {"lossnlp": __version__, **{lib: version(lib) for lib in _LIBRARIES}},
        "metrics": metrics,
    }
    return Trained(Bundle(taxonomy, views, calibration, manifest), metrics)


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


def _check(deals: Sequence[LabelledDeal], taxonomy: Taxonomy) -> None:
    check_codes(deals, taxonomy)
    codes = {labelled.primary for labelled in deals}
    if len(deals) < _FEWEST_DEALS or len(codes) < 2:
        raise InputError(
            f"too little to train on: {len(deals)} labelled deals with {len(codes)} different"
            f" reasons; at least {_FEWEST_DEALS} deals with two reasons are needed"
        )
    if len({labelled.group for labelled in deals}) < 2:
        raise InputError("all deals are of one group; at least two are needed to hold one out")


def _data(deals: Sequence[LabelledDeal]) -> dict[str, Any]:
    lines = [json.dumps(asdict(d), sort_keys=True, default=str) for d in deals]
    return {
        "digest": hashlib.sha256("\n".join(lines).encode()).hexdigest(),
        "n": len(deals),
        "groups": len({d.group for d in deals}),
    }
