"""Rebuild the bundle that ships with lossnlp from the starter corpus: ``python train.py``.

Needs the extra ``finetune`` and the base weights; ``make bundle`` installs both. Each third of the
starter files is held out together to choose the calibration and to measure; then both views are
trained on all files. A run that was stopped goes on with the networks that it finished, kept in
build/finetune. The held-out probabilities and tags go to build/held-out.npz and
build/held-out-tags.json, for ``benchmarks/audit.py --tune`` and ``benchmarks/text.py``.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from lossnlp.training import FitHybrid, base_weights, read_labelled, starter_deals, train

HERE = Path(__file__).parent


def _tell(step: int, steps: int) -> None:
    if step % 50 == 0 or step == steps:
        sys.stderr.write(f"fine-tuning: step {step} of {steps}\n")


if __name__ == "__main__":
    deals = starter_deals()
    files = list(dict.fromkeys(deal.group for deal in deals))
    kept = HERE / "build" / "finetune"
    fit = FitHybrid(base_weights(kept), checkpoints=kept, progress=_tell)
    pairs = read_labelled([HERE / "tests" / "data" / "contrast_pairs.jsonl"]).deals
    thirds = [files[start::3] for start in range(3)]
    trained = train(deals, name="starter", fit=fit, folds=thirds, pairs=pairs, student=True)
    trained.write(HERE / "models" / "default")
    np.savez(
        HERE / "build" / "held-out.npz",
        primary=trained.held_out.primary,
        truth=[trained.bundle.labels.codes.index(deal.primary) for deal in deals],
        group=[deal.group for deal in deals],
    )
    tags = json.dumps(trained.held_tags, default=asdict)
    (HERE / "build" / "held-out-tags.json").write_text(tags, encoding="utf-8")
