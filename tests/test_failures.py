"""Which errors fail a task at once, and which are left to its retries."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from email_contacts import api
from email_contacts.arguments import InvalidArgument
from email_contacts.connection import InvalidConnection
from email_contacts.contacts.errors import PreparationError, SourceBroken, SourceMissing
from email_contacts.failures import failing_at_once
from email_contacts.imports import errors
from email_contacts.imports.waiting.worker_wait import WaitingFailed
from email_contacts.trigger import ImportCompletedTrigger

PERMANENT: list[Exception] = [
    InvalidArgument("why"),
    InvalidConnection("why"),
    api.InvalidRequest("why"),
    api.BadRequest("why"),
    api.DuplicateContact("why"),
    api.Unauthorized("why"),
    api.Forbidden("why"),
    api.NotFound("why"),
    api.RouteMissing("why"),
    PreparationError("why"),
    SourceMissing("why"),
    errors.ImportFailed("why"),
    errors.SubmissionUnknown("why"),
    errors.CannotTell("why"),
    errors.ImportNotAccountedFor("why"),
]
PASSING: list[Exception] = [
    api.NotSent("why"),
    api.OutcomeUnknown("why"),
    api.Unavailable("why"),
    api.RateLimited("why"),
    api.UnexpectedAnswer("why"),
    errors.ImportTimeout("why"),
    WaitingFailed("why"),
    SourceBroken("why"),
    OSError("why"),
]


def raise_inside(error: BaseException) -> None:
    with failing_at_once():
        raise error


@pytest.mark.parametrize("error", PERMANENT, ids=lambda error: type(error).__name__)
def test_what_no_retry_can_mend_fails_at_once_with_its_message_and_cause(error: Exception) -> None:
    with pytest.raises(AirflowFailException, match=r"^why$") as caught:
        raise_inside(error)
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", PASSING, ids=lambda error: type(error).__name__)
def test_what_may_pass_is_left_as_it_is(error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        raise_inside(error)
    assert caught.value is error


def test_every_error_that_is_safe_to_retry_is_left_to_the_retries() -> None:
    """The list is not kept by hand alone: it must agree with what the errors know of themselves."""
    assert not [error for error in PERMANENT if getattr(error, "safe_to_retry", False)]


def test_a_deferral_passes() -> None:
    trigger = ImportCompletedTrigger(conn_id="c", process_ids=[1], deadline=0, not_before=0)
    deferred = TaskDeferred(trigger=trigger, method_name="execute_complete")
    with pytest.raises(TaskDeferred) as caught:
        raise_inside(deferred)
    assert caught.value is deferred
