"""Every command and every piece of Python in the README is run as it stands there."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
_BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.M | re.S)
COMMANDS = [
    line
    for language, block in _BLOCKS
    if language == "sh"
    for line in block.splitlines()
    if line.startswith("lossnlp ") and not line.startswith("lossnlp serve")
]
PYTHON = [block for language, block in _BLOCKS if language == "python"]
#: ``doctor`` exits with 1 where it finds faults: the example export has footer lines.
MAY_WARN = {"doctor"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_command_of_the_readme_runs(command: str, checkout: Path):
    words = shlex.split(command)
    done = subprocess.run(
        [sys.executable, "-m", "lossnlp", *words[1:]],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    allowed = {0, 1} if words[1] in MAY_WARN else {0}
    assert done.returncode in allowed, done.stderr
    if "--out" in words:
        assert any((checkout / words[words.index("--out") + 1]).iterdir())


@pytest.mark.parametrize("code", PYTHON)
def test_python_of_the_readme_runs(code: str, checkout: Path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_links_of_the_readme_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (ROOT / target).exists(), target
