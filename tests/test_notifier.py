"""``ImportNotifier``: which end of a task is worth a message, and what it says."""

from __future__ import annotations

import json
import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_string
from email.message import Message
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.sdk.bases.notifier import BaseNotifier
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSensorTimeout

from email_contacts.arguments import InvalidArgument
from email_contacts.contacts.errors import InvalidOption
from email_contacts.imports.errors import DeadlinePassed
from email_contacts.notifier import EVENTS, ImportNotifier
from tests.conftest import PROJECT
from tests.imports.verification.test_receipt import receipt, verdict

if TYPE_CHECKING:
    from airflow.sdk import Context

SENT: list[dict[str, Any]] = []


class Recorder(BaseNotifier):
    """Keeps what it would send."""

    template_fields = ("subject", "text")

    def __init__(self, subject: str = "{{ import_subject }}", text: str = "{{ import_text }}") -> None:
        super().__init__()
        self.subject = subject
        self.text = text

    def notify(self, context: Context) -> None:
        event = cast("Any", context)["import_event"]
        SENT.append({"event": event, "subject": self.subject, "text": self.text})


class Broken(Recorder):
    """Cannot send."""

    def notify(self, context: Context) -> None:
        raise ConnectionError("person.1@example.com refused")


class TaskInstance:
    dag_id, run_id, task_id = "a_dag", "a_run", "receipt"
    log_url, map_index = "http://airflow.example/log", -1

    def __init__(self, document: dict[str, Any] | None) -> None:
        self.document = document

    def xcom_pull(self, *, task_ids: str, key: str, map_indexes: int) -> Any:
        assert (task_ids, key, map_indexes) == ("receipt", "receipt", -1)
        return self.document


@pytest.fixture(autouse=True)
def sent() -> list[dict[str, Any]]:
    SENT.clear()
    return SENT


def context_of(document: dict[str, Any] | None, exception: Exception | None = None) -> Any:
    return {"ti": TaskInstance(document), "exception": exception}


def notify(notifier: ImportNotifier, document: dict[str, Any] | None, exception: Any = None) -> None:
    notifier(context_of(document, exception))


@pytest.mark.parametrize(
    ("state", "platform", "rejects_over", "event"),
    [
        ("completed", {}, "5%", "completed"),
        ("completed", {}, 0, "rejects"),
        ("completed", {"invalid_emails": 40}, "5%", "rejects"),
        ("dry_run", {}, "5%", "completed"),
        ("failed", {}, "5%", "failed"),
        ("unknown", {}, "5%", "failed"),
    ],
)
def test_a_receipt_decides_which_event_it_is(
    state: str, platform: dict[str, int], rejects_over: int | str, event: str, sent: list[dict[str, Any]]
) -> None:
    document = receipt(judged=verdict(state, platform=platform)).to_json()
    notify(ImportNotifier([Recorder()], events=EVENTS, rejects_over=rejects_over), document)
    (one,) = sent
    assert one["event"] == event
    assert one["subject"].startswith("a_dag: ")
    assert one["text"].endswith("Log: http://airflow.example/log")
    others = [other for other in EVENTS if other != event]
    notify(ImportNotifier([Recorder()], events=others, rejects_over=rejects_over), document)
    assert sent == [one]


@pytest.mark.parametrize(
    ("exception", "event"),
    [
        (AirflowSensorTimeout("still running"), "stuck"),
        (DeadlinePassed("still running"), "stuck"),
        (ValueError("person.1@example.com"), "failed"),
    ],
)
def test_a_task_without_a_receipt_is_told_by_its_error(
    exception: Exception, event: str, sent: list[dict[str, Any]]
) -> None:
    notify(ImportNotifier([Recorder()]), None, exception)
    (one,) = sent
    assert one["event"] == event
    assert type(exception).__name__ in one["text"]
    assert "example.com" not in one["text"].replace("airflow.example", "")


