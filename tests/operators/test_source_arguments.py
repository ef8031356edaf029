"""What a preparation is told to read, as value objects: no operator, no platform, no DAG."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from email_contacts.arguments import InvalidArgument
from email_contacts.contacts.errors import MappingError, SourceForbidden
from email_contacts.contacts.sources.sql_rows import Query, SqlRows
from email_contacts.operators._partition_arguments import SplitArguments, read_partition
from email_contacts.operators._source_access import SourceAccess
from email_contacts.operators._source_arguments import SourceArguments, read_mapping

REFUSED = [
    "/etc/passwd", "file:///etc/passwd", "../outside.csv", "a/../../outside.csv", "/proc/self/environ",
    "link.csv", "*.csv", "s3://any_conn@bucket/a.csv", "https://example.com/a.csv", ".env",
    "simplecache::file:///etc/passwd", "local:///etc/passwd",
]  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a file, and what it must not give away."""
    root = tmp_path / "project"
    (root / "include").mkdir(parents=True)
    (root / "include" / "a.csv").write_text("email\na@example.com\n")
    (root / "include" / "a.yaml").write_text("columns:\n  email: EMAIL\n")
    (root / ".env").write_text("SECRET=1\n")
    (tmp_path / "outside.csv").write_text("email\n")
    (root / "link.csv").symlink_to(tmp_path / "outside.csv")
    return root


@pytest.fixture
def crm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database of Airflow's."""
    path = tmp_path / "crm.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE people (id INTEGER, email TEXT)")
        connection.execute("INSERT INTO people VALUES (1, 'a@example.com')")
    monkeypatch.setenv("AIRFLOW_CONN_CRM", json.dumps({"conn_type": "sqlite", "host": str(path)}))
    return path


@pytest.mark.parametrize("source", REFUSED)
def test_a_restricted_source_is_below_the_root(root: Path, source: str) -> None:
    access = SourceAccess(roots=(str(root),))
    with pytest.raises(SourceForbidden, match="source: only files below these roots"):
        SourceArguments(source=source, root=str(root), access=access).open()


@pytest.mark.parametrize("mapping", REFUSED)
def test_a_restricted_mapping_is_below_the_root(root: Path, mapping: str) -> None:
    with pytest.raises(SourceForbidden, match="mapping: only files below these roots"):
        read_mapping(mapping, root=str(root), access=SourceAccess(roots=(str(root),)))


def test_what_is_below_the_root_is_read(root: Path) -> None:
    access = SourceAccess(roots=(str(root),))
    for source in ("include/a.csv", f"{root}/include/*.csv", f"file://{root}/include"):
        assert SourceArguments(source=source, root=str(root), access=access).open()
    mapping = read_mapping("include/a.yaml", root=str(root), access=access)
    assert mapping is not None
    assert mapping.columns == ("email",)


def test_without_limits_the_author_reads_anything(root: Path) -> None:
    assert str(SourceArguments(source="/etc/passwd").open()).endswith("/etc/passwd")
    with pytest.raises(MappingError, match="must have a name that ends in"):
        read_mapping("/etc/passwd", root="")


@pytest.mark.parametrize(("allowed", "named"), [((), "none"), (("dwh", "erp"), "dwh, erp")])
def test_a_database_that_is_not_allowed_is_not_even_looked_up(allowed: tuple[str, ...], named: str) -> None:
    access = SourceAccess(sql_conn_ids=allowed)
    given = SourceArguments(sql="SELECT 1", sql_conn_id="no_such_connection", access=access)
    with pytest.raises(InvalidArgument, match=f"not a database that may be queried here; allowed: {named}"):
        given.open()


@pytest.mark.parametrize(
    "sql", ["DELETE FROM people RETURNING email", "SELECT 1; DELETE FROM people", "VACUUM"]
)
def test_an_allowed_database_is_only_read(crm: Path, sql: str) -> None:
    access = SourceAccess(sql_conn_ids=("crm",))
    for query, works in (("SELECT email FROM people", True), (sql, False)):
        source = SourceArguments(sql=query, sql_conn_id="crm", access=access).open()
        assert isinstance(source, Query)
        assert source.read_only
        if works:
            with closing(SqlRows(source)) as rows:
                assert rows.columns == ("email",)
        else:
            with pytest.raises(ValueError, match="query"):
                SqlRows(source)
    with closing(sqlite3.connect(crm)) as connection:
        assert connection.execute("SELECT count(*) FROM people").fetchone() == (1,)


def test_a_database_that_is_not_there_is_named() -> None:
    with pytest.raises(InvalidArgument, match="sql_conn_id='nowhere': there is no such connection"):
        SourceArguments(sql="SELECT 1", sql_conn_id="nowhere").open()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "exactly one of source, sql, table; got none"),
        ({"source": "", "sql": "", "table": None}, "got none"),
        ({"source": "a.csv", "table": "t"}, "got source and table"),
        ({"source": "a.csv", "parameters": [1]}, "belong to sql or table"),
        ({"table": "t", "sql_conn_id": "crm", "parameters": [1]}, "a table takes none"),
        ({"source": "a.csv"}, "is a relative path"),
        ({"source": "https://example.com/a.csv?sig=s3cr3t"}, "source: .* with https://; download the file"),
        ({"source": "HTTP://example.com/a.csv"}, "source: .* with HTTP://; download the file"),
        ({"source": "gs://bucket/a.csv"}, "source: .* with gs://; install the provider"),
        ({"source": "nosuch://bucket/a.csv"}, "source: .* with nosuch://; install the provider"),
        ({"sql": "SELECT 1"}, "sql_conn_id=None must be text"),
    ],
)
def test_arguments_that_name_no_source(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        SourceArguments(**arguments).open()


def test_what_is_asked_of_a_database_is_not_shown() -> None:
    given = SourceArguments(sql="SELECT 'a@example.com'", sql_conn_id="crm", parameters=["b@example.com"])
    assert "example.com" not in repr(given)


def test_a_source_is_cut_without_an_operator(root: Path) -> None:
    (partition,), _ = SplitArguments(source="include/a.csv", root=str(root), partitions="2").cut()
    assert (partition["index"], partition["count"]) == (0, 1)
    source, place = read_partition(partition, access=SourceAccess(roots=(str(root),)))
    assert (place, str(source)) == ({"index": 0, "count": 1, "cut": partition["cut"]}, partition["source"])
    with pytest.raises(SourceForbidden, match="partition: only files"):
        read_partition(partition, access=SourceAccess(roots=("/nowhere",)))
