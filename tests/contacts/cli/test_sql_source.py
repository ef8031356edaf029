"""Databases as the source of the command line: URLs that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from email_contacts.contacts.cli.command_line import main


def refusal(url: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["preview", url, "--sql", "SELECT * FROM people"]) == 2
    said = capsys.readouterr()
    assert not said.out
    return said.err


@pytest.mark.parametrize("password", ["a@hunter2:x", "hunter2@h:5432x", "x@y:hunter2@z:w"])
def test_a_password_that_breaks_a_url_is_not_shown(password: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = refusal(f"postgresql://reader:{password}@db.example:5432/crm", capsys)
    assert "%40" in said
    assert "hunter2" not in said


def test_a_driver_for_asynchronous_programs(capsys: pytest.CaptureFixture[str]) -> None:
    said = refusal("postgresql+psycopg_async://reader:hunter2@db.example/crm", capsys)
    assert "none: postgresql://…" in said
    assert "hunter2" not in said


def test_a_file_of_sqlite_that_is_not_there_is_not_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert f"no SQLite file {tmp_path}/crm.db" in refusal(f"sqlite:///{tmp_path}/crm.db", capsys)
    assert not list(tmp_path.iterdir())
