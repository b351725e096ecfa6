"""What an audit leaves on disk: whole files or none, safe cells, every deal read once."""

import errno
import os
import resource
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lossnlp import InputError, audit
from lossnlp.cli import main
from lossnlp.deals import deals_of
from lossnlp.model import LossModel

NOTES = [
    "=HYPERLINK(0) they went with Workday, half the price",
    "@finance froze the budget until next year",
    "-30% cheaper at Workday, so they signed there",
]


def frame(rows=30, **columns):
    table = {
        "id": [f"={k}" for k in range(rows)],
        "note": [NOTES[k % 3] for k in range(rows)],
        "label": ["Timing"] * rows,
        "owner": ["+Ann"] * rows,
        "account": ["=cmd|' /C calc'!A0"] * rows,
        "amount": [-5.0] * rows,
    }
    return pd.DataFrame({**table, **columns})


@pytest.fixture(scope="module")
def result(model, crosswalk):
    return audit(frame(), model, crosswalk=crosswalk, sample=10)


def read(path):
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def test_no_text_of_the_deals_starts_a_formula(result, tmp_path):
    result.write(tmp_path)
    findings, sample = read(tmp_path / "findings.csv"), read(tmp_path / "sample.csv")
    assert len(findings) > 20
    assert findings["evidence"].str.startswith("'").any()
    texts = pd.concat([findings[["evidence", "finding", "ask", "owner", "account"]].stack(),
                       sample[["note", "snippets", "reviewer"]].stack()])  # fmt: skip
    assert not texts.str.match(r"[=+\-@\t\r\n]").any()
    assert set(sample["note"]) <= {f"'{note}" for note in NOTES}
    assert set(findings["owner"]) == {"'+Ann"}
    assert set(findings["amount"]) == {"-5.0"}


def test_what_the_crm_matches_on_stays_as_given(result, tmp_path):
    result.write(tmp_path)
    for name, column in (("findings", "id"), ("sample", "id"), ("changes", "Id"), ("undo", "Id")):
        ids = set(read(tmp_path / f"{name}.csv")[column])
        assert ids
        assert ids <= {f"={k}" for k in range(30)}, name


def test_decisions_on_guarded_cells_come_back(result, model, crosswalk, tmp_path):
    result.write(tmp_path)
    sample = read(tmp_path / "sample.csv").assign(reason="competitor", reviewer="=ann")
    sample.to_csv(tmp_path / "decided.csv", index=False)
    again = audit(
        frame(), model, crosswalk=crosswalk, decisions=tmp_path / "decided.csv", sample=10
    )
    assert again.summary["decisions"]["of_the_sample"] == 10
    again.write(tmp_path)
    assert set(read(tmp_path / "sample.csv")["reviewer"]) == {"'=ann"}


def contents(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


@contextmanager
def room_for(size):
    """Refuse, as a full disk does, to let any file grow beyond a size."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [10, 5_000, 30_000])
def test_a_full_disk_leaves_the_earlier_report(result, model, crosswalk, tmp_path, size):
    audit(frame(), model, crosswalk=crosswalk, order="id").write(tmp_path)
    before = contents(tmp_path)
    with room_for(size), pytest.raises(InputError, match=r"cannot be written \(.*too large"):
        result.write(tmp_path)
    assert contents(tmp_path) == before
    result.write(tmp_path)
    assert contents(tmp_path) != before


@pytest.mark.parametrize("name", ["findings.csv", "undo.csv", "report.html"])
def test_a_place_that_one_file_cannot_take_keeps_them_all(result, tmp_path, monkeypatch, name):
    (tmp_path / "summary.json").write_text("earlier")
    real = Path.replace

    def replace(path, target):
        if Path(target) == tmp_path / name and path.parent.name != "before":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(InputError, match="no space left on device"):
        result.write(tmp_path)
    assert contents(tmp_path) == {"summary.json": b"earlier"}


def test_the_command_ends_with_one_line_and_2(tmp_path, capsys, monkeypatch, model):
    monkeypatch.setattr("lossnlp.model.load", lambda _: model)
    frame().to_csv(tmp_path / "deals.csv", index=False)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.html").write_text("earlier")
    with room_for(5_000), pytest.raises(SystemExit) as end:
        main(["audit", str(tmp_path / "deals.csv"), "--out", str(tmp_path / "out")])
    assert end.value.code == 2
    said = [line for line in capsys.readouterr().err.splitlines() if "Traceback" not in line]
    assert sum(line.startswith("lossnlp: ") for line in said) == 1
    assert said[-1].endswith("give another --out or make room there")
    assert contents(tmp_path / "out") == {"report.html": b"earlier"}


def test_equal_deals_are_read_once(model, crosswalk, monkeypatch):
    seen = []

    def reading(self, deals):
        seen.extend(deals)
        return real(self, deals)

    real = LossModel.reading
    monkeypatch.setattr(LossModel, "reading", reading)
    said = []
    result = audit(
        frame(900),
        model,
        crosswalk=crosswalk,
        progress=lambda done, total: said.append((done, total)),
    )
    assert len(seen) == 3
    assert said == [(900, 900)]
    alone = model.probabilities(deals_of(frame(3))).primary.max(axis=1)
    assert np.allclose(result.deals["probability"], np.tile(alone, 300), atol=1e-4)
