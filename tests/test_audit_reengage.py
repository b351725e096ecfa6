"""reengage.csv: whom the audit says to call back."""

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from lossnlp import audit

NOTES = {
    "price": "=went with Workday, half the price, call Dr. Obi again in June 2026",
    "budget": "budget frozen, no money until next fiscal year",
    "copy": "duplicate of another opportunity, created twice",
    "soon": "CFO paused all spend, come back in 3 months",
}


@pytest.fixture(scope="module")
def deals():
    return pd.DataFrame(
        {
            "id": list(NOTES),
            "note": list(NOTES.values()),
            "label": ["Price", "No Budget", "Duplicate", "No Budget"],
            "account": ["@Acme", "Bolt", "Coil", "Dune"],
            "owner": ["Kim Lee", None, "Kim Lee", "Ana Ruiz"],
            "close_date": [dt.date(2025, 10, 15)] * 4,
        }
    )


def written(result, folder: Path) -> pd.DataFrame:
    result.write(folder)
    return pd.read_csv(folder / "reengage.csv", dtype=str, keep_default_na=False)


def test_whom_to_call_back_stands_earliest_first(model, deals, tmp_path):
    table = written(audit(deals, model), tmp_path)
    first = ["account", "owner", "date", "reason", "opening_line"]
    assert list(table.columns[:5]) == first
    assert list(table["date"]) == sorted(table["date"])
    by_id = table.set_index("id")
    assert by_id.loc["price", "date"].startswith("2026-0")
    assert by_id.loc["soon", "date"] == "2026-01-15"
    assert by_id.loc["soon", "owner"] == "Ana Ruiz"
    assert "in 3 months" in by_id.loc["soon", "opening_line"]


def test_what_is_never_recyclable_is_not_called_back(model, deals, tmp_path):
    result = audit(deals, model)
    table = written(result, tmp_path)
    never = set(result.deals.loc[result.deals["recyclable"] == "never", "id"])
    assert "copy" in never
    assert not never & set(table["id"])


def test_no_cell_starts_a_formula(model, deals, tmp_path):
    table = written(audit(deals, model), tmp_path)
    assert "'@Acme" in set(table["account"])
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in table.to_numpy().ravel())


def test_redacted_lines_name_nobody(model, deals, tmp_path):
    deals = deals.assign(note=deals["note"] + ". Dr. Obi said: call me in 5 months")
    table = written(audit(deals, model, redact=True), tmp_path)
    assert len(table)
    assert "Obi" not in (tmp_path / "reengage.csv").read_text(encoding="utf-8")


def test_the_report_lists_the_next_ones(model, deals, tmp_path):
    audit(deals, model).write(tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "The next to come back to" in page
    assert "@Acme" in page
