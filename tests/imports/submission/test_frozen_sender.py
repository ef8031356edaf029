"""A worker that was frozen wakes up after its retry: it neither sends again nor overwrites anything."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from email_contacts.api import ContactsClient
from email_contacts.imports.errors import IntentSuperseded
from email_contacts.imports.submission.import_record import ImportRecord
from email_contacts.imports.submission.ledger import Ledger
from email_contacts.sandbox import SandboxServer
from tests.imports.conftest import until, until_ended
from tests.imports.submission import frozen_sender
from tests.imports.submission.frozen_sender import FolderStore, one_try
from tests.imports.submission.test_submission import ledger_of, submit
from tests.task_context import StateStore

PROJECT = Path(__file__).resolve().parents[3]
ROUNDS = 20


class Sender:
    """A process that submits, and that can be frozen."""

    def __init__(self, url: str, key: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", frozen_sender.__name__, url, key],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT,
            env={**os.environ, "PYTHONPATH": f"{PROJECT}:{PROJECT / 'plugins'}"},
        )  # fmt: skip

    def begin(self, folder: Path, *, stops: bool = False) -> None:
        """Have it begin a try."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{folder}{' stop' if stops else ''}\n")
        self._process.stdin.flush()

    def until_frozen(self) -> None:
        """Come back once it has stopped itself."""
        _, status = os.waitpid(self._process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)

    def freeze(self) -> None:
        """Stop it where it is."""
        self._process.send_signal(signal.SIGSTOP)
        self.until_frozen()

    def thaw(self) -> str:
        """Let it go on, and give what its try came to."""
        self._process.send_signal(signal.SIGCONT)
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def end(self) -> None:
        """Let it end."""
        self._process.send_signal(signal.SIGCONT)
        self._process.communicate(timeout=30)


class Gate(ThreadingHTTPServer):
    """Stands before the sandbox, and keeps answers to imports back until it is opened."""

    def __init__(self, sandbox: SandboxServer) -> None:
        super().__init__(("127.0.0.1", 0), _Held)
        self.sandbox = sandbox
        self.is_open = threading.Event()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


class _Held(BaseHTTPRequestHandler):
    server: Gate

    def do_GET(self) -> None:
        self._pass_on("GET", b"")

    def do_POST(self) -> None:
        self._pass_on("POST", self.rfile.read(int(self.headers["content-length"])))

    def _pass_on(self, method: str, body: bytes) -> None:
        headers = {name: self.headers[name] for name in ("api-key", "content-type") if name in self.headers}
        answer = requests.request(
            method, self.server.sandbox.url + self.path, data=body, headers=headers, timeout=30
        )
        if method == "POST":
            assert self.server.is_open.wait(60)
        self.send_response(answer.status_code)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def gate(sandbox: SandboxServer) -> Iterator[Gate]:
    """A gate that is shut."""
    with Gate(sandbox) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield made
        made.is_open.set()
        made.shutdown()
        thread.join()


@pytest.fixture
def sender(gate: Gate, sandbox: SandboxServer) -> Iterator[Sender]:
    """A sender behind the gate."""
    made = Sender(gate.url, sandbox.api_key)
    yield made
    made.end()


def state_of(folder: Path, fingerprint: str) -> Ledger:
    return Ledger(FolderStore(folder), fingerprint)


def test_frozen_between_intent_and_request_it_submits_once(
    sandbox: SandboxServer, client: ContactsClient, gate: Gate, sender: Sender, tmp_path: Path
) -> None:
    gate.is_open.set()
    for number in range(ROUNDS):
        folder = tmp_path / str(number)
        folder.mkdir()
        sender.begin(folder, stops=True)
        sender.until_frozen()
        retry = one_try(sandbox.url, sandbox.api_key, folder)
        assert retry.process_id is not None
        until_ended(client, retry.process_id)
        assert sender.thaw() == "IntentSuperseded"
        assert sandbox.imports_accepted() == number + 1
        assert state_of(folder, retry.fingerprint).record() == retry


def test_frozen_between_intent_and_request_it_submits_where_nobody_took_over(
    sandbox: SandboxServer, gate: Gate, sender: Sender, tmp_path: Path
) -> None:
    gate.is_open.set()
    sender.begin(tmp_path, stops=True)
    sender.until_frozen()
    assert sandbox.imports_accepted() == 0
    assert sender.thaw() == "1"


def test_frozen_between_request_and_answer_it_overwrites_nothing(
    sandbox: SandboxServer, client: ContactsClient, gate: Gate, sender: Sender, tmp_path: Path
) -> None:
    sender.begin(tmp_path)
    until(lambda: sandbox.imports_accepted() == 1)
    sender.freeze()
    until_ended(client, 1)
    retry = one_try(sandbox.url, sandbox.api_key, tmp_path)
    assert retry.process_id == 1
    assert retry.decision.startswith("adopted")
    gate.is_open.set()
    assert sender.thaw() == "IntentSuperseded"
    assert sandbox.imports_accepted() == 1
    after = state_of(tmp_path, retry.fingerprint)
    record = after.record()
    assert record is not None
    assert (record.process_id, record.decision) == (1, retry.decision)
    assert after.late_answers(record) == (1,)


def test_a_try_that_loses_its_record_while_it_uploads_keeps_the_last_byte_back(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed: list[str] = []

    def take_over(_: Ledger, intent: ImportRecord) -> None:
        """The retry takes over right after the intent was confirmed."""
        confirmed.append(intent.fingerprint)
        if len(confirmed) == 2:
            ledger_of(store).take_over()

    monkeypatch.setattr(Ledger, "confirm", take_over)
    with pytest.raises(IntentSuperseded):
        submit(client, ledger_of(store))
    assert sandbox.imports_accepted() == 0
