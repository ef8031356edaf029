"""A sensor in a worker keeps the account's hourly budget, and misses no end by that."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from email_contacts.api import ContactsClient
from email_contacts.hook import ContactsHook
from email_contacts.imports.waiting.look_note import LOOK, LookNote
from email_contacts.sandbox import SandboxServer
from tests.conftest import connect
from tests.imports.conftest import asked, submitted, until_ended
from tests.sensing import sensor
from tests.task_context import SharedStore

if TYPE_CHECKING:
    from airflow.sdk import Context

PER_HOUR = 5


@pytest.fixture(autouse=True)
def connection(sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, sandbox, stage=tmp_path, requests_per_second=1000, process_polls_per_hour=PER_HOUR)
    SharedStore().stand_in(monkeypatch)


@pytest.fixture
def platform(sandbox: SandboxServer) -> Iterator[ContactsClient]:
    with ContactsClient(sandbox.url, sandbox.api_key, requests_per_second=1000) as client:
        yield client


def looks(sandbox: SandboxServer) -> int:
    return asked(sandbox).count("process")


def test_what_the_budget_does_not_allow_is_not_asked(
    context: Context, sandbox: SandboxServer, platform: ContactsClient
) -> None:
    sandbox.set_knobs(hold="in_process")
    task = sensor(submitted(platform, 1), deferrable=False, timeout=1000.0)
    before = looks(sandbox)
    assert [bool(task.poke(context).is_done) for _ in range(10)] == [False] * 10
    assert looks(sandbox) == before + 1


def test_a_poke_that_was_rescheduled_is_not_a_first_one(
    context: Context, sandbox: SandboxServer, platform: ContactsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.set_knobs(hold="in_process")
    ids = submitted(platform, 1)
    while not ContactsHook().budget.take():
        pass
    began = datetime.now(timezone.utc)
    monkeypatch.setattr(context["ti"], "get_first_reschedule_date", lambda _: began, raising=False)
    before = looks(sandbox)
    task = sensor(ids, deferrable=False, mode="reschedule", timeout=1000.0)
    assert not task.poke(context).is_done
    assert looks(sandbox) == before


def test_a_poke_after_which_there_is_no_time_for_another_looks_in_any_case(
    context: Context, sandbox: SandboxServer, platform: ContactsClient
) -> None:
    sandbox.set_knobs(hold="in_process")
    ids = submitted(platform, 1)
    while not ContactsHook().budget.take():
        pass
    task = sensor(ids, deferrable=False, timeout=1000.0, poke_interval=1000.0)
    assert not task.poke(context).is_done
    sandbox.set_knobs(hold="none")
    until_ended(platform, ids[0])
    assert task.poke(context).is_done


def test_what_a_worker_saw_is_left_where_people_see_it(
    context: Context, sandbox: SandboxServer, platform: ContactsClient
) -> None:
    sandbox.set_knobs(hold="in_process")
    (process_id,) = submitted(platform, 1)
    task = sensor([process_id], deferrable=False, timeout=1000.0)
    for _ in range(3):  # the last two find no budget, and leave what was seen
        task.poke(context)
    left = cast("Any", context["ti"]).pushed[LOOK]
    note = LookNote.parse(left["note"])
    assert note is not None
    assert note.statuses == {process_id: "in_process"}
    assert left["deadline"] > note.next_at
