"""A million rows in three ways on a running Airflow: how long each step takes, in how much memory.

A Parquet folder of eight files over four mapped tasks; a query to PostgreSQL, by ``import_contacts``; and the
same table over four mapped tasks. No task may have more than 500 MB.

``python -m benchmarks.partitions [ROWS]``
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.contacts_file import COLUMNS, write_contacts, write_parquet
from benchmarks.followed_run import FollowedRun
from local.home import PROJECT, Home, free_port
from local.processes import Service, wait_until
from local.servers import make_postgres
from local.stack import Stack

FILES = 8
LIMIT = 500e6
ACCOUNT = {"POSTGRES_USER": "crm", "POSTGRES_PASSWORD": "benchmark", "POSTGRES_DB": "crm"}
QUERY = f"SELECT {', '.join(COLUMNS)} FROM customers ORDER BY id"  # names of ours
RUNS: tuple[tuple[str, str], ...] = (
    ("a Parquet folder of 8 files, 4 mapped tasks", "partitions_of_a_folder"),
    ("a PostgreSQL query", "import_contacts"),
    ("a PostgreSQL table, 4 mapped tasks", "partitions_of_a_table"),
)


def main(rows: int) -> int:
    """Run and print.

    :return: 0 when all runs succeeded, every row accounted for, and no task had too much memory.
    """
    console = Console(highlight=False, soft_wrap=True)
    folder = Path(tempfile.mkdtemp(prefix="airflow-bench-"))
    failed = 0
    try:
        source = write_folder(folder, rows)
        with postgres(folder) as port:
            fill_table(folder, rows, port)
            dags = [bundle("dags"), bundle("benchmarks/dags")]
            settings = {"AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(dags)}
            dag_ids = tuple(dag_id for _, dag_id in RUNS)
            with Stack(Home(folder / "home"), settings=settings, dag_ids=dag_ids) as stack:
                stack.rest.put_connection(database(port))
                asked = {
                    "partitions_of_a_folder": {"source": str(source)},
                    "import_contacts": {"query": QUERY, "source_conn_id": "crm", "list": "A query"},
                    "partitions_of_a_table": {},
                }
                for title, dag_id in RUNS:
                    console.print(f"\n{rows:,} rows from {title}")
                    failed += not follow(console, stack, dag_id, asked[dag_id])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


def follow(console: Console, stack: Stack, dag_id: str, conf: dict[str, Any]) -> bool:
    """Run a DAG and print what it took.

    :return: whether it succeeded within the memory; a run whose rows do not add up fails.
    """
    run = FollowedRun(stack, dag_id, conf)
    state = run.end()
    console.print(run.steps())
    console.print(f"most of any process: {run.peak_memory / 1e6:.0f} MB")
    receipt = run.xcom("receipt", "receipt")
    console.print(f"run {state}: {receipt and {key: receipt[key] for key in ('state', 'rows', 'lists')}}")
    return state == "success" and run.peak_memory < LIMIT


def write_folder(folder: Path, rows: int) -> Path:
    """Write the contacts as eight Parquet files."""
    from pyarrow import Table
    from pyarrow.parquet import ParquetFile, write_table

    whole, source = folder / "contacts.parquet", folder / "contacts"
    write_parquet(whole, rows)
    source.mkdir()
    with ParquetFile(whole) as file:
        for number, batch in enumerate(file.iter_batches(batch_size=-(-rows // FILES))):
            write_table(Table.from_batches([batch]), source / f"part-{number}.parquet")
    whole.unlink()
    return source


def fill_table(folder: Path, rows: int, port: int) -> None:
    """Make a table of the contacts, as text."""
    import psycopg

    path = folder / "contacts.csv"
    write_contacts(path, rows)
    with (
        psycopg.connect(**address(port)) as connection,
        connection.cursor() as cursor,
        path.open("rb") as file,
    ):
        columns = ", ".join(f"{name} text" for name in COLUMNS)
        cursor.execute(f"CREATE TABLE customers (id serial PRIMARY KEY, {columns})")
        with cursor.copy(f"COPY customers ({', '.join(COLUMNS)}) FROM STDIN (FORMAT csv, HEADER)") as copy:
            while block := file.read(1 << 16):
                copy.write(block)
    path.unlink()


@contextmanager
def postgres(logs: Path) -> Iterator[int]:
    """Run a PostgreSQL.

    :param logs: the folder of its log.
    :return: its port.
    """
    import psycopg

    # Of its own, for PostgreSQL's user must reach it.
    folder, port = Path(tempfile.mkdtemp(prefix="airflow-bench-postgres-")), free_port()

    def is_ready() -> bool:
        try:
            psycopg.connect(**address(port)).close()
        except psycopg.OperationalError:
            return False
        return True

    command = make_postgres(ACCOUNT, folder=folder, port=port)
    server = Service("postgres", command, os.environ, logs / "postgres.log")
    server.start()
    try:
        wait_until(is_ready, services=[server], seconds=60, what="waited for PostgreSQL")
        yield port
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def address(port: int) -> dict[str, Any]:
    """Where the database is, as its driver takes it."""
    user, password, name = ACCOUNT.values()
    return {"host": "127.0.0.1", "port": port, "user": user, "password": password, "dbname": name}


def database(port: int) -> dict[str, Any]:
    """The database's connection, as Airflow's REST API takes it."""
    user, password, name = ACCOUNT.values()
    return {
        "connection_id": "crm", "conn_type": "postgres", "host": "127.0.0.1", "port": port, "login": user,
        "password": password, "schema": name,
    }  # fmt: skip


def bundle(folder: str) -> dict[str, Any]:
    """A folder of DAGs, as Airflow's settings take it."""
    return {
        "name": folder.replace("/", "_"),
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": str(PROJECT / folder)},
    }


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else 1_000_000))
