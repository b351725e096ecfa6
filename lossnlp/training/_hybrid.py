"""Fitting both views: the lexical one, and a fine-tuned sentence encoder beside it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
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
from lossnlp.training._examples import Example, FineTuning
from lossnlp.training._fit import fit_lexical
from lossnlp.training._labelled import LabelledDeal

if TYPE_CHECKING:
    from lossnlp.training._network import LossNetwork


@dataclass(frozen=True)
class FitHybrid:
    """Fits the lexical view and a fine-tuned encoder.

    Parameters
    ----------
    base
        The folder of the base weights (`base_weights`).
    settings
        How the encoder is fine-tuned.
    checkpoints
        A folder that keeps each fine-tuned network by a digest of its base, settings and examples:
        a run that was stopped goes on where it stood. None keeps nothing.
    progress
        Called after each step with the step and the number of steps.
    """

    base: Path
    settings: FineTuning = field(default_factory=FineTuning)
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
        from lossnlp.training._tokens import teach_tokens

        taught = [d for d in deals if (d.primary, d.sub_reason) in labels.sub]
        network = self._network(taught, labels)
        examples = examples_of(taught, labels)
        layer = teach_tokens(network, examples, labels, self.base, self.progress)
        texts = [example.text for example in examples]
        tokenizer = (self.base / "tokenizer.json").read_bytes()
        return export(network, layer, labels, tokenizer, texts)

    def _network(self, deals: Sequence[LabelledDeal], labels: Labels) -> LossNetwork:
        """Return the network that was kept for these settings and deals, or teach and keep it."""
        from safetensors.torch import load_model, save_model

        from lossnlp.training._finetune import finetune
        from lossnlp.training._network import LossNetwork

        name = f"{_digest(self.base, self.settings, deals)}.safetensors"
        kept = self.checkpoints and self.checkpoints / name
        if kept and kept.is_file():
            network = LossNetwork(self.base, labels, self.settings.layers)
            load_model(network, kept)
            network.eval()
            return network
        examples = examples_of(deals, labels)
        network = finetune(examples, labels, self.base, self.settings, self.progress)
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            fresh = kept.with_suffix(".part")
            save_model(network, str(fresh))
            fresh.replace(kept)
        return network


def _digest(base: Path, settings: FineTuning, deals: Sequence[LabelledDeal]) -> str:
    content = json.dumps([base.name, asdict(settings), *map(asdict, deals)], default=str)
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
        tags=tuple(_spans(text, said) for said in _tagged(labelled)),
    )


def _tagged(labelled: LabelledDeal) -> Iterator[Sequence[str] | None]:
    """Yield the words of each tag, in the order of `TAGS`; None where nobody annotated them."""
    revisit = labelled.revisit
    yield None if revisit is None else [revisit] * bool(revisit)
    yield labelled.competitors


def _spans(text: str, said: Sequence[str] | None) -> tuple[tuple[int, int], ...] | None:
    """Return every place where the words stand as words of their own."""
    if said is None:
        return None
    whole = "|".join(rf"(?<!\w){re.escape(words)}(?!\w)" for words in said)
    return tuple(found.span() for found in re.finditer(whole, text)) if whole else ()


def _span(text: str, evidence: str | None) -> tuple[int, int] | None:
    """Return where the evidence stands in the clean text; None if cleaning took it apart."""
    if not evidence:
        return None
    for words in (evidence, clean(evidence).text):
        start = text.find(words) if words else -1
        if start >= 0:
            return start, start + len(words)
    return None
