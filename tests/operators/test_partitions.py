"""Preparing in partitions, as tasks do: what travels between them, and what cannot be cut or merged."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.contacts.errors import SourceBroken
from email_contacts.contacts.staging.manifest import Manifest
from email_contacts.operators.partitions import (
    MergePartitionsOperator,
    PreparePartitionOperator,
    SplitSourceOperator,
)
from email_contacts.operators.preparation import PrepareContactsOperator
from tests.conftest import connect
from tests.operators.conftest import rendered
from tests.operators.lazy_xcoms import lazy
from tests.task_context import StateStore, make_context, pushed

if TYPE_CHECKING:
    from airflow.sdk import Context

    from email_contacts.sandbox import SandboxServer

PEOPLE = 60


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder of six files; each tenth person comes again."""
    folder = tmp_path / "customers"
    folder.mkdir()
    for number in range(6):
        people = [f"p{number * 10 + place}@example.com" for place in range(9)]
        people[3] = "nobody" if number == 3 else people[3]
        rows = "".join(f"{person},A\n" for person in [*people, f"p{number}@example.com"])
        (folder / f"part-{number}.csv").write_text(f"email,firstname\n{rows}")
    return folder


@pytest.fixture
def crm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database with a table of customers, and its connection."""
    path = tmp_path / "crm.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE customers (id INTEGER, email TEXT, firstname TEXT)")
        database.executemany(
            "INSERT INTO customers VALUES (?, ?, 'A')",
            [(person * 7, f"p{person % 50}@example.com") for person in reversed(range(PEOPLE))],
        )
    database.close()
    monkeypatch.setenv("AIRFLOW_CONN_CRM", json.dumps({"conn_type": "sqlite", "host": str(path)}))
    return path


def task(store: StateStore, task_id: str, map_index: int = -1) -> Context:
    """The context of a task."""
    context = make_context(store)
    context["ti"].task_id, context["ti"].map_index = task_id, map_index
    return context


def split(store: StateStore, **arguments: Any) -> list[dict[str, Any]]:
    found = SplitSourceOperator(task_id="split", **arguments).execute(task(store, "split"))
    # As XCom gives it to the next task.
    return json.loads(json.dumps(found))  # type: ignore[no-any-return]


def prepare(store: StateStore, partitions: list[dict[str, Any]], **arguments: Any) -> list[str]:
    return [
        PreparePartitionOperator(task_id="prepare", partition=partition, **arguments).execute(
            task(store, "prepare", index)
        )
        for index, partition in enumerate(partitions)
    ]


def merge(context: Context, folders: Any, **arguments: Any) -> list[str]:
    batches: list[str] = MergePartitionsOperator(task_id="merge", partitions=folders, **arguments).execute(
        context
    )
    return batches


def manifest_of(context: Context) -> Manifest:
    return Manifest.read(Path(pushed(context)["manifest_uri"].removeprefix("file://")))


def bodies_of(uris: list[str]) -> list[bytes]:
    return [Path(uri.removeprefix("file://")).read_bytes() for uri in uris]


def test_a_folder(
    source: Path,
    store: StateStore,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = task(store, "whole")
    expected = bodies_of(PrepareContactsOperator(task_id="whole", source=str(source)).execute(whole))
    partitions = split(store, source=str(source), partitions="3")
    folders = prepare(store, partitions)
    assert all(uri.startswith((tmp_path / "stage").as_uri()) for uri in folders)
    merged = task(store, "merge")
    batches = merge(merged, lazy(folders, monkeypatch))
    assert bodies_of(batches) == expected
    assert pushed(merged)["rows"] == pushed(whole)["rows"]
    assert manifest_of(merged).fingerprint == manifest_of(whole).fingerprint
    assert manifest_of(merged).source == manifest_of(whole).source
    assert (pushed(merged)["rows"]["duplicates"], pushed(merged)["rows"]["rejected"]) == (6, 1)
    said = capfd.readouterr().out
    assert "prepared partition 3 of 3" in said
    assert "@example" not in said + json.dumps([partitions, folders, batches])


def test_a_split_says_which_files_are_read_in_which_order(
    source: Path, store: StateStore, capfd: pytest.CaptureFixture[str]
) -> None:
    (source / "README.txt").write_text("Exported on Monday.")
    (source / "notes.md").write_text("Exported on Monday.")
    split(store, source=str(source), partitions="2")
    said = capfd.readouterr().out
    assert "files in this order: part-" in said
    assert "README.txt" in said.partition("not read")[2]


def test_a_table(crm: Path, store: StateStore) -> None:
    whole = task(store, "whole")
    query = PrepareContactsOperator(
        task_id="whole", sql="SELECT * FROM customers ORDER BY id", sql_conn_id="crm", unknown_columns="drop"
    )
    expected = bodies_of(query.execute(whole))
    partitions = split(store, table="customers", sql_conn_id="crm", partitions=4)
    assert [partition["index"] for partition in partitions] == [0, 1, 2, 3]
    merged = task(store, "merge")
    assert bodies_of(merge(merged, prepare(store, partitions, unknown_columns="drop"))) == expected
    assert pushed(merged)["rows"] == pushed(whole)["rows"]
    assert pushed(merged)["rows"]["duplicates"] == 10
    assert manifest_of(merged).source == "crm:customers"


def test_a_table_without_rows(crm: Path, store: StateStore) -> None:
    with sqlite3.connect(crm) as database:
        database.execute("DELETE FROM customers")
    database.close()
    folders = prepare(
        store, split(store, table="customers", sql_conn_id="crm", partitions=4), unknown_columns="drop"
    )
    assert len(folders) == 1
    with pytest.raises(AirflowFailException, match="crm:customers has no rows"):
        merge(task(store, "strict"), folders, when_empty="fail")
    merged = task(store, "merge")
    assert merge(merged, folders) == []
    assert pushed(merged)["rows"]["read"] == 0


def test_a_retry_prepares_and_merges_the_same_again(source: Path, store: StateStore) -> None:
    partitions = split(store, source=str(source))
    prepare(store, partitions)
    folders = prepare(store, partitions)
    first = bodies_of(merge(task(store, "merge"), folders))
    # All partitions are removed by now; then a retry of the merge hands on what is there.
    assert bodies_of(merge(task(store, "merge"), folders)) == first


@pytest.mark.parametrize("kind", ["files", "table"])
def test_partitions_of_two_cuts_are_not_merged(
    kind: str, source: Path, crm: Path, store: StateStore, context: Context
) -> None:
    """The split was cleared alone, and then one partition: rows would be in two of them, or in none."""
    what: dict[str, Any] = (
        {"source": str(source)} if kind == "files" else {"table": "customers", "sql_conn_id": "crm"}
    )
    read: dict[str, Any] = {"unknown_columns": "drop"}
    folders = prepare(store, split(store, **what, partitions=2), **read)
    (source / "part-0.csv").write_text("email,firstname\n" + "q@example.com,A\n" * 90)
    with sqlite3.connect(crm) as database:
        database.execute("INSERT INTO customers VALUES (9000, 'q@example.com', 'A')")
    database.close()
    anew = split(store, **what, partitions=2)
    prepare_one = PreparePartitionOperator(task_id="prepare", partition=anew[1], **read)
    prepare_one.execute(task(store, "prepare", 1))
    with pytest.raises(AirflowFailException, match=r"partition 2 of .* is not of the same cut of the source"):
        merge(task(store, "merge"), folders)
    folders = prepare(store, anew, **read)
    assert merge(task(store, "merge"), folders)


def test_a_partition_of_the_last_release_names_no_cut(source: Path, store: StateStore) -> None:
    partitions = split(store, source=str(source))
    for partition in partitions:
        del partition["cut"]
    assert merge(task(store, "merge"), prepare(store, partitions))


def test_templates(source: Path, store: StateStore, context: Context) -> None:
    operator = SplitSourceOperator(
        task_id="split", source="{{ 'cust' }}omers", source_root=str(source.parent), partitions="{{ 1 + 1 }}"
    )
    assert len(rendered(operator, context).execute(context)) == 2


def test_rejects_are_judged_by_the_merge(source: Path, store: StateStore) -> None:
    folders = prepare(store, split(store, source=str(source)), max_rejects="0%")
    with pytest.raises(AirflowFailException, match="1 of 60 rows read were rejected"):
        merge(task(store, "merge"), folders, max_rejects="1%")
    assert merge(task(store, "merge"), folders, max_rejects="2%")


def test_a_partition_that_failed_is_named(source: Path, store: StateStore) -> None:
    folders = prepare(store, split(store, source=str(source)))
    (Path(folders[1].removeprefix("file://")) / "part.json").unlink()
    with pytest.raises(
        AirflowFailException, match=r"no complete partition in .*/prepare/1: it has no part\.json"
    ):
        merge(task(store, "merge"), folders)
    with pytest.raises(AirflowFailException, match="Give the folders of all partitions"):
        merge(task(store, "merge"), [folders[0], None, *folders[2:]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "got none"),
        ({"source": "/nowhere", "table": "customers"}, "got source and table"),
        ({"source": "/nowhere"}, "does not exist"),
        ({"source": "/nowhere", "sql_conn_id": "crm"}, "belongs to table"),
        ({"source": "/nowhere", "partitions": 0}, "partitions=0 must be a whole number above 0"),
        ({"table": "customers"}, "sql_conn_id=None must be text"),
        ({"table": "customers", "sql_conn_id": "crm", "column": "email"}, "holds str; ranges need whole"),
        ({"table": "customers", "sql_conn_id": "crm", "column": "id; --"}, "is not a name of a column"),
    ],
)
def test_what_cannot_be_cut(crm: Path, store: StateStore, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(AirflowFailException, match=message):
        split(store, **arguments)


def test_a_restricted_split_looks_only_below_the_roots(
    source: Path, crm: Path, store: StateStore, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a source, a link or a table from a form."""
    (source / "part-9.csv").symlink_to("/etc/hostname")
    allowed = {"source_root": str(source), "restrict_sources": True}
    for path in ("/etc/passwd", "../customers.csv", ".", "s3://other_conn@bucket/customers"):
        with pytest.raises(AirflowFailException, match="source: only files below these roots may be read"):
            split(store, source=path, **allowed)
    assert split(store, source="part-[0-5].csv", **allowed)
    table = {"table": "customers", "sql_conn_id": "crm", "restrict_sources": True}
    with pytest.raises(AirflowFailException, match="sql_conn_id='crm' is not a database that may be queried"):
        split(store, **table)
    connect(monkeypatch, sandbox, stage=source.parent / "stage", source_sql_conn_ids="crm")
    assert split(store, **table)


