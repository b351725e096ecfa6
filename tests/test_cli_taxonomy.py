"""``lossnlp taxonomy``: what a user types and sees."""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from lossnlp.cli import main
from lossnlp.taxonomy import Crosswalk, Taxonomy

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
NEEDS_BUNDLE = not (ROOT / "models" / "default" / "manifest.json").exists()


class Shell:
    """Runs a command in this process; keeps what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: object) -> int:
        with pytest.raises(SystemExit) as caught:
            main(["taxonomy", *map(str, words)])
        self.out, self.err = self._capsys.readouterr()
        return int(caught.value.code or 0)


@pytest.fixture
def lossnlp(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A user's own taxonomy: the default with one code renamed."""
    path = tmp_path / "mine.yaml"
    text = Taxonomy.default().to_yaml()
    text = text.replace("code: unresponsive", "code: silence\n  replaces: [unresponsive]")
    path.write_text(text.replace("name: lossnlp", "name: mine"), encoding="utf-8")
    return path


def export(folder: Path, *labels: str) -> Path:
    rows = [f'{number},"{label}",note {number}' for number, label in enumerate(labels)]
    path = folder / "deals.csv"
    path.write_text("\n".join(["id,Loss Reason,Notes", *rows]) + "\n", encoding="utf-8")
    return path


def test_show_lists_every_code_under_its_group(lossnlp: Shell) -> None:
    assert lossnlp("show") == 0
    for code in Taxonomy.default().codes:
        assert f"\n  {code} " in lossnlp.out
    assert "16 codes, 46 sub-reasons" in lossnlp.out
    assert lossnlp.out.index("Money") < lossnlp.out.index("  price ")


def test_show_one_code_in_full(lossnlp: Shell) -> None:
    assert lossnlp("show", "--code", "invalid_record") == 0
    reason = Taxonomy.default().reason("invalid_record")
    for text in (reason.definition, reason.question, "duplicate:", "never", "Administrative"):
        assert text in lossnlp.out


def test_show_yaml_is_a_taxonomy_file(lossnlp: Shell, tmp_path: Path) -> None:
    assert lossnlp("show", "--yaml") == 0
    (tmp_path / "copy.yaml").write_text(lossnlp.out, encoding="utf-8")
    assert Taxonomy.read(tmp_path / "copy.yaml") == Taxonomy.default()


def test_show_a_users_own(lossnlp: Shell, mine: Path) -> None:
    assert lossnlp("show", mine) == 0
    assert "mine 1.0" in lossnlp.out
    assert "silence" in lossnlp.out


def test_validate_says_what_is_there(lossnlp: Shell, mine: Path) -> None:
    assert lossnlp("validate", mine) == 0
    assert f"{mine}: valid. mine 1.0: 16 codes" in lossnlp.out


def test_validate_checks_a_crosswalk_against_the_taxonomy(lossnlp: Shell, mine: Path) -> None:
    default = ROOT / "lossnlp" / "taxonomy" / "default.yaml"
    assert lossnlp("validate", default, "--crosswalk", EXAMPLES / "crosswalk.yaml") == 0
    assert "crosswalk.yaml: valid. 12 values" in lossnlp.out
    assert lossnlp("validate", mine, "--crosswalk", EXAMPLES / "crosswalk.yaml") == 2
    assert "field values[5].codes[0]: no code 'unresponsive' in the taxonomy" in lossnlp.err


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["show", "--code", "prise"], "did you mean 'price'?"),
        (["show", "none.yaml"], "none.yaml: no such file"),
        (["validate", "none.yaml"], "none.yaml: no such file"),
        (["diff", "default", "none.yaml"], "none.yaml: no such file"),
        (["map", "none.csv"], "none.csv"),
        (["map", str(EXAMPLES / "closed_lost_fy26_hubspot.csv"), "--label", "Why"], "Why"),
        (["map", str(EXAMPLES / "closed_lost_fy26_hubspot.csv"), "--label", "Closed Lost Notes"],
         "different values, which is free text"),
    ],
)  # fmt: skip
def test_bad_input_ends_with_one_line_and_exit_2(
    lossnlp: Shell, words: list[str], error: str
) -> None:
    assert lossnlp(*words) == 2
    assert lossnlp.err.startswith("lossnlp: ")
    assert lossnlp.err.count("\n") == 1
    assert error in lossnlp.err


def test_diff_names_the_rename_and_writes_the_crosswalk(
    lossnlp: Shell, mine: Path, tmp_path: Path
) -> None:
    out = tmp_path / "old-to-new.yaml"
    assert lossnlp("diff", "default", mine, "--out", out) == 0
    assert "renamed  unresponsive → silence (silence replaces unresponsive)\n" in lossnlp.out
    assert "(?)" not in lossnlp.out
    crosswalk = Crosswalk.read(out, Taxonomy.read(mine))
    assert crosswalk.supports("unresponsive", "silence")
    assert crosswalk.supports("price", "price")


