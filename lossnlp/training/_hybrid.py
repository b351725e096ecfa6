"""Fitting both views: the lexical one, and a fine-tuned sentence encoder beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lossnlp.model import (
    ENCODER,
    Labels,
    LinearHeads,
    OnnxEncoder,
    Views,
    one_text,
    passages_of,
    voices_of,
)
from lossnlp.text import clean
from lossnlp.training._base_weights import base_weights
from lossnlp.training._examples import Example, FineTuning, LaterCourse
from lossnlp.training._fit import fit_lexical
from lossnlp.training._labelled import LabelledDeal

if TYPE_CHECKING:
    from lossnlp.training._network import LossNetwork


@dataclass(frozen=True)
class FitHybrid:
    """Fits the lexical view and a fine-tuned encoder.

    Parameters
    ----------
    settings
        How the encoder is fine-tuned.
    later
        A second course with groups of their own; None teaches all deals in one.
    checkpoints
        A folder that keeps each fine-tuned network by a digest of its examples and settings: a
        run that was stopped goes on where it stood. None keeps nothing.
    progress
        Called after each step with the step and the number of steps.
    """

    settings: FineTuning = field(default_factory=FineTuning)
    later: LaterCourse | None = None
    checkpoints: Path | None = None
    progress: Callable[[int, int], None] = lambda step, steps: None

    def __call__(self, deals: Sequence[LabelledDeal], labels: Labels) -> Views:
        """Fit both views on labelled deals."""
        lexical = fit_lexical(deals, labels)
        encoder, heads = self._encoder(deals, labels)
        return replace(lexical, heads={**lexical.heads, ENCODER: heads}, encoder=encoder)

    def _encoder(
        self, deals: Sequence[LabelledDeal], labels: Labels
    ) -> tuple[OnnxEncoder, LinearHeads]:
        from lossnlp.training._export import export

        base = base_weights()
        taught = [d for d in deals if (d.primary, d.sub_reason) in labels.sub]
        network = self._network(taught, labels, base)
        return export(network, labels, (base / "tokenizer.json").read_bytes())

    def _network(self, deals: Sequence[LabelledDeal], labels: Labels, base: Path) -> LossNetwork:
        from lossnlp.training._finetune import finetune

        late = self.later.groups if self.later else frozenset()
        first = [d for d in deals if d.group not in late]
        second = [d for d in deals if d.group in late]
        early = examples_of(first, labels)

        def begun() -> LossNetwork:
            return self._kept(
                [self.settings, *first],
                labels,
                base,
                lambda: finetune(early, labels, base, self.settings, self.progress),
            )

        if self.later is None or not second:
            return begun()
        fresh, settings = examples_of(second, labels), self.later.settings
        return self._kept(
            [self.settings, settings, *first, *second],
            labels,
            base,
            lambda: finetune(fresh, labels, base, settings, self.progress, begun(), early),
        )

    def _kept(
        self,
        made_of: Sequence[FineTuning | LabelledDeal],
        labels: Labels,
        base: Path,
        teach: Callable[[], LossNetwork],
    ) -> LossNetwork:
        """Return the network that was kept for its settings and deals, or teach and keep it."""
        from safetensors.torch import load_model, save_model

        from lossnlp.training._network import LossNetwork

        kept = self.checkpoints and self.checkpoints / f"{_digest(made_of)}.safetensors"
        if kept and kept.is_file():
            network = LossNetwork(base, labels)
            load_model(network, kept)
            network.eval()
            return network
        network = teach()
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            fresh = kept.with_suffix(".part")
            save_model(network, str(fresh))
            fresh.replace(kept)
        return network


def _digest(parts: Sequence[FineTuning | LabelledDeal]) -> str:
    content = json.dumps([asdict(part) for part in parts], default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def examples_of(deals: Sequence[LabelledDeal], labels: Labels) -> list[Example]:
    """Return labelled deals, each with a sub-reason, as the encoder reads them."""
    return [_example(labelled, labels) for labelled in deals]


def _example(labelled: LabelledDeal, labels: Labels) -> Example:
    text = one_text(voices_of(passages_of(labelled.deal)))
    position = labels.codes.index
    return Example(
        text,
        code=position(labelled.primary),
        sub=labels.sub.index((labelled.primary, labelled.sub_reason or "")),
        contributing=tuple(map(position, labelled.contributing or ())),
        ruled_out=tuple(map(position, labelled.ruled_out or ())),
        evidence=_span(text, labelled.evidence),
    )


def _span(text: str, evidence: str | None) -> tuple[int, int] | None:
    """Return where the evidence stands in the clean text; None if cleaning took it apart."""
    if not evidence:
        return None
    for words in (evidence, clean(evidence).text):
        start = text.find(words) if words else -1
        if start >= 0:
            return start, start + len(words)
    return None
