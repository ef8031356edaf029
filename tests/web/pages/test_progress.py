"""Imports that run now: what the pages tell of them, to whom, and that they follow by themselves."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from airflow.models.variable import Variable
from sqlalchemy import Engine, event

from email_contacts.api import Process
from email_contacts.imports.waiting.look_note import LookNote, look_key
from email_contacts.web.pages.progress import MAX_SHOWN
from tests.web.pages import users
from tests.web.pages.conftest import Reader
from tests.web.pages.entries import make_receipt, put
from tests.web.pages.running import Import, begun
from tests.web.pages.test_import import words
from tests.web.runs import CONN_ID

__all__ = ["begun"]

pytestmark = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)

QUEUE_TRIGGER = "email_contacts.trigger.ImportQueueTrigger"


def note(seen: dict[int, str], *, ago: float = 5.0, is_answered: bool = True) -> None:
    """Leave a look as the triggerer's poller does."""
    processes = [Process(one, "IMPORTUSER", status) for one, status in seen.items()]
    look = LookNote.of(processes, at=time.time() - ago, next_look_in=36, is_answered=is_answered)
    Variable.set(look_key(CONN_ID), look.to_text())


def detail(reader: Reader, run: Import) -> str:
    """The page of a run's progress, without markup."""
    return words(reader.text(f"/progress?dag_id={run.dag_id}&run_id={run.run_id}"))


def running(text: str) -> str:
    """What the list says of running imports, without markup."""
    found = re.search(r'<section class="ongoing".*?</section>', text, re.DOTALL)
    return words(found[0]) if found else ""


def test_an_import_that_waits_is_shown_with_what_the_platform_says(
    admin_reader: Reader, begun: Callable[..., Import]
) -> None:
    run = begun()
    run.is_prepared()
    run.is_submitted(78, 0)
    run.is_submitted(79, 1)
    run.waits(78, 79)
    note({78: "completed", 79: "in_process", 80: "in_process"})
    listed, told = running(admin_reader.text()), detail(admin_reader, run)
    for said in (listed, told):
        for part in (
            "customers.csv → into Newsletter on the platform",
            "1,000 rows read, 971 to send",
            "2 of 2 batches, 2 processes",
            "1 completed, 1 in process",
            "last look", "next look by", "gives up at 2027-01-15, 08:00:00",
        ):  # fmt: skip
            assert part in said, part
        assert "secret" not in said
    assert "to send 971 rejected 22 duplicates 7" in told
    assert "Processes 78, 79" in told


def test_a_look_that_came_before_the_wait_is_none(admin_reader: Reader, begun: Callable[..., Import]) -> None:
    run = begun()
    run.is_prepared()
    run.is_submitted(78, 0)
    run.waits(78)
    note({70: "completed"}, ago=3600)
    told = detail(admin_reader, run)
    assert "not looked at yet" in told
    assert "last look" not in told
    note({70: "completed"})
    assert "1 not seen yet" in detail(admin_reader, run)
    note({78: "in_process"}, is_answered=False)
    assert "the platform did not answer; trying again" in detail(admin_reader, run)
    Variable.set(look_key(CONN_ID), '{"at": 1e999, "statuses": 7}')
    assert "not looked at yet" in detail(admin_reader, run)


@pytest.mark.parametrize("task", ["import", "wait"])
def test_the_looks_of_a_wait_in_a_worker_are_shown_too(
    admin_reader: Reader, begun: Callable[..., Import], task: str
) -> None:
    run = begun()
    run.is_prepared()
    run.is_submitted(78, 0)
    run.waits_in_worker(task, {78: "in_process"})
    for said in (running(admin_reader.text()), detail(admin_reader, run)):
        for part in (
            "on the platform",
            "1 in process",
            "last look",
            "next look by",
            "gives up at 2027-01-15",
        ):
            assert part in said, part
    run.end(task, "up_for_retry")
    assert "last look" not in detail(admin_reader, run)


def test_what_is_asked_of_the_database_does_not_grow_with_what_runs(
    admin_reader: Reader, begun: Callable[..., Import]
) -> None:
    def with_imports(count: int) -> int:
        for _ in range(count):
            run = begun()
            run.is_prepared()
            run.is_submitted(78, 0)
            run.waits(78)
        asked: list[str] = []

        def note_query(*given: Any) -> None:
            asked.append(given[2])

        event.listen(Engine, "before_cursor_execute", note_query)
        try:
            admin_reader.text()
        finally:
            event.remove(Engine, "before_cursor_execute", note_query)
        return len(asked)

    few = with_imports(1)
    assert few > 5, "the queries of the page are seen"
    assert with_imports(4) == few


def test_more_running_imports_than_are_shown_are_counted_and_found_by_the_filters(
    admin_reader: Reader, begun: Callable[..., Import]
) -> None:
    oldest = begun()
    oldest.is_prepared()
    for _ in range(MAX_SHOWN):
        begun()
    said = running(admin_reader.text())
    assert f"Running {MAX_SHOWN + 1}" in said
    assert "1 more runs now" in said
    assert "customers.csv" not in said
    found = running(admin_reader.text("/?text=customers"))
    assert "customers.csv" in found
    assert "more runs now" not in found


