"""Rebuild the bundle that ships with lossnlp from the starter corpus: ``python train.py``.

Needs the extra ``finetune``. A third of the starter files is held out together to choose the
calibration and to measure; then both views are trained on all files. A run that was stopped goes
on with the networks that it finished, kept in build/finetune.
"""

import sys
from pathlib import Path

from lossnlp.training import FitHybrid, read_labelled, starter_deals, train

HERE = Path(__file__).parent


def _tell(step: int, steps: int) -> None:
    if step % 50 == 0 or step == steps:
        sys.stderr.write(f"fine-tuning: step {step} of {steps}\n")


if __name__ == "__main__":
    deals = starter_deals()
    third = list(dict.fromkeys(deal.group for deal in deals))[1::3]
    fit = FitHybrid(checkpoints=HERE / "build" / "finetune", progress=_tell)
    pairs = read_labelled([HERE / "tests" / "data" / "contrast_pairs.jsonl"]).deals
    trained = train(deals, name="starter", fit=fit, folds=[third], pairs=pairs)
    trained.write(HERE / "models" / "default")
