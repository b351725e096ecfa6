"""Bundles: a trained model as a folder of JSON and safetensors, checked before it is believed.

``manifest.json`` names every other file with its SHA-256. A file is read once, checked, and only
then parsed; nothing is ever unpickled. Schema 1 kept weights in 16 bits and the encoder's words in
its graph; schema 2 keeps weights in 8 bits, the words beside the graph, and the largest files
compressed. One reader takes both.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from lossnlp._errors import BundleError, InputError
from lossnlp.deals import Deal, Snippet
from lossnlp.model._calibration import Calibration, Probabilities
from lossnlp.model._encoder import OnnxEncoder, Words
from lossnlp.model._heads import Labels, LinearHeads
from lossnlp.model._integers import from_8_bits, in_8_bits
from lossnlp.model._lexical import BLOCKS, LexicalFeatures, words_of
from lossnlp.model._passages import Passage, passages_of, voices_of
from lossnlp.model._views import ENCODER, LEXICAL, Seen, Views
from lossnlp.taxonomy import Taxonomy

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCHEMA = 2
_OLDEST = 1
MANIFEST, CARD, GOLDEN = "manifest.json", "README.md", "golden.jsonl"
_TAXONOMY, _TERMS, _ARRAYS = "taxonomy.json", "lexical.json", "lexical.safetensors"
#: How a tensor of an ONNX graph names the file that holds it: field 1, eight bytes, "location".
_OUTSIDE_DATA = b"\x0a\x08location"
_GRAPH, _TOKENIZER, _ENCODER_ARRAYS = "encoder.onnx", "tokenizer.json", "encoder.safetensors"
_WORDS = "words"
_DAMAGE = (KeyError, TypeError, ValueError, EOFError, gzip.BadGzipFile, zlib.error)


@dataclass(frozen=True)
class Golden:
    """A deal and the probabilities that the bundle gave it when it was written, [k]."""

    deal: Deal
    primary: tuple[float, ...]


@dataclass(frozen=True)
class Bundle:
    """A trained model, read and checked."""

    taxonomy: Taxonomy
    views: Views
    calibration: Calibration
    manifest: Mapping[str, Any]
    golden: tuple[Golden, ...] = ()

    @cached_property
    def labels(self) -> Labels:
        """The names of the outputs."""
        return labels_of(self.taxonomy)

    def read(self, deals: Sequence[Sequence[Passage]]) -> tuple[Probabilities, Seen]:
        """Return the calibrated probabilities of n deals, and what the views saw in them."""
        voices = [voices_of(passages) for passages in deals]
        seen = self.views(voices)
        likely = self.calibration.probabilities(seen.scores, self.labels, seen.truncated)
        wordless = np.array([not any(words_of(text) for _, text in deal) for deal in voices], bool)
        return likely.silence(wordless, self.labels), seen


def labels_of(taxonomy: Taxonomy) -> Labels:
    """Return the codes and sub-reasons of a taxonomy in the order of the heads' columns."""
    return Labels(tuple(taxonomy.codes), tuple(taxonomy.sub_reasons))


def default_path() -> Path:
    """Return the folder of the bundle that ships with lossnlp, installed or in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "models" / "default"
    return installed if installed.is_dir() else package.parent / "models" / "default"


def read_bundle(path: Path, threads: int | None = None) -> Bundle:
    """Read a bundle, checking every file against its manifest.

    ``threads`` are those of the encoder; by default the cores that this process may use.

    Raises
    ------
    BundleError
        If the folder is no bundle, a file is missing, changed or not in the manifest, or the
        bundle was written in a schema that this version does not read.
    """
    manifest = _read_manifest(path)
    schema = manifest.get("schema")
    if type(schema) is not int or not _OLDEST <= schema <= SCHEMA:
        raise BundleError(_wrong_schema(path, schema))
    return _parsed(manifest, _read_files(path, manifest), threads)


def _read_manifest(path: Path) -> dict[str, Any]:
    file = path / MANIFEST
    if not file.is_file():
        raise BundleError(
            f"{path} is no bundle: it has no {MANIFEST}; give the folder that train wrote"
        )
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BundleError(f"{file} is damaged ({error}); copy or train the bundle again") from error
    if not isinstance(manifest, dict):
        raise BundleError(f"{file} is damaged (not an object); copy or train the bundle again")
    return manifest


def _wrong_schema(path: Path, schema: object) -> str:
    if isinstance(schema, int) and schema > SCHEMA:
        return (
            f"{path} was written by a newer lossnlp (bundle schema {schema}, this version reads"
            f" up to {SCHEMA}); update lossnlp"
        )
    return f"{path} has the unknown bundle schema {schema!r}; train the bundle again"


def _read_files(path: Path, manifest: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the content of every file of a bundle, each checked against the manifest."""
    expected = manifest.get("files")
    if not isinstance(expected, dict):
        raise BundleError(f"{path / MANIFEST} lists no files; copy or train the bundle again")
    present = {
        file.relative_to(path).as_posix() for file in path.rglob("*") if not file.is_dir()
    } - {MANIFEST}
    for name in sorted(present - expected.keys()):
        raise BundleError(f"{path} holds {name}, which its manifest does not list; take it out")
    content = {}
    for name, digest in expected.items():
        if name not in present:
            raise BundleError(f"{path} lacks {name}; copy or train the bundle again")
        content[name] = (path / name).read_bytes()
        if hashlib.sha256(content[name]).hexdigest() != digest:
            raise BundleError(
                f"{path / name} was changed after training (its SHA-256 is not the manifest's);"
                " copy or train the bundle again"
            )
    return content


