"""A bundle is believed only if it is whole, unchanged, of a known schema, and reads as it did."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil

import pytest
from model_kit import ROOT, small, small_folder

from lossnlp import BundleError, InputError, load

FILES = ["README.md", "golden.jsonl", "lexical.json", "lexical.safetensors.gz", "taxonomy.json"]


@pytest.fixture
def bundle(tmp_path):
    return shutil.copytree(small_folder(), tmp_path / "bundle")


def edit_manifest(bundle, **changes):
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    manifest.update(changes)
    (bundle / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return manifest


def test_the_bundle_holds_no_code():
    assert sorted(file.name for file in small_folder().iterdir()) == sorted(
        [*FILES, "manifest.json"]
    )


@pytest.mark.parametrize("name", FILES)
def test_one_changed_byte_is_found(bundle, name):
    content = bytearray((bundle / name).read_bytes())
    content[len(content) // 2] ^= 1
    (bundle / name).write_bytes(content)
    with pytest.raises(BundleError, match=f"{name}.*was changed"):
        load(bundle)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(bundle, name):
    (bundle / name).unlink()
    with pytest.raises(BundleError, match=f"lacks {name}"):
        load(bundle)


def test_a_file_that_does_not_belong_is_named(bundle):
    (bundle / "extra.pkl").write_bytes(b"x")
    with pytest.raises(BundleError, match=r"extra\.pkl"):
        load(bundle)


@pytest.mark.parametrize("name", ["../outside.json", "/etc/hostname"])
def test_a_manifest_cannot_name_files_outside(bundle, name):
    (bundle.parent / "outside.json").write_text("{}", encoding="utf-8")
    edit_manifest(bundle, files={name: hashlib.sha256(b"{}").hexdigest()})
    with pytest.raises(BundleError):
        load(bundle)


def test_a_bundle_of_the_schema_before_reads_as_it_did():
    """Written by the version before: weights in 16 bits, the encoder's words in its graph."""
    old = load(ROOT / "tests" / "data" / "bundle_schema_1")
    assert old.manifest["schema"] == 1
    assert old.suggest("they took Workday").reasons[0].code in old.taxonomy.codes


def test_a_newer_schema_asks_for_an_update(bundle):
    edit_manifest(bundle, schema=99)
    with pytest.raises(BundleError, match=r"newer lossnlp \(bundle schema 99.*update lossnlp"):
        load(bundle)


@pytest.mark.parametrize("schema", [0, "1", None, True])
def test_an_unknown_schema_is_refused(bundle, schema):
    edit_manifest(bundle, schema=schema)
    with pytest.raises(BundleError, match="schema"):
        load(bundle)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"schema": 1}'])
def test_a_damaged_manifest_is_one_error(bundle, content):
    (bundle / "manifest.json").write_bytes(content)
    with pytest.raises(BundleError):
        load(bundle)


def put(bundle, name, content):
    """Replace a file of a bundle, and let the manifest vouch for it."""
    (bundle / name).write_bytes(content)
    files = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))["files"]
    edit_manifest(bundle, files={**files, name: hashlib.sha256(content).hexdigest()})


def test_an_encoder_that_points_outside_is_refused(tmp_path):
    from lossnlp.model import default_path

    bundle = shutil.copytree(default_path(), tmp_path / "bundle")
    graph = gzip.decompress((bundle / "encoder.onnx.gz").read_bytes())
    put(bundle, "encoder.onnx.gz", gzip.compress(graph + b"\x0a\x08location\x12\x0b/etc/passwd"))
    with pytest.raises(BundleError, match="outside the bundle"):
        load(bundle)


def test_words_that_are_not_the_tokenizers_are_refused(tmp_path):
    from safetensors.numpy import load_file, save

    from lossnlp.model import default_path

    bundle = shutil.copytree(default_path(), tmp_path / "bundle")
    arrays = load_file(bundle / "encoder.safetensors")
    put(bundle, "encoder.safetensors", save({**arrays, "words": arrays["words"][:-1]}))
    with pytest.raises(BundleError, match="do not fit its tokenizer"):
        load(bundle)


@pytest.mark.parametrize("content", [b"", b"no gzip", gzip.compress(b"cut short")[:-9]])
def test_a_file_that_cannot_be_decompressed_is_one_error(bundle, content):
    put(bundle, "lexical.safetensors.gz", content)
    with pytest.raises(BundleError, match="damaged"):
        load(bundle)


def test_parts_of_another_bundle_do_not_fit(bundle):
    from lossnlp.model import default_path

    for name in ("lexical.json", "lexical.safetensors.gz"):
        put(bundle, name, (default_path() / name).read_bytes())
        if name == "lexical.json":
            with pytest.raises(BundleError, match="do not fit"):
                load(bundle)
    with pytest.raises(BundleError, match="golden notes"):
        load(bundle)


def test_no_bundle_there(tmp_path):
    with pytest.raises(BundleError, match="no bundle"):
        load(tmp_path)
    with pytest.raises(BundleError, match="no bundle"):
        load(tmp_path / "nowhere")


def test_a_bundle_that_reads_otherwise_than_when_trained_is_refused(bundle):
    """A forged digest is not enough: the golden notes must come out as they did."""
    lines = (bundle / "golden.jsonl").read_text(encoding="utf-8").splitlines()
    first = json.loads(lines[0])
    first["primary"] = first["primary"][::-1]
    put(bundle, "golden.jsonl", "\n".join([json.dumps(first), *lines[1:]]).encode())
    with pytest.raises(BundleError, match="golden notes"):
        load(bundle)


def test_writing_replaces_a_bundle_and_nothing_else(bundle):
    (bundle / "left-over.txt").write_text("x", encoding="utf-8")
    small().write(bundle)
    assert load(bundle).id == load(small_folder()).id
    assert [path.name for path in bundle.parent.iterdir()] == [bundle.name]


def test_a_folder_with_other_things_is_not_overwritten(tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="no bundle"):
        small().write(tmp_path)
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_a_place_that_cannot_be_written_is_one_error(tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be written"):
        small().write(tmp_path / "file" / "bundle")


def test_the_id_names_the_content(tmp_path):
    small().write(tmp_path / "again")
    assert load(tmp_path / "again").id == load(small_folder()).id
    assert load(tmp_path / "again").id.startswith("small-")


def test_the_shipped_bundle_is_small_enough_and_says_how_good_it_is():
    from lossnlp.model import default_path

    sizes = {file.name: file.stat().st_size for file in default_path().iterdir()}
    assert max(sizes.values()) < 50e6
    assert sum(sizes.values()) < 75e6
    manifest = load().manifest
    assert {"accuracy", "macro_f1", "calibration_error"} <= set(manifest["metrics"]["overall"])
    assert len(manifest["data"]["digest"]) == 64
    card = (default_path() / "README.md").read_text(encoding="utf-8")
    assert f"{manifest['metrics']['overall']['accuracy']['value']:.3f}" in card