def test_the_bounds_of_a_restricted_table_are_read_only(
    crm: Path, store: StateStore, sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A driver that cannot be held to reading is refused, as when the rows are read."""
    connect(monkeypatch, sandbox, stage=tmp_path / "stage", source_sql_conn_ids="crm")
    monkeypatch.setattr("email_contacts.contacts.sources.read_only.driver_of", lambda _: "unknown")
    given = {"table": "customers", "sql_conn_id": "crm"}
    assert split(store, **given)
    with pytest.raises(AirflowFailException, match="has no read-only transaction"):
        split(store, restrict_sources=True, **given)


def test_a_database_that_fails_is_left_to_the_retries(crm: Path, store: StateStore) -> None:
    with pytest.raises(SourceBroken, match="crm:nothing failed after 0 rows"):
        split(store, table="nothing", sql_conn_id="crm")


def test_rows_that_would_be_in_no_range(crm: Path, store: StateStore) -> None:
    with sqlite3.connect(crm) as database:
        database.execute("UPDATE customers SET id = NULL WHERE id < 20")
    database.close()
    with pytest.raises(AirflowFailException, match=r'"id" of customers is NULL in 3 rows'):
        split(store, table="customers", sql_conn_id="crm")


@pytest.mark.parametrize(
    ("partition", "message"),
    [("part-1.csv", "partition is a str"), ({"index": 0, "count": 1}, "partition has no 'source'")],
)
def test_what_is_no_partition(store: StateStore, partition: Any, message: str) -> None:
    with pytest.raises(AirflowFailException, match=message):
        prepare(store, [partition])


@pytest.mark.parametrize("folders", ["file:///stage", 5])
def test_what_is_no_list_of_folders(store: StateStore, folders: Any) -> None:
    with pytest.raises(AirflowFailException, match=r"must be a list; pass task\.output"):
        merge(task(store, "merge"), folders)