def _parsed(manifest: Mapping[str, Any], files: Mapping[str, bytes], threads: int | None) -> Bundle:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        taxonomy = Taxonomy.from_dict(json.loads(files[_TAXONOMY]))
        labels = labels_of(taxonomy)
        with ThreadPoolExecutor(1) as beside:  # decompressing the graph takes longest
            encoded = beside.submit(_encoder, files, labels, threads)
            arrays = load(_plain(files, _ARRAYS))
            features = LexicalFeatures(
                json.loads(files[_TERMS]), {block: arrays[f"idf.{block}"] for block in BLOCKS}
            )
            heads = {LEXICAL: _heads(labels, arrays, features.width)}
            encoder, more = encoded.result()
        golden = tuple(_golden(json.loads(line)) for line in files[GOLDEN].splitlines())
        calibration = Calibration.from_dict(manifest["calibration"])
    except (*_DAMAGE, SafetensorError) as error:
        raise BundleError(f"the bundle is damaged ({error!r}); train it again") from error
    views = Views(features, {**heads, **more}, arrays["pointer"].astype(np.float32), encoder)
    return Bundle(taxonomy, views, calibration, manifest, golden)


def _encoder(
    files: Mapping[str, bytes], labels: Labels, threads: int | None
) -> tuple[OnnxEncoder | None, dict[str, LinearHeads]]:
    """Return the encoder and its heads, if there is one."""
    from safetensors.numpy import load

    if _TOKENIZER not in files:
        return None, {}
    graph = _plain(files, _GRAPH)
    _refuse_outside_data(graph)
    arrays = load(files[_ENCODER_ARRAYS])
    encoder = OnnxEncoder(graph, files[_TOKENIZER], _words(arrays), threads)
    return encoder, {ENCODER: _heads(labels, arrays)}


def _plain(files: Mapping[str, bytes], name: str) -> bytes:
    """Return a file's content; compressed files end in ``.gz``, and there are none in schema 1."""
    compressed = files.get(f"{name}.gz")
    return files[name] if compressed is None else gzip.decompress(compressed)


def _compressed(content: bytes) -> bytes:
    return gzip.compress(content, compresslevel=6, mtime=0)  # no date: the same bytes again


def _heads(
    labels: Labels, arrays: Mapping[str, NDArray[np.floating]], depth: int | None = None
) -> LinearHeads:
    weights, bias = from_8_bits(arrays, "weights"), arrays["bias"]
    width = sum(labels.widths().values())
    if weights.shape != (depth or len(weights), width) or bias.shape != (width,):
        raise ValueError("the heads do not fit the features or the codes")
    return LinearHeads(labels, weights, bias)


def _refuse_outside_data(graph: bytes) -> None:
    """Refuse a graph whose tensors lie in other files: onnxruntime would open any path."""
    if _OUTSIDE_DATA in graph:
        raise ValueError("the encoder refers to files outside the bundle")


def _words(arrays: Mapping[str, NDArray[Any]]) -> Words | None:
    """Return the words that stand beside the graph; in schema 1 they are in it."""
    if _WORDS not in arrays:
        return None
    return Words(arrays[_WORDS], arrays[f"{_WORDS}.scale"])


def _golden(record: Mapping[str, Any]) -> Golden:
    snippets = tuple(Snippet(**snippet) for snippet in record["snippets"])
    return Golden(Deal(record["note"], snippets), tuple(record["primary"]))


