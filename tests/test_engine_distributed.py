"""One profile, three engines, the same numbers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diagnostics.measure import engine
from diagnostics.nouns.incident import Sides
from tests.factory import table_of
from tests.test_engine import assert_equal_numbers, awkward, in_sql

ibis = pytest.importorskip("ibis", reason="requirements-distributed.txt is not installed")
pytest.importorskip("pyarrow_hotfix", reason="Ibis needs pyarrow-hotfix (requirements-distributed.txt)")
from diagnostics.measure.engine import distributed  # noqa: E402

pytestmark = [
    pytest.mark.distributed,
    # Ibis 12 and PySpark 4.0 were written before pandas 3 and leave their sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning:ibis"),
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning:pyspark"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ibis"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:pyspark"),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:.*unclosed <socket:pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    pytest.importorskip("pyspark", reason="requirements-distributed.txt is not installed")
    if shutil.which("java") is None:
        pytest.skip("Spark needs a Java runtime, and there is none")
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[1]")
        .config("spark.driver.memory", "1g")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    yield session
    session.stop()


def test_duckdb_through_ibis_counts_as_the_sql_does(
    tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = table_of(awkward(rng), tmp_path, "table")
    connection = ibis.duckdb.connect()
    told = distributed.profile(connection.read_parquet(table.path), table, engine.grids(Sides(table, table)))
    assert_equal_numbers(told, in_sql(table, monkeypatch))
    connection.disconnect()


def test_spark_counts_as_the_sql_does(
    tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch, spark: Any
) -> None:
    table = table_of(awkward(rng), tmp_path, "table")
    connection = ibis.pyspark.connect(spark)
    told = distributed.profile(connection.read_parquet(str(table.path)), table, engine.grids(Sides(table, table)))
    assert_equal_numbers(told, in_sql(table, monkeypatch))


def test_the_profile_is_one_query(tmp_path: Path, rng: np.random.Generator) -> None:
    table = table_of(awkward(rng), tmp_path, "table")
    connection = ibis.duckdb.connect()
    relation = connection.read_parquet(table.path)
    query = ibis.to_sql(
        distributed.expression(relation, list(table.columns), engine.grids(Sides(table, table))), dialect="duckdb"
    )
    assert query.count("ibis_read_parquet") == 1
    assert "JOIN" not in query
    connection.disconnect()
