"""Preparing what a database holds: a query or a table on an Airflow connection."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import pytest
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.execution_time.task_runner import _serialize_rendered_fields

from email_contacts.contacts.errors import SourceBroken
from email_contacts.operators.preparation import PrepareContactsOperator
from email_contacts.sandbox import SandboxServer
from tests.operators.conftest import asked, rendered
from tests.task_context import pushed

if TYPE_CHECKING:
    from airflow.sdk import Context

ROWS = [("a@example.com", "A", 1), ("b@example.com", "B", 2), ("nobody", "C", 3)]


@pytest.fixture(autouse=True)
def crm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database with a table of customers, and its connection."""
    path = tmp_path / "crm.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE customers (email TEXT, firstname TEXT, shard INTEGER)")
        database.executemany("INSERT INTO customers VALUES (?, ?, ?)", ROWS)
    database.close()
    monkeypatch.setenv("AIRFLOW_CONN_CRM", json.dumps({"conn_type": "sqlite", "host": str(path)}))


def preparation(**arguments: Any) -> PrepareContactsOperator:
    return PrepareContactsOperator(task_id="prepare", sql_conn_id="crm", **arguments)


def people(uris: list[str]) -> list[str]:
    return [
        person["email"]
        for uri in uris
        for person in json.loads(Path(uri.removeprefix("file://")).read_text())
    ]


def test_a_query(context: Context, capfd: pytest.CaptureFixture[str]) -> None:
    operator = preparation(
        sql="SELECT email, firstname FROM customers WHERE shard <= {{ 1 + 1 }} ORDER BY email"
    )
    assert people(rendered(operator, context).execute(context)) == ["a@example.com", "b@example.com"]
    assert pushed(context)["rows"]["read"] == 2
    assert "@example" not in capfd.readouterr().out


def test_a_query_with_parameters(context: Context) -> None:
    operator = preparation(
        sql="SELECT email, firstname FROM customers WHERE shard = ?", parameters=["{{ 2 }}"]
    )
    assert people(rendered(operator, context).execute(context)) == ["b@example.com"]


def test_parameters_are_neither_shown_nor_said(context: Context, capfd: pytest.CaptureFixture[str]) -> None:
    sql = "SELECT email, firstname FROM customers WHERE email = ?"
    operator = rendered(preparation(sql=sql, parameters=["{{ 'b' }}@example.com"]), context)
    assert people(operator.execute(context)) == ["b@example.com"]
    fields = _serialize_rendered_fields(operator)
    assert (fields["sql"], fields["parameters"]) == (sql, "***")
    said = capfd.readouterr()
    for where in (json.dumps([fields, pushed(context)]), said.out, said.err):
        assert "@example" not in where


def test_a_database_that_fails_is_left_to_the_retries(
    context: Context, capfd: pytest.CaptureFixture[str]
) -> None:
    operator = preparation(sql="SELECT abs(?) FROM customers", parameters=["b@example.com", 2])
    with pytest.raises(SourceBroken) as caught:
        operator.execute(context)
    assert "b@example" not in f"{caught.value!r}{caught.value.__cause__}{capfd.readouterr()}"


def test_a_table(context: Context) -> None:
    operator = preparation(table="customers", unknown_columns="drop")
    assert people(operator.execute(context)) == ["a@example.com", "b@example.com"]
    assert pushed(context)["rows"] == {
        **pushed(context)["rows"], "read": 3, "accepted": 2, "rejected": 1,
    }  # fmt: skip


def test_a_query_may_lie_in_a_file(context: Context, tmp_path: Path) -> None:
    (tmp_path / "customers.sql").write_text("SELECT email FROM customers WHERE shard = {{ 1 }}")
    operator = preparation(sql="customers.sql")
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(tmp_path), autoescape=False)
    operator.render_template_fields(context, environment)
    assert people(operator.execute(context)) == ["a@example.com"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sql": "SELECT 1", "table": "customers"}, "got sql and table"),
        ({"table": "customers", "parameters": [1]}, "a table takes none"),
        ({"table": "customers", "sql_conn_id": ""}, "sql_conn_id='' must be text"),
        ({"table": "customers", "sql_conn_id": "email_contacts_default"}, "which is not a database"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    arguments: dict[str, Any], message: str, context: Context, sandbox: SandboxServer
) -> None:
    operator = PrepareContactsOperator(task_id="prepare", **{"sql_conn_id": "crm", **arguments})
    with pytest.raises(AirflowFailException, match=message):
        operator.execute(context)
    assert asked(sandbox) == []
