"""Rebuild the bundle that ships with lossnlp from the starter corpus: ``python train.py``."""

from pathlib import Path

from lossnlp.training import starter_deals, train

if __name__ == "__main__":
    train(starter_deals(), name="starter").write(Path(__file__).parent / "models" / "default")
