"""Looking at processes: how much one look costs, and what it makes of what it sees."""

from __future__ import annotations

import logging

import pytest

from email_contacts.api import ContactsClient, NotFound, Process
from email_contacts.imports.errors import CannotTell, ImportFailed
from email_contacts.imports.waiting.process_status import ProcessStatuses, in_few_words, look
from email_contacts.sandbox import SandboxServer
from tests.imports.conftest import asked, submitted, until, until_ended

ROUTES = ("process", "processes")


def process(number: int, status: str, **rejects: int) -> Process:
    return Process(id=number, name="IMPORTUSER", status=status, info={"import": rejects})


def test_one_process_is_asked_for_by_its_id(sandbox: SandboxServer, client: ContactsClient) -> None:
    (one,) = submitted(client, 1)
    until_ended(client, one)
    sandbox_before = len(asked(sandbox, *ROUTES))
    assert [seen.id for seen in look(client, [one]).processes] == [one]
    assert asked(sandbox, *ROUTES)[sandbox_before:] == ["process"]


def test_many_processes_cost_one_request(sandbox: SandboxServer, client: ContactsClient) -> None:
    ids = submitted(client, 12)
    statuses = look(client, list(reversed(ids)))
    assert [seen.id for seen in statuses.processes] == list(reversed(ids))
    assert asked(sandbox, *ROUTES) == ["processes"]


def test_one_that_left_the_page_is_asked_for_singly(sandbox: SandboxServer, client: ContactsClient) -> None:
    ids = submitted(client, 51)
    assert [seen.id for seen in look(client, [ids[0], ids[-1]]).processes] == [ids[0], ids[-1]]
    assert asked(sandbox, *ROUTES) == ["processes", "process"]


def test_many_that_left_the_page_cost_further_pages_and_not_a_request_each(
    sandbox: SandboxServer, client: ContactsClient
) -> None:
    ids = submitted(client, 60)
    assert [seen.id for seen in look(client, ids).processes] == ids
    assert asked(sandbox, *ROUTES) == ["processes", "processes"]


def test_an_id_that_the_platform_does_not_know_is_an_error(
    sandbox: SandboxServer, client: ContactsClient
) -> None:
    (one,) = submitted(client, 1)
    for ids in ([999], [one, 999]):
        with pytest.raises(NotFound, match="999"):
            look(client, ids)


@pytest.mark.parametrize("status", ["404", "405"])
@pytest.mark.parametrize("ids", [[1], [1, 2]])
def test_without_a_process_route_nobody_can_tell(
    status: str, ids: list[int], sandbox: SandboxServer, client: ContactsClient
) -> None:
    sandbox.set_knobs(process_route=status)
    with pytest.raises(CannotTell, match="wait_for_completion=False"):
        look(client, ids)


def test_a_status_that_nobody_documented_is_running_and_is_logged(
    sandbox: SandboxServer, client: ContactsClient, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.set_knobs(final_status="marinating")
    (one,) = submitted(client, 1)
    until(lambda: client.process(one).status == "marinating")
    with caplog.at_level(logging.WARNING, logger="email_contacts.imports.waiting.process_status"):
        statuses = look(client, [one])
    assert not statuses.is_finished
    assert "marinating" in caplog.text


@pytest.mark.parametrize(
    ("statuses", "all_ended", "any_ended"),
    [
        ([], False, False),
        (["queued"], False, False),
        (["completed", "in_process"], False, True),
        (["completed", "failed"], True, True),
    ],
)
def test_what_is_enough(statuses: list[str], all_ended: bool, any_ended: bool) -> None:
    seen = ProcessStatuses(tuple(process(number, status) for number, status in enumerate(statuses, start=1)))
    assert seen.is_enough("all") is all_ended
    assert seen.is_enough("any") is any_ended


def test_statuses_survive_json() -> None:
    seen = ProcessStatuses((process(1, "completed", invalid_emails=3), process(2, "failed")))
    again = ProcessStatuses.from_json(seen.to_json())
    assert again.to_json() == seen.to_json()
    assert again.processes[0].rejects == {"invalid_emails": 3}
    assert again.processes[1].has_failed
    assert again.processes[0].is_import


def test_statuses_name_their_source() -> None:
    told = ProcessStatuses((process(1, "completed"), process(0, "completed")), ("process", "callback"))
    assert [(item["process_id"], item["told_by"]) for item in told.to_json()] == [
        (1, "process"),
        (None, "callback"),
    ]
    assert ProcessStatuses.from_json(told.to_json()) == told


def test_statuses_are_described_by_counts() -> None:
    seen = ProcessStatuses((process(1, "completed"), process(2, "in_process"), process(3, "completed")))
    assert seen.describe() == "2 completed, 1 in_process"


def test_failed_imports_are_named() -> None:
    ProcessStatuses((process(1, "completed"), process(2, "queued"))).raise_for_failed()
    with pytest.raises(ImportFailed, match=r"2 of 3 .*process 2 \(failed\), 3 \(cancelled\)"):
        ProcessStatuses(
            (process(1, "completed"), process(2, "failed"), process(3, "cancelled"))
        ).raise_for_failed()


def test_of_very_many_only_a_few_are_named() -> None:
    assert in_few_words(["a", "b"]) == "a, b"
    assert in_few_words([str(one) for one in range(10_000)], most=3) == "0, 1, 2 and 9997 more"