def write_bundle(
    bundle: Bundle,
    out: Path,
    *,
    card: str,
    golden: Sequence[Deal],
    more: Mapping[str, bytes] = MappingProxyType({}),
) -> None:
    """Write a bundle: into a folder beside ``out`` first, which then takes its place.

    Parameters
    ----------
    bundle
        The model; its ``manifest`` holds ``name`` and what else is to be recorded.
    out
        The folder to write; a bundle that stands there is replaced.
    card
        The text of the model card.
    golden
        Deals whose probabilities are stored with the bundle and checked when it is loaded.
    more
        Further files, name → content, that the manifest is to vouch for.

    Raises
    ------
    InputError
        If ``out`` exists and is something else than a bundle, or cannot be written.
    """
    refuse_foreign(out)
    try:
        _write(bundle, out, golden, {**more, CARD: card.encode()})
    except OSError as error:
        raise InputError(
            f"{out} cannot be written ({error.strerror}); choose another --out"
        ) from error


def refuse_foreign(out: Path) -> None:
    """Raise InputError if there is something at ``out`` that a bundle must not replace."""
    if out.exists() and not (out / MANIFEST).is_file() and (out.is_file() or any(out.iterdir())):
        raise InputError(f"{out} exists and is no bundle; choose another --out or remove it")


def _write(bundle: Bundle, out: Path, golden: Sequence[Deal], more: Mapping[str, bytes]) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as scratch:
        fresh = Path(scratch) / "new"
        fresh.mkdir()
        files = {**_content(bundle), **more, GOLDEN: _golden_lines(bundle, golden)}
        for name, content in files.items():
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            (fresh / name).write_bytes(content)
        manifest = _manifest(bundle, files)
        (fresh / MANIFEST).write_text(_json(manifest, indent=2) + "\n", encoding="utf-8")
        if out.exists():
            out.rename(Path(scratch) / "old")
        fresh.rename(out)


def _content(bundle: Bundle) -> dict[str, bytes]:
    from safetensors.numpy import save

    views = bundle.views
    arrays: dict[str, NDArray[Any]] = {
        **in_8_bits("weights", views.heads[LEXICAL].weights),
        "bias": views.heads[LEXICAL].bias,
        "pointer": views.pointer.astype(np.float16),
        **{f"idf.{block}": idf for block, idf in views.features.idf.items()},
    }
    content = {
        _TAXONOMY: _json(bundle.taxonomy.to_dict(), indent=1).encode(),
        _TERMS: _json(views.features.terms).encode(),
        f"{_ARRAYS}.gz": _compressed(save(arrays)),
    }
    if views.encoder is not None:
        heads, words = views.heads[ENCODER], views.encoder.words
        content[f"{_GRAPH}.gz"] = _compressed(views.encoder.files["graph"])
        content[_TOKENIZER] = views.encoder.files["tokenizer"]
        arrays = {"weights": heads.weights, "bias": heads.bias}
        if words is not None:
            arrays |= {_WORDS: words.whole, f"{_WORDS}.scale": words.scale}
        content[_ENCODER_ARRAYS] = save(arrays)
    return content


def _manifest(bundle: Bundle, files: Mapping[str, bytes]) -> dict[str, Any]:
    manifest = {
        "schema": SCHEMA,
        **bundle.manifest,
        "taxonomy": {
            "name": bundle.taxonomy.name,
            "version": bundle.taxonomy.version,
            "digest": bundle.taxonomy.digest,
        },
        "calibration": bundle.calibration.to_dict(),
        "files": {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)},
    }
    # Speed is another one on each machine, and at each run.
    lasting = {name: value for name, value in manifest.items() if name != "rates"}
    digest = hashlib.sha256(_json(lasting).encode()).hexdigest()
    return {**manifest, "id": f"{bundle.manifest['name']}-{digest[:12]}"}


def _golden_lines(bundle: Bundle, deals: Sequence[Deal]) -> bytes:
    primary = bundle.read([passages_of(deal) for deal in deals])[0].primary
    lines = [
        _json(
            {
                "note": deal.note,
                "snippets": [{"speaker": s.speaker, "text": s.text} for s in deal.snippets],
                "primary": [round(float(p), 6) for p in row],
            }
        )
        for deal, row in zip(deals, primary, strict=True)
    ]
    return "\n".join(lines).encode()


def _json(data: object, indent: int | None = None) -> str:
    return json.dumps(data, ensure_ascii=False, sort_keys=True, indent=indent)
