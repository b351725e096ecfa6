"""How large should the encoder be? Accuracy, time and size: `python benchmarks/sizes.py`.

Each encoder is fine-tuned for all outputs on the deals of the files t1 to t21 less a third of those
files; it is then exported in 8 bits as in a bundle, its words beside it, and the exported graph
reads the files that were held out. The distilled one learns, beside the annotated reason, what the
fine-tuned layers of all-mpnet-base-v2 say of it. What was learnt is kept in build/sizes. The time
of a note is measured anew at each run: it wants a machine that does nothing else.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from minilm import SETTINGS as MINILM_SETTINGS
from minilm import minilm
from quality import (
    FINE_TUNED,
    LABELS,
    ROOT,
    ROWS,
    WITH_BASE,
    WITH_MINILM,
    Deals,
    Row,
    Run,
    code_of,
    per_file,
    spread,
    text_of,
)

from lossnlp.model import LEXICAL, LinearHeads, OnnxEncoder, Words
from lossnlp.training import HARD_FILES, FineTuning, base_weights, starter_deals
from lossnlp.training._hybrid import examples_of

if TYPE_CHECKING:
    from lossnlp.training._examples import Example
    from lossnlp.training._network import LossNetwork

FOLD, FOLDS = 0, 3
TIMED = 400  # notes
WORDS = "words.npz"
TITLES = {
    "mini": "all-MiniLM-L6-v2",
    "mpnet6": "all-mpnet-base-v2, first six layers, which ships",
    "distilled": "all-MiniLM-L6-v2, distilled from those",
}
#: Fine-tunes an encoder on deals and exports it.
Learn = Callable[[Deals], tuple[OnnxEncoder, LinearHeads]]


def main() -> None:
    deals = [d for d in starter_deals() if d.group not in HARD_FILES]
    run = SizeRun(deals, FOLDS, FOLD, ROOT / "build" / "sizes")
    run.row(LEXICAL, ROWS[LEXICAL])
    run.learn("mini", small)
    run.learn("mpnet6", first_layers)
    run.learn("distilled", distilled)
    print(run.table())


class SizeRun(Run):
    """One fold of the deals, read by the lexical view and by encoders of several sizes."""

    def learn(self, name: str, learn: Learn) -> None:
        """Fine-tune an encoder if it is not there, keep it and what it says."""
        folder = self.kept / name

        def reader(inside: Deals, outside: Deals) -> np.ndarray:
            encoder, heads = learn(inside)
            folder.mkdir(parents=True, exist_ok=True)
            for part, content in encoder.files.items():
                (folder / part).write_bytes(content)
            np.savez(folder / WORDS, **encoder.words._asdict())
            return read(encoder, heads, outside)

        self.row(name, Row(TITLES[name], reader, f"{WITH_MINILM}; {WITH_BASE}"))

    def table(self) -> str:
        """Return one Markdown row for each encoder that has been fine-tuned."""
        deals = self.held_out()
        lines = [
            f"{len(deals)} deals of {len({d.group for d in deals})} files, {len(self.pairs)} notes"
            f" in contrast pairs; mean ± standard deviation over files; time of one of {TIMED}"
            " notes alone (median and 99 %).",
            "",
            "| encoder | accuracy alone | with the lexical view | contrast pairs, both views"
            " | ms a note | MiB |",
            "|---|---|---|---|---|---|",
        ]
        for name, title in TITLES.items():
            alone, both = self.read(name), self.blended(name)
            if alone is None or both is None:
                continue
            scores, pairs, _ = both
            right = np.array([code_of(d) for d in self.pairs]) == pairs[0].argmax(axis=1)
            cells = [
                title,
                spread(per_file(deals, alone[0].argmax(axis=1))[0]),
                spread(per_file(deals, scores.argmax(axis=1))[0]),
                f"{right.mean():.3f}",
                *self.cost(name, deals),
            ]
            lines.append(f"| {' | '.join(cells)} |")
        return "\n".join(lines)

    def cost(self, name: str, deals: Deals) -> tuple[str, str]:
        """Return the milliseconds of a note and the MiB of the graph and its words."""
        folder = self.kept / name
        files = {part: (folder / part).read_bytes() for part in ("graph", "tokenizer")}
        with np.load(folder / WORDS) as arrays:
            words = Words(**arrays)
        encoder = OnnxEncoder(**files, words=words)
        size = len(files["graph"]) + sum(array.nbytes for array in words)
        texts = [text_of(d) for d in deals[:: max(1, len(deals) // TIMED)]][:TIMED]
        for text in texts[:20]:
            encoder.encode([text])
        taken = []
        for text in texts:
            start = time.perf_counter()
            encoder.encode([text])
            taken.append(1000 * (time.perf_counter() - start))
        median, high = np.percentile(taken, [50, 99])
        return f"{median:.1f} ({high:.1f})", f"{size / 2**20:.0f}"


def small(inside: Deals) -> tuple[OnnxEncoder, LinearHeads]:
    """Fine-tune MiniLM."""
    base, taught = minilm(), tuple(examples_of(inside, LABELS))
    return exported(fine_tuned(base, MINILM_SETTINGS, taught), base, taught)


def first_layers(inside: Deals) -> tuple[OnnxEncoder, LinearHeads]:
    """Fine-tune the first layers of mpnet, as for a bundle."""
    base, taught = base_weights(FINE_TUNED), tuple(examples_of(inside, LABELS))
    return exported(fine_tuned(base, FineTuning(), taught), base, taught)


def distilled(inside: Deals) -> tuple[OnnxEncoder, LinearHeads]:
    """Fine-tune the first layers of mpnet, then MiniLM with their help."""
    from lossnlp.training._finetune import taught_by

    mpnet, taught = base_weights(FINE_TUNED), tuple(examples_of(inside, LABELS))
    helped = taught_by(fine_tuned(mpnet, FineTuning(), taught), taught, LABELS, mpnet)
    base = minilm()
    return exported(fine_tuned(base, MINILM_SETTINGS, tuple(helped)), base, taught)


@functools.cache  # what the distilled one learns from is the row above it
def fine_tuned(base: Path, settings: FineTuning, taught: tuple[Example, ...]) -> LossNetwork:
    """Fine-tune the encoder in a folder."""
    import torch

    from lossnlp.training._finetune import finetune

    torch.set_num_threads(1)  # the same figures on any number of cores
    return finetune(taught, LABELS, base, settings, told)


def exported(
    network: LossNetwork, base: Path, taught: tuple[Example, ...]
) -> tuple[OnnxEncoder, LinearHeads]:
    """Export an encoder that was fine-tuned on texts."""
    from lossnlp.training._export import export
    from lossnlp.training._tokens import teach_tokens

    layer = teach_tokens(network, taught, LABELS, base)
    tokenizer = (base / "tokenizer.json").read_bytes()
    return export(network, layer, LABELS, tokenizer, [example.text for example in taught])


def told(step: int, steps: int) -> None:
    if step % 50 == 0 or step == steps:
        print(f"    step {step} of {steps}", flush=True)


def read(encoder: OnnxEncoder, heads: LinearHeads, deals: Deals) -> np.ndarray:
    """Return the log-probabilities of the codes, [n, k]."""
    return heads.scores(encoder.encode([text_of(d) for d in deals]).vectors).primary


if __name__ == "__main__":
    main()
