"""What changed between two runs, with intervals."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from statsmodels.stats.proportion import proportion_confint

from lossnlp import InputError
from lossnlp.scoring import compare


def write(path: Path, ids: list[str], codes: list[str], **more: list[str]) -> Path:
    pq.write_table(pa.table({"id": ids, "reason": codes, **more}), path)
    return path


IDS = [str(i) for i in range(100)]
OLD = ["price"] * 60 + ["budget"] * 40
NEW = ["price"] * 50 + ["timing"] * 10 + ["price"] * 5 + ["budget"] * 35


def test_by_column(tmp_path: Path) -> None:
    scored = write(tmp_path / "new.parquet", IDS, NEW, before=OLD)
    found = compare(scored, "before")
    assert (found.deals, found.moved) == (100, 15)
    assert found.moves == {("price", "timing"): 10, ("budget", "price"): 5}
    low, high = proportion_confint(15, 100, method="wilson")
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-6)
    codes = {change.code: change for change in found.codes}
    price = codes["price"]
    assert (price.before, price.after, price.left, price.joined) == (60, 55, 10, 5)
    assert price.change == pytest.approx(-0.05)
    assert price.low < -0.05 < price.high
    assert found.codes[0].code == "timing"


def test_the_interval_is_that_of_agresti_and_min(tmp_path: Path) -> None:
    scored = write(tmp_path / "new.parquet", IDS, NEW, before=OLD)
    price = next(c for c in compare(scored, "before").codes if c.code == "price")
    # By hand: 10 left, 5 joined; cells 10.5 and 5.5 of 102.
    middle = (5.5 - 10.5) / 102
    half = 1.959964 * ((10.5 + 5.5) / 102**2 - (5.5 - 10.5) ** 2 / 102**3) ** 0.5
    assert (price.low, price.high) == pytest.approx((middle - half, middle + half))


def test_the_interval_covers(tmp_path: Path) -> None:
    """Deals drawn from a known change hold it in their interval about 95 times in 100."""
    import numpy as np

    draw = np.random.default_rng(5)
    cells = ["price price", "price timing", "timing price", "timing timing"]
    hits = 0
    for _ in range(150):
        pairs = [pair.split() for pair in draw.choice(cells, 80, p=[0.4, 0.12, 0.04, 0.44])]
        scored = write(
            tmp_path / "new.parquet",
            IDS[:80],
            [new for _, new in pairs],
            before=[old for old, _ in pairs],
        )
        price = next(c for c in compare(scored, "before").codes if c.code == "price")
        hits += price.low <= -0.08 <= price.high
    assert 0.90 <= hits / 150 <= 0.99


def test_by_file_and_id(tmp_path: Path) -> None:
    old = write(tmp_path / "old.parquet", [*IDS[::-1], "gone"], [*OLD[::-1], "price"])
    new = write(tmp_path / "new.parquet", [*IDS, "fresh"], [*NEW, "price"])
    found = compare(new, old, id_column="id")
    assert (found.deals, found.moved, found.only_before, found.only_after) == (100, 15, 1, 1)
    text = found.to_text()
    assert "15 of 100 deals have another reason than before: 15.0%" in text
    assert "not compared: 1 deals only before, 1 only now" in text
    assert "price → timing" in text


def test_by_file_in_order(tmp_path: Path) -> None:
    old, new = write(tmp_path / "old.parquet", IDS, OLD), write(tmp_path / "new.parquet", IDS, NEW)
    assert compare(new, old).moved == 15
    shorter = write(tmp_path / "short.parquet", IDS[:50], OLD[:50])
    with pytest.raises(InputError, match="another number of rows"):
        compare(new, shorter)


def test_what_cannot_be_compared(tmp_path: Path) -> None:
    new = write(tmp_path / "new.parquet", IDS, NEW)
    with pytest.raises(InputError, match="has no column 'before'"):
        compare(new, "before")
    other = write(tmp_path / "other.parquet", ["x"], ["price"])
    with pytest.raises(InputError, match="none of its 1 deals"):
        compare(new, other, id_column="id")
