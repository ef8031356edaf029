"""The command ``email-contacts``."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from email_contacts.console import main


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "crm.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE people (email TEXT, firstname TEXT)")
        connection.execute("INSERT INTO people VALUES ('ada@example.com', 'Ada')")
    connection.close()
    return path


def test_a_query_of_a_url_is_previewed_and_proposed(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    asked = [f"sqlite:///{database}", "--sql", "SELECT * FROM people"]
    assert main(["preview", *asked, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"]["accepted"] == 1
    assert main(["propose", *asked]) == 0
    assert "email: EMAIL" in capsys.readouterr().out


def test_a_url_with_a_password_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", "klingon://reader:secret@db/crm", "--sql", "SELECT 1"]) == 2
    said = capsys.readouterr().err
    assert '"klingon" is not a database' in said
    assert "secret" not in said


def test_a_query_of_an_airflow_connection(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("AIRFLOW_CONN_CRM", json.dumps({"conn_type": "sqlite", "host": str(database)}))
    assert main(["preview", "crm", "--sql", "SELECT * FROM people", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["source"], document["rows"]["accepted"]) == ("crm:query", 1)
    assert main(["propose", "crm", "--sql", "SELECT * FROM people"]) == 0
    assert 'the first row of "crm:query"' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("connection", "said"),
    [
        (None, "there is no such connection"),
        ({"conn_type": "http", "host": "h", "password": "hunter2"}, "which is not a database"),
        ({"conn_type": "klingon", "password": "hunter2"}, "whose provider is not installed"),
    ],
)
def test_a_connection_that_is_no_database(
    connection: dict[str, str] | None,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if connection is not None:
        monkeypatch.setenv("AIRFLOW_CONN_CRM", json.dumps(connection))
    assert main(["preview", "crm", "--sql", "SELECT 1"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert said in error
    assert "hunter2" not in error


def test_a_url_without_a_statement(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", "postgresql://reader:secret@db/crm"]) == 2
    said = capsys.readouterr().err
    assert "give a statement as --sql" in said
    assert "secret" not in said


def test_help_names_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "usage: email-contacts" in capsys.readouterr().out
