"""Runs that are cut short: by SIGKILL at random moments, by a full disk, by changed files."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest
from scoring_kit import bundle, records, score, write_csv, write_jsonl, write_parquet

from lossnlp import InputError

if sys.platform == "win32":
    pytest.skip("SIGKILL and file size limits are POSIX", allow_module_level=True)

ROWS = 480

#: Small blocks and parts, so that a short run has many moments at which it can be killed.
_RUN = """
import sys
from lossnlp.scoring import _targets, _text_files, score
_text_files.BLOCK_ROWS = 16
_targets.PART_ROWS = 32
if __name__ == "__main__":
    try:
        source, target, model, workers = sys.argv[1:5]
        score(source, target, model=model, workers=int(workers), resume="--resume" in sys.argv)
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {error}")
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "run.py"
    path.write_text(_RUN)
    return path


def start(
    script: Path, source: Path, target: Path, workers: int = 1, *more: str
) -> subprocess.Popen[str]:
    command = [sys.executable, *map(str, (script, source, target, bundle(), workers, *more))]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def run(script: Path, source: Path, target: Path, *more: str) -> str:
    process = start(script, source, target, 1, *more)
    _, said = process.communicate(timeout=120)
    return said if process.returncode else ""


def wait_for_parts(process: subprocess.Popen[str], folder: Path, n: int) -> None:
    deadline = time.monotonic() + 120
    while len(list(folder.glob("part-*"))) < n and process.poll() is None:
        assert time.monotonic() < deadline, "no part was written"
        time.sleep(0.01)


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.parametrize("ending", ["parquet", "jsonl", "csv"])
def test_killed_at_random_moments(tmp_path: Path, script: Path, ending: str) -> None:
    rows = [{**row, "note": f"{row['note']} {i}"} for i, row in enumerate(records(ROWS))]
    source = tmp_path / f"in.{ending}"
    if ending == "parquet":
        write_parquet(source, ROWS, group=50)
    else:
        (write_csv if ending == "csv" else write_jsonl)(source, rows)
    whole, cut = tmp_path / f"whole.{ending}", tmp_path / f"cut.{ending}"
    assert run(script, source, whole) == ""
    moments = random.Random(ending)
    killed = 0
    for _ in range(3):
        process = start(script, source, cut, 1, "--resume")
        done = len(list(tmp_path.glob("cut*.parts/part-*")))
        wait_for_parts(process, tmp_path / f"cut.{ending}.parts", done + 1 + moments.randrange(4))
        time.sleep(moments.random() / 20)
        killed += process.poll() is None
        kill(process)
    assert killed > 0
    assert run(script, source, cut, "--resume") == ""
    assert cut.read_bytes() == whole.read_bytes()
    assert not (tmp_path / f"cut.{ending}.parts").exists()


def test_workers_end_with_their_parent(tmp_path: Path, script: Path) -> None:
    source, target = write_parquet(tmp_path / "in.parquet", ROWS), tmp_path / "out.parquet"
    process = start(script, source, target, 2)
    wait_for_parts(process, tmp_path / "out.parquet.parts", 1)
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 2
    kill(process)
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []
    assert run(script, source, target, "--resume") == ""
    assert pq.read_metadata(target).num_rows == ROWS


@pytest.fixture
def cut_short(tmp_path: Path) -> tuple[Path, Path]:
    """Return a source, and the target of a run over it that stopped after its first parts."""
    source, target = write_parquet(tmp_path / "in.parquet", 30, group=10), tmp_path / "out.parquet"
    stopped = 0

    def stop(rows: int, _of: int | None, _share: float | None) -> None:
        nonlocal stopped
        stopped = rows
        if rows == 20:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lossnlp.scoring._targets.PART_ROWS", 10)
        with pytest.raises(KeyboardInterrupt):
            score(source, target, progress=stop)
    assert stopped == 20
    return source, target


def manifest_of(target: Path) -> Path:
    return target.with_name(target.name + ".parts") / "_manifest.jsonl"


