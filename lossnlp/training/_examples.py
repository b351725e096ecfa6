"""What the encoder is fine-tuned on, and how: plain data, free of torch."""

from __future__ import annotations

from dataclasses import dataclass

from lossnlp.text import TAGS

#: The outputs of which a text may have several codes.
FLAGS = ("contributing", "ruled_out")


@dataclass(frozen=True)
class Example:
    """A text with its labels, as positions in the codes and sub-reasons.

    ``evidence`` is the character span that carries the reason, or None where the text has none;
    ``tags`` the spans of each of `TAGS`, None for one that nobody annotated. A ``fragment`` (an
    evidence stretch on its own) teaches the reason and its sub-reason only. ``likely`` are
    a teacher's softened probabilities of the codes (`taught_by`), None without one.
    """

    text: str
    code: int
    sub: int
    contributing: tuple[int, ...] = ()
    ruled_out: tuple[int, ...] = ()
    evidence: tuple[int, int] | None = None
    tags: tuple[tuple[tuple[int, int], ...] | None, ...] = (None,) * len(TAGS)
    fragment: bool = False
    likely: tuple[float, ...] | None = None


@dataclass(frozen=True)
class FineTuning:
    """How the encoder is fine-tuned.

    ``layers`` are kept of the base, from the lowest; ``rate`` is the learning rate of the top one,
    ``head_rate`` of the new layers, ``layer_decay`` the factor from a layer to the one below it;
    ``fragments`` is the share of evidence stretches that each epoch adds as texts of their own;
    the weights of the losses are relative to the primary reason's. Those of flags and tags are
    small: they show the encoder what there is to know, and `_tokens` learns to read it.
    """

    layers: int = 6
    epochs: int = 3
    batch: int = 32
    rate: float = 8e-5
    head_rate: float = 2e-3
    layer_decay: float = 0.9
    weight_decay: float = 0.01
    warmup: float = 0.1
    label_smoothing: float = 0.05
    fragments: float = 0.4
    sub_weight: float = 0.4
    flag_weight: float = 0.3
    pointer_weight: float = 0.4
    tag_weight: float = 2.0
    seed: int = 0