def test_each_phase_is_named(admin_reader: Reader, begun: Callable[..., Import]) -> None:
    run = begun()
    assert "running" in running(admin_reader.text())
    run.task("prepare", "running")
    assert "reads and checks every row; sends nothing" in detail(admin_reader, run)
    assert "preparing" in running(admin_reader.text())
    run.end("prepare", "success")
    run.leaves("prepare", "rows", {"read": 10, "accepted": 9, "rejected": 1, "duplicates": 0})
    run.task("brakes", "deferred", trigger="airflow.providers.standard.triggers.hitl.HITLTrigger")
    assert "Approve or reject the run under Required Actions" in detail(admin_reader, run)
    run.end("brakes", "success")
    run.task("import", "deferred", map_index=0, trigger=QUEUE_TRIGGER)
    assert "waits until other imports of the account have ended" in detail(admin_reader, run)
    run.end("import", "running", map_index=0)
    assert "submitting" in detail(admin_reader, run)
    run.leaves("import", "submission", {"process_id": None, "submitted_at": None}, 0)
    assert "0 of 1 batch" in detail(admin_reader, run)
    run.end("import", "up_for_retry", map_index=0)
    assert "Failed or retried: import." in detail(admin_reader, run)
    run.end("import", "success", map_index=0)
    run.task("verify", "running")
    assert "verifying" in detail(admin_reader, run)
    run.end("verify", "success")
    run.end("receipt", "success")
    assert "No receipt." in detail(admin_reader, run)


def test_a_run_has_its_receipt_in_place_of_its_progress(
    admin_reader: Reader, begun: Callable[..., Import]
) -> None:
    run = begun()
    put((users.CRM, make_receipt(1)), run_id=run.run_id)
    assert running(admin_reader.text())
    run.end("receipt", "success")
    assert running(admin_reader.text()) == ""
    assert "1,000 rows read accepted 971" in detail(admin_reader, run)


@pytest.mark.parametrize(
    ("query", "is_listed"),
    [
        ("", True), ("state=running", True), ("state=failed", False), ("text=customers", True),
        ("text=78", True), ("text=nothing-like-it", False), ("list=newsl", True), ("list=4", True),
        ("list=5", False),
        ("from=2026-11-28", False),
    ],
)  # fmt: skip
def test_running_imports_are_narrowed_with_the_others(
    admin_reader: Reader, begun: Callable[..., Import], query: str, is_listed: bool
) -> None:
    run = begun()
    run.is_prepared()
    run.is_submitted(78, 0)
    assert bool(running(admin_reader.text(f"/?{query}"))) == is_listed


@pytest.mark.parametrize("user", [users.OF_CRM, users.STRANGER])
def test_who_may_not_read_the_dag_sees_nothing_of_its_imports(
    reader: Callable[[str], Reader], begun: Callable[..., Import], user: str
) -> None:
    run = begun(users.SHOP)
    run.is_prepared()
    person = reader(user)
    text = person.text()
    for secret in (users.SHOP, "customers.csv", run.run_id, 'class="ongoing"'):
        assert secret not in text
    assert person.get(f"/progress?dag_id={users.SHOP}&run_id={run.run_id}").status_code == 403
    assert person.get(f"/run?dag_id={users.SHOP}&run_id={run.run_id}").status_code == 403


def test_who_may_read_one_dag_sees_its_imports_only(
    reader: Callable[[str], Reader], begun: Callable[..., Import]
) -> None:
    theirs, others = begun(users.CRM), begun(users.SHOP)
    text = reader(users.OF_CRM).text()
    assert theirs.run_id in text.replace("%3A", ":")
    assert others.run_id not in text


def test_what_tasks_left_is_shown_as_text_and_what_makes_no_sense_is_left_out(
    admin_reader: Reader, begun: Callable[..., Import]
) -> None:
    run = begun()
    run.task("prepare", "success")
    run.is_given("prepare", source=f"/data/<script>alert(1)</script>{'x' * 10_000}\u202e")
    run.leaves("prepare", "rows", {"read": "many", "accepted": []})
    run.task("size_before", "success")
    run.leaves("size_before", "return_value", {"id": 4, "name": "<img src=x onerror=alert(1)>"})
    run.task("import", "success", map_index=0)
    run.leaves("import", "submission", {"process_id": "<b>", "submitted_at": "yesterday"}, 0)
    run.waits(78, deadline=float("1e300"))
    told = detail(admin_reader, run)
    assert "0 of 1 batch" in told
    for text in (admin_reader.get().text, told):
        for part in ("<script>alert", "<img src", "\u202e", "x" * 300):
            assert part not in text


def test_only_a_page_about_something_that_runs_reads_itself_again(
    admin_reader: Reader, begun: Callable[..., Import]
) -> None:
    put((users.CRM, make_receipt(1)))
    idle = admin_reader.get()
    assert "live.js" not in idle.text
    assert "http-equiv" not in idle.text
    assert "frame-src" not in idle.headers["content-security-policy"]
    begun()
    live = admin_reader.get()
    assert "/static/live.js" in live.text
    assert '<noscript><meta http-equiv="refresh" content="15"></noscript>' in live.text
    policy = live.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-src 'self'" in policy
    assert "connect-src" not in policy
    assert admin_reader.get("/static/live.js").headers["content-type"].startswith("text/javascript")
