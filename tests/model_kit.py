"""What the tests of the model share: a small bundle, trained once, without an encoder."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from lossnlp import LossModel, load
from lossnlp.training import LabelledDeal, Trained, starter_deals, train

ROOT = Path(__file__).parents[1]


@cache
def few_deals() -> tuple[LabelledDeal, ...]:
    """Every other deal of three starter files: enough to learn the common reasons."""
    kept = {"t1", "t9", "t15"}
    return tuple(d for n, d in enumerate(starter_deals()) if d.group in kept and n % 2)


@cache
def small() -> Trained:
    """A lexical model of those deals."""
    return train(few_deals(), name="small")


@cache
def small_folder() -> Path:
    """The folder of that model's bundle; not to be written to."""
    folder = Path(mkdtemp(prefix="lossnlp-test-")) / "bundle"
    small().write(folder)
    return folder


@cache
def small_model() -> LossModel:
    """That model, loaded from its folder."""
    return load(small_folder())
