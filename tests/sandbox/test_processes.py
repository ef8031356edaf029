"""Processes: states, reports, and a platform without the route (api-contract §2.3)."""

from __future__ import annotations

import csv
from typing import Any

import pytest
import requests

from tests.sandbox.rehearsal import Rehearsal, eventually

ROWS: list[dict[str, Any]] = [{"email": "a@example.com"}]


@pytest.mark.parametrize("word", ["in_process", "processing"])
def test_an_import_goes_through_its_states(sandbox: Rehearsal, word: str) -> None:
    sandbox.server.set_knobs(hold="queued", process_vocabulary=word)
    process_id = sandbox.submit(ROWS)

    def status() -> str:
        return str(sandbox.get(f"/processes/{process_id}")["status"])

    assert status() == "queued"
    assert sandbox.get("/contacts")["count"] == 0
    sandbox.server.set_knobs(hold="in_process")
    eventually(lambda: status() == word, what=word)
    eventually(lambda: sandbox.get("/contacts")["count"] == 1, what="the rows")
    assert status() == word, "the rows are there before the platform says so"
    sandbox.server.set_knobs(hold="none")
    eventually(lambda: status() == "completed", what="the end")


def test_an_import_takes_at_least_its_time(sandbox: Rehearsal) -> None:
    sandbox.server.set_knobs(queue_seconds=0.05, process_seconds=0.1)
    process_id = sandbox.submit(ROWS)
    sandbox.finished(process_id)
    with sandbox.server.account.database.reading() as connection:
        row = connection.execute("SELECT * FROM processes").fetchone()
    assert row["started_ms"] - row["created_ms"] >= 50
    assert row["finished_ms"] - row["started_ms"] >= 100


def test_imports_wait_out_their_time_side_by_side(sandbox: Rehearsal) -> None:
    sandbox.server.set_knobs(hold="in_process")
    first, second = sandbox.submit(ROWS), sandbox.submit([{"email": "b@example.com"}])
    eventually(lambda: sandbox.get("/contacts")["count"] == 2, what="the rows of both")
    states = {each["id"]: each["status"] for each in sandbox.get("/processes")["processes"]}
    assert states == {first: "in_process", second: "in_process"}


@pytest.mark.parametrize(("status", "contacts"), [("failed", 0), ("cancelled", 0), ("paused", 1)])
def test_an_import_may_end_otherwise(sandbox: Rehearsal, status: str, contacts: int) -> None:
    sandbox.server.set_knobs(final_status=status)
    process = sandbox.imported(ROWS)
    assert process == {"id": 1, "name": "IMPORTUSER", "status": status}, "and then has no info"
    assert sandbox.get("/contacts")["count"] == contacts


def test_info_is_missing_or_counts_or_urls(sandbox: Rehearsal) -> None:
    process_id = sandbox.submit([*ROWS, {"email": "bad"}, {"email": 'worse;"'}])
    info = sandbox.finished(process_id)["info"]["import"]
    assert list(info) == [
        "invalid_emails",
        "duplicate_contact_id",
        "duplicate_email_id",
        "duplicate_ext_id",
        "duplicate_phone_id",
        "duplicate_whatsapp_id",
        "duplicate_landline_number_id",
    ]
    url = info.pop("invalid_emails")
    assert set(info.values()) == {None}
    assert url.startswith(sandbox.server.url + "/reports/")
    report = requests.get(url, timeout=60)
    assert report.headers["content-type"] == "text/csv; charset=utf-8"
    assert list(csv.reader(report.text.splitlines(), delimiter=";")) == [
        ["row", "value"],
        ["2", "bad"],
        ["3", 'worse;"'],
    ]
    sandbox.server.set_knobs(info_import="int")
    assert sandbox.get(f"/processes/{process_id}")["info"]["import"]["invalid_emails"] == 2
    sandbox.server.set_knobs(info_import="absent")
    assert "info" not in sandbox.get(f"/processes/{process_id}")


def test_a_long_report_is_whole(sandbox: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("email_contacts.sandbox.process_rows._REPORT_PAGE", 7)
    process = sandbox.imported([*ROWS, *({"email": f"bad {i}"} for i in range(20))])
    lines = requests.get(process["info"]["import"]["invalid_emails"], timeout=60).text.splitlines()
    assert len(lines) == 1 + 20


def test_a_report_is_not_guessed(sandbox: Rehearsal) -> None:
    url = sandbox.imported([*ROWS, {"email": "bad"}])["info"]["import"]["invalid_emails"]
    assert requests.get(url.replace("invalid_emails", "nonsense"), timeout=60).status_code == 404
    assert requests.get(sandbox.server.url + "/reports/1/invalid_emails.csv", timeout=60).status_code == 404


def test_processes_are_paged(sandbox: Rehearsal) -> None:
    for _ in range(3):
        sandbox.imported(ROWS)

    def ids(**params: Any) -> list[int]:
        return [each["id"] for each in sandbox.get("/processes", **params)["processes"]]

    assert ids() == [3, 2, 1]
    assert ids(sort="asc", offset=1) == [2, 3]
    assert sandbox.get("/processes", limit=1)["count"] == 3
    assert sandbox.refusal("GET", "/processes/99") == (404, "document_not_found")


@pytest.mark.parametrize(("missing", "code"), [("404", "not_found"), ("405", "method_not_allowed")])
def test_the_process_routes_may_be_missing(sandbox: Rehearsal, missing: str, code: str) -> None:
    sandbox.imported(ROWS)
    sandbox.server.set_knobs(process_route=missing)
    for path in ("/processes", "/processes/1"):
        assert sandbox.refusal("GET", path) == (int(missing), code)