def test_an_error_that_was_turned_into_a_failure_at_once_is_judged_by_its_cause(
    sent: list[dict[str, Any]],
) -> None:
    failure = AirflowFailException("still running")
    failure.__cause__ = DeadlinePassed("still running")
    notify(ImportNotifier([Recorder()]), None, failure)
    assert [one["event"] for one in sent] == ["stuck"]


def test_a_notifier_can_be_used_again_with_other_values(sent: list[dict[str, Any]]) -> None:
    notifier = ImportNotifier([Recorder()])
    notify(notifier, receipt(judged=verdict("failed")).to_json())
    notify(notifier, receipt(judged=verdict("unknown")).to_json())
    assert sent[0]["subject"] != sent[1]["subject"]


def test_a_notifier_that_cannot_send_does_not_keep_the_others_from_it(
    sent: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    notifier = ImportNotifier([Broken(), Recorder()])
    with pytest.raises(AirflowException, match="not sent by Broken: ConnectionError") as raised:
        notify(notifier, receipt(judged=verdict("failed")).to_json())
    assert len(sent) == 1
    assert "person.1" not in str(raised.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        *(({"events": some}, r"events=.* must be a list") for some in (["done"], "failed", [], None, [1])),
        *(({"rejects_over": some}, r"rejects_over=.* is neither") for some in ("many", -1, True)),
        *(
            ({"notifiers": some}, "must be a list of one notifier")
            for some in (Recorder(), [], None, "x", [None])
        ),
    ],
)
def test_a_wrong_argument_is_refused_when_the_dag_is_parsed(arguments: Any, message: str) -> None:
    with pytest.raises((InvalidArgument, InvalidOption), match=message):
        ImportNotifier(**{"notifiers": [Recorder()], **arguments})


def test_it_sends_through_the_smtp_notifier(monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server() as (port, mails):
        options = {"disable_ssl": True, "disable_tls": True, "from_email": "airflow@example.com"}
        connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": json.dumps(options)}
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(connection))
        smtp = SmtpNotifier(
            to="team@example.com", subject="{{ import_subject }}", html_content="{{ import_html }}"
        )
        document = receipt(judged=verdict(platform={"<script>": 3})).to_json()
        notify(ImportNotifier([smtp]), document)
    mail = message_from_string(mails[0])
    assert mail["Subject"].startswith("a_dag: import into list 7")
    (part,) = cast("list[Message]", mail.get_payload())
    body = cast("bytes", part.get_payload(decode=True)).decode()
    assert "<script>" not in body
    assert "&lt;script&gt;" in body


class _Smtp(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as it takes to be handed one message."""

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        for line in self.rfile:
            word = line[:4].upper()
            self.wfile.write(b"354 go on\r\n" if word == b"DATA" else b"250 well\r\n")
            if word == b"DATA":
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.mails.append(b"".join(lines).decode())  # type: ignore[attr-defined]
                self.wfile.write(b"250 well\r\n")
            if word == b"QUIT":
                return


@contextmanager
def mail_server() -> Iterator[tuple[int, list[str]]]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Smtp) as server:
        mails: list[str] = []
        server.mails = mails  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1], mails
        finally:
            server.shutdown()


def test_the_page_of_notifications_has_an_example_that_works_and_names_all_events() -> None:
    page = (PROJECT / "docs" / "notifications.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    made: dict[str, Any] = {
        "batches": SimpleNamespace(output=[1]), "verify": SimpleNamespace(output={}), "manifest_uri": "",
    }  # fmt: skip
    exec(example, made)
    tell, wait, receipt = made["tell"], made["wait"], made["receipt"]
    assert list(wait.on_failure_callback) == [tell]
    assert list(receipt.on_success_callback) == list(receipt.on_failure_callback) == [tell]
    table = re.findall(r"^\| `(\w+)` \|.*\| (yes|no) \|$", page, re.MULTILINE)
    assert [event for event, _ in table] == list(EVENTS)
    assert tuple(event for event, is_sent in table if is_sent == "yes") == tell.events
