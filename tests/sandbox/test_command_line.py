"""``python -m email_contacts.sandbox``: its options, and its data across a kill and a restart."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from email_contacts.sandbox import SandboxServer
from email_contacts.sandbox.__main__ import main
from tests.sandbox.rehearsal import Rehearsal, eventually

COMMAND = [sys.executable, "-m", "email_contacts.sandbox"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": "plugins"}


@contextmanager
def running(*options: str) -> Iterator[tuple[Rehearsal, subprocess.Popen[str]]]:
    """Start the sandbox as a user does and wait for the line that tells where it listens."""
    process = subprocess.Popen(
        [*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=ENVIRONMENT
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("sandbox: http://127.0.0.1:"), line
        server = _Elsewhere(line.removeprefix("sandbox: ").strip())
        with requests.Session() as session:
            session.headers["api-key"] = "secret"
            yield Rehearsal(server, session), process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


class _Elsewhere(SandboxServer):
    """A server in another process, of which only the URL is known."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def set_knobs(self, **changes: Any) -> Any:
        """Turn knobs over HTTP."""
        answer = requests.patch(self.url + "/sandbox/knobs", json=changes, timeout=60)
        assert answer.ok, answer.text
        return answer.json()


def test_it_keeps_its_data_and_goes_on_where_it_was_killed(tmp_path: Path) -> None:
    options = ("--database", str(tmp_path / "sandbox.db"), "--api-key", "secret")
    rows = [{"email": f"p{i}@example.com"} for i in range(20_000)] + [{"email": "bad"}]
    with running(*options) as (sandbox, process):
        folder = sandbox.post("/contacts/folders", name="Kept")["id"]
        process_id = sandbox.submit(rows)
        # Killed in the middle: some batches of rows are in, others are not.
        eventually(lambda: sandbox.get("/contacts", limit=1)["count"], what="the first rows")
        process.send_signal(signal.SIGKILL)
        process.wait()
    with closing(sqlite3.connect(tmp_path / "sandbox.db")) as connection:
        (done,) = connection.execute("SELECT rows_done FROM processes").fetchone()
    assert done > 0
    with running(*options, "--info-import", "int") as (sandbox, process):
        finished = sandbox.finished(process_id)
        assert finished["status"] == "completed"
        reported = {reason: number for reason, number in finished["info"]["import"].items() if number}
        assert reported == {"invalid_emails": 1}, "no row was done twice"
        assert sandbox.get("/contacts/lists/2")["uniqueSubscribers"] == 20_000
        assert sandbox.get("/contacts", limit=1)["count"] == 20_000
        assert sandbox.get(f"/contacts/folders/{folder}")["name"] == "Kept"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=120) == 0
    assert list((tmp_path / "sandbox.db-imports").iterdir()) == []


def test_options_turn_knobs() -> None:
    options = (
        "--api-key=secret",
        "--status-profile=brevo",
        "--no-legacy-totals",
        "--fault=folders:503:2",
        "--fault=lists:500",
        "--allowed-ip=127.0.0.1",
        "--queue-seconds=0.5",
    )
    with running(*options) as (sandbox, _):
        knobs = requests.get(sandbox.server.url + "/sandbox/knobs", timeout=60).json()
        assert sandbox.call("POST", "/contacts/folders", json={"name": "x"}).status_code == 201
    assert knobs["legacy_totals"] is False
    assert [fault["kind"] for fault in knobs["faults"]] == ["503", "500"]
    assert knobs["allowed_ips"] == ["127.0.0.1"]
    assert knobs["queue_seconds"] == 0.5


def test_bad_input_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def refusal(*options: str) -> str:
        assert main(options) == 2
        return capsys.readouterr().err

    text, strange = tmp_path / "text.db", tmp_path / "strange.db"
    text.write_text("no database " * 1000)
    with closing(sqlite3.connect(strange)) as connection:
        connection.execute("CREATE TABLE strange (x)")
    assert "524_after_accepting" in refusal("--fault", "import:418")
    assert "make it first" in refusal("--database", str(tmp_path / "missing" / "sandbox.db"))
    assert "--api-key must not be empty" in refusal("--api-key", " ")
    assert "not an SQLite database" in refusal("--database", str(text))
    assert "give another --database" in refusal("--database", str(strange))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "--port 0" in refusal("--port", str(taken.getsockname()[1]))


@pytest.mark.parametrize("word", ["--status-profile", "--fault", "--no-retry-after", "524_after_accepting"])
def test_help_lists_the_knobs(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    assert word in capsys.readouterr().out