def test_resume_takes_what_is_done(cut_short: tuple[Path, Path]) -> None:
    source, target = cut_short
    assert len(manifest_of(target).read_text().splitlines()) == 3  # what was asked, two parts
    summary = score(source, target, resume=True)
    assert (summary.rows, summary.resumed) == (30, 20)
    assert pq.read_table(target)["id"].to_pylist() == [f"{i:05}" for i in range(30)]
    again = score(source, target, resume=True)
    assert (again.rows, again.resumed) == (30, 30)


def test_unfinished_work_is_not_overwritten(cut_short: tuple[Path, Path]) -> None:
    source, target = cut_short
    with pytest.raises(InputError, match="holds an unfinished run; add --resume"):
        score(source, target)


def test_resume_refuses_another_question(cut_short: tuple[Path, Path], tmp_path: Path) -> None:
    source, target = cut_short
    with pytest.raises(InputError, match="begun with another prefix"):
        score(source, target, resume=True, prefix="new_")
    write_parquet(source, 31, group=10)
    with pytest.raises(InputError, match="begun with another input"):
        score(source, target, resume=True)


def test_a_torn_manifest_and_damaged_parts_are_made_anew(cut_short: tuple[Path, Path]) -> None:
    source, target = cut_short
    manifest = manifest_of(target)
    second = manifest.parent / "part-000001.parquet"
    second.write_bytes(second.read_bytes()[:-1] + b"\0")
    manifest.write_text(manifest.read_text() + '{"name": "part-0000')
    summary = score(source, target, resume=True)
    assert (summary.rows, summary.resumed) == (30, 10)
    assert pq.read_table(target)["id"].to_pylist() == [f"{i:05}" for i in range(30)]


def test_two_runs_at_once(cut_short: tuple[Path, Path]) -> None:
    source, target = cut_short

    def meanwhile(*_: object) -> None:
        with pytest.raises(InputError, match="another run of score is at work here"):
            score(source, target, resume=True)

    score(source, target, resume=True, progress=meanwhile)
    assert pq.read_metadata(target).num_rows == 30


def test_an_old_result_stays_until_the_new_one_is_whole(tmp_path: Path, script: Path) -> None:
    source, target = write_parquet(tmp_path / "in.parquet", 200), tmp_path / "out.parquet"
    target.write_text("the old result")
    process = start(script, source, target)
    wait_for_parts(process, tmp_path / "out.parquet.parts", 1)
    assert target.read_text() == "the old result"
    kill(process)
    assert target.read_text() == "the old result"


#: Fills the disk, as far as the process can tell, once everything that it needs is loaded.
_FULL = """
import resource, sys
from lossnlp import LossnlpError, score
source, target, model, spare = sys.argv[1:]
score(source, spare, model=model)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    score(source, target, model=model)
except LossnlpError as error:
    sys.exit(str(error))
"""


def test_a_full_disk(tmp_path: Path) -> None:
    source, target = write_parquet(tmp_path / "in.parquet", 100), tmp_path / "out.parquet"
    arguments = (source, target, bundle(), tmp_path / "spare.parquet")
    full = subprocess.run(
        [sys.executable, "-c", _FULL, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert full.returncode == 1
    assert "part-000000.parquet: cannot be written (File too large)" in full.stderr
    assert "go on with --resume" in full.stderr
    assert not target.exists()
    assert list(tmp_path.glob("out.parquet.parts/part-*")) == []
    score(source, target, resume=True)
    assert pq.read_table(target).equals(pq.read_table(tmp_path / "spare.parquet"))


def test_the_marker_tells_what_was_done(tmp_path: Path) -> None:
    summary = score(write_parquet(tmp_path / "in.parquet", 5), tmp_path / "out.parquet")
    facts = json.loads((tmp_path / "out.parquet.score.json").read_text())
    assert facts["rows"] == 5
    assert facts["model"] == summary.model
    assert len(facts["input"]) == 64
