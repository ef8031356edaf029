"""The page that a poller hands on: what is in it, and for how long it counts."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from email_contacts.api import Process
from email_contacts.imports.waiting.newest_page import FRESH, NewestPage
from email_contacts.imports.waiting.process_status import ProcessStatuses
from email_contacts.imports.waiting.worker_wait import WaitOutcome

PAGE = NewestPage(
    (Process(9, "EXPORTUSER", "queued"), Process(8, "IMPORTUSER", "in_process")), seen_at=1_795_000_000.0
)


@pytest.mark.parametrize("page", [PAGE, NewestPage((), 1.5)])
def test_it_comes_through_an_event_as_it_was(page: NewestPage) -> None:
    event = json.loads(json.dumps(WaitOutcome(ProcessStatuses(()), newest_page=page).to_event()))
    assert WaitOutcome.from_event(event).newest_page == page


def test_what_a_process_reports_stays_behind() -> None:
    told = Process(8, "IMPORTUSER", "completed", info={"import": {"invalid_emails": "https://x/report.csv"}})
    assert "report" not in json.dumps(NewestPage((told,), 0.0).to_json())


@pytest.mark.parametrize(
    "page",
    [None, {}, {"seen_at": 1.0}, {"seen_at": "nan", "processes": []}, {"seen_at": 1, "processes": [7]}],
)
def test_an_event_without_a_page_that_can_be_used_is_read_without_it(page: Any) -> None:
    event = {"outcome": "seen", "processes": [], "error": "", "page": page}
    assert WaitOutcome.from_event(event).newest_page is None


def test_the_event_of_the_last_release_had_none() -> None:
    event = {"outcome": "seen", "processes": [], "error": ""}
    assert WaitOutcome.from_event(event) == WaitOutcome(ProcessStatuses(()))


@pytest.mark.parametrize(("age", "is_fresh"), [(0, True), (FRESH + 1, False), (-FRESH - 1, False)])
def test_it_counts_for_a_minute(age: float, is_fresh: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: PAGE.seen_at + age)
    assert PAGE.is_fresh is is_fresh
