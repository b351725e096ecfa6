"""What a user imports and calls first: the public names, a quick import, help for each command."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

import lossnlp
from lossnlp.cli import app

HEAVY = ("numpy", "pandas", "scipy", "sklearn", "spacy", "onnxruntime", "fastapi", "matplotlib")
COMMANDS = ("audit", "suggest", "score", "doctor", "taxonomy", "train", "evaluate", "serve")


def test_public_names_are_sorted_and_importable():
    assert lossnlp.__all__ == sorted(lossnlp.__all__)
    for name in lossnlp.__all__:
        assert getattr(lossnlp, name).__module__.startswith("lossnlp"), name


def test_audit_is_the_function_whatever_was_imported_before():
    code = "import lossnlp.audit, lossnlp; lossnlp.AuditResult; assert callable(lossnlp.audit)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = lossnlp.nothing


@pytest.mark.parametrize("module", ["lossnlp", "lossnlp.cli", "lossnlp.deals", "lossnlp.taxonomy"])
def test_import_loads_nothing_heavy(module: str):
    code = f"import sys, json, {module}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert not loaded & set(HEAVY)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str):
    done = CliRunner().invoke(app, [command, "--help"])
    assert done.exit_code == 0
    assert "Example" in done.stdout or command == "taxonomy"


def test_help_names_every_command():
    done = CliRunner().invoke(app, ["--help"])
    assert all(command in done.stdout for command in COMMANDS)


def test_bad_input_is_one_line_and_exit_code_2():
    done = subprocess.run(
        [sys.executable, "-m", "lossnlp", "audit", "no-such.csv", "--out", "nowhere"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("lossnlp: ")
    assert "no-such.csv" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
