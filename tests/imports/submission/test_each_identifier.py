"""Contacts that are known by one identifier only, of every kind: compared, verified, joined to reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from email_contacts.api import ContactsClient, ImportRequest
from email_contacts.imports.submission.batch_sample import BatchSample, Comparison
from email_contacts.imports.submission.import_record import now
from email_contacts.imports.submission.named_rejects import named_in
from email_contacts.imports.verification.platform_rejects import joined
from email_contacts.imports.verification.reject_reports import SentBatch, platform_rejects
from email_contacts.imports.verification.verdict import COMPLETED
from email_contacts.sandbox import SandboxServer
from tests.imports.conftest import LIST, until_ended
from tests.imports.verification.staged import Staged

# Each kind as a source may have it; the platform keeps the digits of a number (api-contract §3).
KINDS = {
    "EXT_ID": ("crm-{}", "crm-{}"),
    "SMS": ("+49 171 123456{}", "49171123456{}"),
    "WHATSAPP": ("+49 172 123456{}", "49172123456{}"),
    "LANDLINE_NUMBER": ("+49 30 123456{}", "4930123456{}"),
}
# How a report may call them.
COLUMNS = {
    "EXT_ID": ["EXT_ID", "ext id"],
    "SMS": ["SMS", "phone_number"],
    "WHATSAPP": ["WHATSAPP", "WhatsApp number"],
    "LANDLINE_NUMBER": ["LANDLINE_NUMBER", "landline"],
}
REASONS = {
    "EXT_ID": "duplicate_ext_id",
    "SMS": "duplicate_phone_id",
    "WHATSAPP": "duplicate_whatsapp_id",
    "LANDLINE_NUMBER": "duplicate_landline_number_id",
}
each_kind = pytest.mark.parametrize("kind", KINDS)


def rows_of(kind: str, *, firstname: str = "Ada", number: int = 3) -> list[dict[str, Any]]:
    written, _ = KINDS[kind]
    return [
        {"attributes": {kind: written.format(one), "FIRSTNAME": firstname}} for one in range(1, number + 1)
    ]


def request_of(rows: list[dict[str, Any]], *, form: str = "json") -> ImportRequest:
    if form == "json":
        return ImportRequest(json_body=rows, list_ids=[LIST])
    cells = [list(row["attributes"].values()) for row in rows]
    lines = [";".join(line) for line in ([*rows[0]["attributes"]], *cells)]
    return ImportRequest(file_body="\n".join(lines), list_ids=[LIST])


def imported(client: ContactsClient, request: ImportRequest) -> int:
    process_id = client.import_contacts(request)
    until_ended(client, process_id)
    return process_id


@pytest.mark.parametrize("since", [True, False], ids=["on the list's pages", "one by one"])
@pytest.mark.parametrize("form", ["json", "csv"])
@each_kind
def test_a_lost_answer_is_proved_by_their_values(
    kind: str, form: str, since: bool, client: ContactsClient, sandbox: SandboxServer
) -> None:
    request, began = request_of(rows_of(kind), form=form), now()
    imported(client, request)
    moment = began if since else None
    assert BatchSample.of(request).compare(client, [LIST], since=moment) == Comparison(3, 3, 3, 3, 3)
    others = request_of(rows_of(kind, firstname="Eda"), form=form)
    assert BatchSample.of(others).compare(client, [LIST], since=moment) == Comparison(3, 3, 3, 0, 0)
    more = request_of(rows_of(kind, number=4), form=form)
    assert BatchSample.of(more).compare(client, [LIST], since=moment) == Comparison(4, 4, 3, 3, 3)


@each_kind
def test_their_arrival_is_verified(
    kind: str, client: ContactsClient, sandbox: SandboxServer, tmp_path: Path
) -> None:
    began, staged, rows = now(), Staged(tmp_path), rows_of(kind)
    verdict = staged.add(rows, imported(client, request_of(rows)), since=began).verdict(client)
    assert verdict.state == COMPLETED
    assert (verdict.verification["on_lists"], verdict.verification["matching"]) == (3, 3)


@each_kind
def test_the_platforms_reject_is_joined_to_its_row(
    kind: str, client: ContactsClient, sandbox: SandboxServer, tmp_path: Path
) -> None:
    """A second row about the same contact, which the platform takes and reports."""
    rows = [*rows_of(kind), rows_of(kind)[1]]
    path = tmp_path / "batch-00001.json"
    path.write_text(json.dumps(rows))
    process_id = imported(client, request_of(rows))
    reports = {process_id: client.process(process_id).rejects}
    sent = {process_id: SentBatch(path, lambda: [10, 20, 30, 40])}
    (reject,) = platform_rejects(client, reports, sent)
    assert (reject.row, reject.field, reject.rule) == (40, kind, REASONS[kind])


@pytest.mark.parametrize(
    ("kind", "column"),
    [(kind, column) for kind, columns in COLUMNS.items() for column in (*columns, "value")],
)
@pytest.mark.parametrize("reason", ["its own", "a_new_reason"])
def test_a_report_names_them_in_many_ways(kind: str, column: str, reason: str) -> None:
    written, stored = KINDS[kind]
    rule = REASONS[kind] if reason == "its own" else reason
    for text in (written.format(2), stored.format(2)):
        (reject,) = joined(list(named_in(rule, [{column: text}])), rows_of(kind), [10, 20, 30])
        assert reject.row == 20


@pytest.mark.parametrize("kind", ["SMS", "WHATSAPP", "LANDLINE_NUMBER"])
def test_a_report_may_name_the_address_that_the_platform_made_of_a_number(kind: str) -> None:
    address = f"{KINDS[kind][1].format(2)}@mailin-sms.com"
    (reject,) = joined(list(named_in("a_new_reason", [{"EMAIL": address}])), rows_of(kind), [10, 20, 30])
    assert reject.row == 20