def test_diff_marks_what_it_infers(lossnlp: Shell, mine: Path) -> None:
    text = mine.read_text("utf-8").replace("  replaces: [unresponsive]\n", "")
    mine.write_text(text, encoding="utf-8")
    assert lossnlp("diff", "default", mine) == 0
    assert "renamed  unresponsive → silence" in lossnlp.out
    assert "(?) inferred" in lossnlp.out


def test_diff_of_equals(lossnlp: Shell) -> None:
    assert lossnlp("diff", "default", "default") == 0
    assert lossnlp.out == "no change of meaning\n"


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_map_proposes_what_the_company_means(lossnlp: Shell, tmp_path: Path, crm: str) -> None:
    out = tmp_path / "crosswalk.yaml"
    assert lossnlp("map", EXAMPLES / f"closed_lost_fy26_{crm}.csv", "--out", out) == 0
    taxonomy = Taxonomy.default()
    meant = Crosswalk.read(EXAMPLES / "crosswalk.yaml", taxonomy)
    assert set(Crosswalk.read(out, taxonomy).entries) == set(meant.entries)
    assert 'label: "Closed Lost Reason"' in lossnlp.err
    assert "check  No Decision: also stands for authority" in lossnlp.err
    assert "88  Other → in_house_build" in lossnlp.out


def test_map_without_out_prints_only_the_file(lossnlp: Shell, tmp_path: Path) -> None:
    assert lossnlp("map", export(tmp_path, "Price", "price", "Timing;Price")) == 0
    (tmp_path / "crosswalk.yaml").write_text(lossnlp.out, encoding="utf-8")
    read = Crosswalk.read(tmp_path / "crosswalk.yaml", Taxonomy.default())
    assert [entry.value for entry in read.entries] == ["Price", "Timing", "price"]
    assert "no value stands for: competitor, " in lossnlp.err


def test_map_to_a_users_own_taxonomy(lossnlp: Shell, mine: Path, tmp_path: Path) -> None:
    assert lossnlp("map", export(tmp_path, "Ghosted"), "--taxonomy", mine) == 0
    assert "codes: [silence]" in lossnlp.out


def test_map_never_overwrites_an_edited_crosswalk(lossnlp: Shell, tmp_path: Path) -> None:
    out = tmp_path / "crosswalk.yaml"
    out.write_text("edited by hand\n", encoding="utf-8")
    assert lossnlp("map", export(tmp_path, "Price"), "--out", out) == 2
    assert "is there already" in lossnlp.err
    assert out.read_text("utf-8") == "edited by hand\n"


def test_map_with_a_folder_that_is_no_bundle(lossnlp: Shell, tmp_path: Path) -> None:
    assert lossnlp("map", export(tmp_path, "Price"), "--model", tmp_path) == 2
    assert str(tmp_path) in lossnlp.err


@pytest.mark.skipif(
    NEEDS_BUNDLE and os.environ.get("CI") != "true", reason="no bundle in models/default"
)
def test_map_lets_the_model_read_what_no_wording_explains(lossnlp: Shell, tmp_path: Path) -> None:
    value = "The customer's money was frozen by the finance team"
    assert lossnlp("map", export(tmp_path, value, "Price")) == 0
    assert f"check  {value}: the model reads budget with probability" in lossnlp.err
    assert "codes: [budget" in lossnlp.out


def test_the_command_starts_without_heavy_libraries() -> None:
    code = (
        "import sys, lossnlp.cli._taxonomy; "
        "print([m for m in ('numpy', 'pandas', 'sklearn', 'spacy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_holds_an_example_for_each_command(lossnlp: Shell) -> None:
    for command in ("show", "validate", "diff", "map"):
        assert lossnlp(command, "--help") == 0
        assert f"lossnlp taxonomy {command}" in lossnlp.out


@pytest.mark.parametrize("guide", ["taxonomy.md", "crosswalk.md"])
def test_the_guides_show_what_the_commands_print(
    guide: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "examples").symlink_to(EXAMPLES)
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / guide).read_text("utf-8")
    for kind, body in re.findall(r"```(yaml|console)\n(.*?)```", text, re.DOTALL):
        if kind == "yaml":
            Path(body.split()[1]).write_text(body, encoding="utf-8")
        else:
            commands = [line[2:] for line in body.splitlines() if line.startswith("$ ")]
            assert body == "".join(f"$ {each}\n{_printed(each)}" for each in commands)


def _printed(command: str) -> str:
    """Run a guide's command and return all that a terminal would show."""
    words, _, target = command.partition(" > ")
    screen = io.StringIO()
    with redirect_stdout(screen), redirect_stderr(screen), pytest.raises(SystemExit):
        main(shlex.split(words)[1:])
    if not target:
        return screen.getvalue()
    Path(target).write_text(screen.getvalue(), encoding="utf-8")
    return ""
