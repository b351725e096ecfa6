"""Scoring on Spark: the same rows and columns as :func:`lossnlp.scoring.score`, on many machines.

The bundle is shipped once, as an archive named by its digest, and loaded once a Python worker.
Workers need lossnlp and its dependencies, nothing else.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from lossnlp._errors import InputError, LossnlpError
from lossnlp.deals import Layout, layout_of
from lossnlp.model import default_path
from lossnlp.scoring._blocks import TableBlock
from lossnlp.scoring._columns import SCORE_SCHEMA, join_columns, refuse_collisions
from lossnlp.scoring._scorer import Scorer, Task, excerpt, open_scorer
from lossnlp.scoring._text_files import reblocked
from lossnlp.scoring._tiers import bundle_digest, refuse_tier

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

__all__ = ["score", "score_files"]

#: Rows that Spark hands to Python at once, unless the session says otherwise: with snippets, its
#: own default of 10,000 is many megabytes.
_BATCH_ROWS = 2048
_BATCH_SETTING = "spark.sql.execution.arrow.maxRecordsPerBatch"
_SPARK_BATCH_ROWS = "10000"
_SAMPLE = 1000


def score(
    df: DataFrame,
    *,
    model: str | Path | None = None,
    tier: str = "exact",
    columns: Mapping[str, str] | None = None,
    preset: str | None = None,
    date_order: str | None = None,
    prefix: str = "",
) -> DataFrame:
    """Return a Spark DataFrame with the added columns behind its own.

    Nothing is scored until the result is written or read. Batches are kept at 2,048 rows unless
    the session sets ``spark.sql.execution.arrow.maxRecordsPerBatch`` otherwise.

    Parameters
    ----------
    df
        Deals; every column passes through.
    model
        The folder of a bundle on the driver; by default the one that ships with lossnlp.
    tier, columns, preset, date_order, prefix
        As in :func:`lossnlp.scoring.score`; columns are settled on 1,000 rows.

    Raises
    ------
    InputError
        If a column is missing, or has the name of a column that is to be added, or the bundle has
        no such tier.
    """
    spark, bundle = df.sparkSession, Path(model) if model else default_path()
    refuse_tier(tier, bundle)
    refuse_collisions(df.columns, prefix, "the DataFrame")
    sample = df.limit(_SAMPLE).toArrow()
    layout = layout_of(
        {name: sample.column(name).to_pylist() for name in df.columns},
        "the DataFrame",
        columns=columns,
        preset=preset,
        date_order=date_order,
    )
    archive = _ship(spark, bundle)
    if spark.conf.get(_BATCH_SETTING) == _SPARK_BATCH_ROWS:
        spark.conf.set(_BATCH_SETTING, _BATCH_ROWS)
    return df.mapInArrow(_Rows(archive, tier, layout, prefix), _schema(df, prefix))


def score_files(
    source: str,
    target: str,
    *,
    model: Path | None = None,
    tier: str = "exact",
    columns: Mapping[str, str] | None = None,
    preset: str | None = None,
    date_order: str | None = None,
    prefix: str = "",
) -> int:
    """Score Parquet files with Spark into a new folder of Parquet files; return the rows written.

    Under ``spark-submit`` the cluster's session is used, otherwise one on this machine.

    Raises
    ------
    InputError
        If the source cannot be read or the target exists.
    LossnlpError
        If rows went missing.
    """
    with _told(), _session() as spark:
        deals = spark.read.parquet(source)
        scored = score(
            deals, model=model, tier=tier, columns=columns, preset=preset,
            date_order=date_order, prefix=prefix,
        )  # fmt: skip
        scored.write.parquet(target)
        given, written = deals.count(), spark.read.parquet(target).count()
    if given != written:
        raise LossnlpError(f"{target}: {written:,} rows were written of {given:,}")
    return written


@dataclass(frozen=True)
class _Rows:
    """What a worker does with its batches; small, since it is shipped with every task."""

    archive: str
    tier: str
    layout: Layout
    prefix: str

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        scorer = _worker_scorer(self.archive, self.tier)
        for rows in reblocked(batches):
            scores = scorer.score(excerpt(TableBlock(0, rows), self.layout))
            yield join_columns(rows, scores, self.prefix)


def _worker_scorer(archive: str, tier: str) -> Scorer:
    """Load the shipped bundle, once a worker, with as many threads as the task has cores."""
    from pyspark import SparkFiles, TaskContext

    context = TaskContext.get()
    threads = context.cpus() if context is not None else 1
    os.environ.update(RAYON_NUM_THREADS=str(threads), TOKENIZERS_PARALLELISM="false")
    return open_scorer(Task(SparkFiles.get(archive), tier, threads))


def _ship(spark: SparkSession, bundle: Path) -> str:
    """Add the bundle to the session's archives, once, and return the name that it has there."""
    digest = bundle_digest(bundle)
    if not digest:
        raise InputError(f"{bundle} is no bundle: it has no manifest.json")
    name = f"lossnlp-bundle-{digest[:16]}.zip"
    context = spark.sparkContext
    if not any(uri.rpartition("/")[2].startswith(name) for uri in context.listArchives):
        folder = Path(tempfile.mkdtemp(prefix="lossnlp-"))  # workers fetch from it until the end
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        with zipfile.ZipFile(folder / name, "w") as archive:
            for file in sorted(bundle.rglob("*")):
                archive.write(file, file.relative_to(bundle))
        context.addArchive(str(folder / name))
    return name


def _schema(df: DataFrame, prefix: str) -> StructType:
    from pyspark.sql.pandas.types import from_arrow_type
    from pyspark.sql.types import StructField, StructType

    added = [StructField(prefix + f.name, from_arrow_type(f.type)) for f in SCORE_SCHEMA]
    return StructType([*df.schema.fields, *added])


@contextmanager
def _session() -> Iterator[SparkSession]:
    """Give the session that is there, as under spark-submit, or one for the time being."""
    from lossnlp.scoring._java import java_home

    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise InputError("--engine spark needs pyspark: pip install 'lossnlp[spark]'") from None
    if (active := SparkSession.getActiveSession()) is not None:
        yield active
        return
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    with java_home():
        spark = SparkSession.builder.appName("lossnlp score").getOrCreate()
    try:
        yield spark
    finally:
        spark.stop()


@contextmanager
def _told() -> Iterator[None]:
    """Turn what Spark says of a fault into one line."""
    from pyspark.errors import PySparkException

    try:
        yield
    except PySparkException as error:
        raise InputError(f"Spark: {str(error).splitlines()[0]}") from error
