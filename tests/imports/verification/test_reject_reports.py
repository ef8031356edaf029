"""Reading reject reports: each batch beside the report of its process, and no fault hides a reject."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from email_contacts.api import ContactsClient
from email_contacts.contacts.errors import StageError
from email_contacts.imports.verification.platform_rejects import PlatformReject
from email_contacts.imports.verification.reject_reports import Reports, SentBatch, platform_rejects
from tests.api.scripted_server import ScriptedServer, answers, answers_bytes

REPORT = b"row;value\n1;b@example.com\n2;nobody@example.com\n"


def batch(path: Path, *addresses: str, first: int = 1) -> SentBatch:
    """A staged body, in the form that its name says; its rows are numbered from ``first``."""
    table = "".join(["EMAIL;NAME\n", *(f'{address};"a;\nb"\n' for address in addresses)])
    if path.suffix == ".csv":
        path.write_text(table)
    elif path.stem == "text":
        path.write_text(json.dumps(table))
    else:
        path.write_text(json.dumps([{"email": address} for address in addresses]))
    return SentBatch(path, lambda: range(first, first + len(addresses)))


def rows(rejects: Sequence[PlatformReject]) -> list[int | None]:
    return [reject.row for reject in rejects]


@pytest.mark.parametrize("name", ["batch-00001.json", "text.json", "contacts.csv"])
def test_every_form_of_body_is_searched(name: str, tmp_path: Path) -> None:
    sent = batch(tmp_path / name, "a@example.com", "b@example.com", first=50)
    with (
        ScriptedServer([answers_bytes(200, REPORT)]) as server,
        ContactsClient(server.url, "key") as client,
    ):
        reports: dict[int, Reports] = {
            7: {"invalid_emails": f"{server.url}/r.csv", "duplicate_ext_id": 3},
        }
        assert rows(list(platform_rejects(client, reports, {7: sent}))) == [51, None]


def test_a_contact_is_looked_for_in_the_batch_of_its_process_only(tmp_path: Path) -> None:
    first = batch(tmp_path / "batch-00001.json", "b@example.com")
    second = batch(tmp_path / "batch-00002.json", "a@example.com", "b@example.com", first=2)
    report = answers_bytes(200, REPORT)
    with ScriptedServer([report, report]) as server, ContactsClient(server.url, "key") as client:
        reports = {number: {"invalid_emails": f"{server.url}/r.csv"} for number in (7, 8)}
        found = platform_rejects(client, reports, {7: first, 8: second})
        assert rows(list(found)) == [1, None, 3, None]


def test_a_report_that_is_gone_hides_no_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    sent = batch(tmp_path / "batch-00001.json", "b@example.com")
    with (
        ScriptedServer([answers(404), answers_bytes(200, REPORT)]) as server,
        ContactsClient(server.url, "key") as client,
    ):
        address = f"{server.url}/secret.csv"
        reports = {7: {"duplicate_email_id": address, "invalid_emails": address}}
        assert rows(list(platform_rejects(client, reports, {7: sent}))) == [1, None]
    assert "duplicate_email_id of process 7 cannot be listed" in caplog.text
    assert "secret" not in caplog.text
    assert "@example.com" not in caplog.text


def fault() -> Sequence[int]:
    raise StageError("no numbers")


@pytest.mark.parametrize("what", ["unknown", "gone", "no JSON", "no numbers"])
def test_without_its_batch_a_reject_has_no_number(what: str, tmp_path: Path) -> None:
    sent = batch(tmp_path / "batch-00001.json", "b@example.com")
    if what == "gone":
        sent.path.unlink()
    if what == "no JSON":
        (tmp_path / "batch-00001.json").write_text("[{")
    if what == "no numbers":
        sent = SentBatch(sent.path, fault)
    with (
        ScriptedServer([answers_bytes(200, REPORT)]) as server,
        ContactsClient(server.url, "key") as client,
    ):
        reports = {7: {"invalid_emails": f"{server.url}/r.csv"}}
        found = list(platform_rejects(client, reports, {} if what == "unknown" else {7: sent}))
    assert rows(found) == [None, None]


def test_no_more_are_listed_than_the_limit(tmp_path: Path) -> None:
    sent = batch(tmp_path / "batch-00001.json", *(f"p{one}@example.com" for one in range(9)))
    report = answers_bytes(200, b"value\n" + b"".join(b"p%d@example.com\n" % one for one in range(9)))
    with ScriptedServer([report, report]) as server, ContactsClient(server.url, "key") as client:
        reports = {number: {"invalid_emails": f"{server.url}/r.csv"} for number in (7, 8)}
        found = platform_rejects(client, reports, {7: sent, 8: sent}, limit=12)
        assert rows(list(found)) == [*range(1, 10), 1, 2, 3]
