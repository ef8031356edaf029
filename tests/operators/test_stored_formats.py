"""What the release before stored is understood: a task that was upgraded in the middle of an import goes on.

``stored/`` has what that release really stored (only its deadlines were moved to the year 2100): the state of
a task that had written an intent, of one that had submitted, and of one that waited for imports which may be
its own; the XCom; and the triggers with what they come back with.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from email_contacts.api import ContactsClient, ImportRequest
from email_contacts.imports.submission.import_job import fingerprint
from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.sandbox import SandboxServer
from email_contacts.sensor import ImportCompletedSensor
from email_contacts.trigger import ImportCompletedTrigger
from tests.deferral import event_of
from tests.imports.conftest import until_ended
from tests.operators.conftest import LIST
from tests.task_context import StateStore, make_context, pushed

if TYPE_CHECKING:
    from airflow.sdk import Context

STORED = json.loads((Path(__file__).parent / "stored" / "0.1.0.json").read_text())
ROWS = [{"email": "ada@example.com"}]


@pytest.fixture
def accepted(platform: ContactsClient) -> int:
    """The import that the release before had submitted; it has ended."""
    process_id = platform.import_contacts(ImportRequest(json_body=ROWS, list_ids=[LIST]))
    until_ended(platform, process_id)
    return process_id


def an_import(**arguments: Any) -> ImportContactsOperator:
    return ImportContactsOperator(
        task_id="import",
        list_ids=[LIST],
        json_body=ROWS,
        reconciliation_timeout=0,
        wait_for_completion=True,
        poll_interval=0.02,
        **arguments,
    )


def stored(what: str) -> Context:
    """The context of a task whose state is what the release before stored."""
    store = StateStore()
    store.update(STORED[what])
    return make_context(store)


def come_back(trigger: str, context: Context) -> Any:
    """Resume a deferred task as Airflow does, with the trigger that the release before had started."""
    prefix = "" if trigger == "trigger" else "awaiting_"
    path, arguments = STORED[trigger]
    assert path == f"{ImportCompletedTrigger.__module__}.{ImportCompletedTrigger.__qualname__}"
    resume = getattr(an_import(), STORED[f"{prefix}method"])
    event = event_of(ImportCompletedTrigger(**arguments))
    return resume(context, event=event, **(STORED[f"{prefix}kwargs"] or {}))


def test_an_intent_is_followed_up(accepted: int, sandbox: SandboxServer) -> None:
    context = stored("intent")
    assert an_import().execute(context) == accepted
    assert pushed(context)["submission"]["decision"].startswith("adopted")
    assert sandbox.imports_accepted() == 1


def test_a_submitted_import_is_reconnected_to(accepted: int, sandbox: SandboxServer) -> None:
    context = stored("submitted")
    assert an_import().execute(context) == accepted
    assert pushed(context)["submission"]["is_reconnected"] is True
    assert sandbox.imports_accepted() == 1


def test_a_deferred_task_comes_back(accepted: int, sandbox: SandboxServer) -> None:
    assert come_back("trigger", stored("submitted")) == accepted
    assert sandbox.imports_accepted() == 1


def test_a_task_that_waits_for_what_may_be_its_own_comes_back(accepted: int, sandbox: SandboxServer) -> None:
    context = stored("awaiting")
    assert come_back("awaiting_trigger", context) == accepted
    assert pushed(context)["submission"]["decision"].startswith("adopted")
    assert sandbox.imports_accepted() == 1


def test_the_sensor_takes_the_submission(accepted: int, context: Context) -> None:
    sensor = ImportCompletedSensor(task_id="wait", submissions=[STORED["xcom"]])
    (seen,) = sensor.execute(context)
    assert (seen["process_id"], seen["status"]) == (accepted, "completed")


def test_the_submission_still_has_every_field_that_it_had(accepted: int) -> None:
    context = stored("submitted")
    an_import().execute(context)
    assert STORED["xcom"].keys() <= pushed(context)["submission"].keys()


@pytest.mark.parametrize(
    "arguments", [{"notify_url": "https://example.com/done"}, {"disable_notification": True}]
)
def test_what_was_recorded_by_more_of_its_request_is_found(
    arguments: dict[str, Any], accepted: int, sandbox: SandboxServer
) -> None:
    """The release before took for another import what only told somebody else of the end."""
    request = ImportRequest(json_body=ROWS, list_ids=[LIST], **arguments)
    (entry,) = STORED["submitted"].values()
    former = fingerprint(request.former_identity())
    assert former != fingerprint(request.identity())
    store = StateStore({f"email_contacts.import.{former}": {**entry, "fingerprint": former}})
    operator = an_import(deferrable=False, **arguments)
    assert operator.execute(make_context(store)) == accepted
    assert sandbox.imports_accepted() == 1
    # Cleared, it imports again, and is found again by what it was recorded by.
    cleared = make_context(store)
    cleared["ti"].max_tries += 4
    second = operator.execute(cleared)
    assert operator.execute(cleared) == second != accepted
    assert sandbox.imports_accepted() == 2
