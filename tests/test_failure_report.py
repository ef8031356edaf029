"""A failed task's last line says what went wrong, and whether Airflow tries the task again."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse
from airflow.utils.state import TaskInstanceState

from email_contacts import failure_report
from email_contacts.api import Unavailable
from email_contacts.failure_report import on_task_instance_failed
from email_contacts.operators.lists import GetListOperator
from email_contacts.sensor import ImportCompletedSensor

LIST = GetListOperator(task_id="list", list_id=4)
AGAIN, FAILED = TaskInstanceState.UP_FOR_RETRY, TaskInstanceState.FAILED


class Derived(GetListOperator):
    """A team's own operator."""


def said(
    caplog: pytest.LogCaptureFixture, error: Any, *, task: Any = LIST, state: Any = FAILED
) -> list[tuple[int, str]]:
    """What is logged of a failed task: levels and lines."""
    with caplog.at_level(logging.INFO, failure_report.__name__):
        instance = SimpleNamespace(task=task, state=state, try_number=2, max_tries=3)
        on_task_instance_failed(instance, error)
    return [(one.levelno, one.getMessage()) for one in caplog.records if one.name == failure_report.__name__]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            AirflowFailException("list 4 is not there; give another one"),
            "list 4 is not there; give another one",
        ),
        (Unavailable("the platform answered 503"), "the platform answered 503"),
        (KeyError("batch"), "KeyError: 'batch'"),
        (MemoryError(), "MemoryError"),
        (AirflowFailException("3 of 9. Reasons: a.b 3. Fix it."), "3 of 9.\nReasons: a.b 3.\nFix it."),
    ],
)
def test_the_words_of_an_error_are_the_last_line_outside_of_any_group(
    error: Exception, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert said(caplog, error) == [(logging.INFO, "::endgroup::"), (logging.ERROR, words)]


def test_a_try_that_is_not_the_last_says_so(caplog: pytest.LogCaptureFixture) -> None:
    (_, last) = said(caplog, Unavailable("the platform answered 503."), state=AGAIN)
    assert last == (
        logging.WARNING,
        "the platform answered 503.\nAirflow tries this task again; this was try 2 of 4.",
    )


def test_a_task_that_the_api_server_does_not_answer_is_not_said_to_be_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cut_off = AirflowRuntimeError(
        ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail={"message": "timed out"})
    )
    (_, (level, line)) = said(caplog, cut_off)
    assert level == logging.WARNING
    assert "timed out" in line


@pytest.mark.parametrize(
    "task", [ImportCompletedSensor(task_id="wait", process_ids=[1]), Derived(task_id="own", list_id=4)]
)
def test_sensors_and_operators_that_derive_from_ours_report_too(
    task: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assert said(caplog, AirflowFailException("no"), task=task)[-1] == (logging.ERROR, "no")


@pytest.mark.parametrize(
    ("task", "error"),
    [
        (EmptyOperator(task_id="other"), ValueError("x")),
        (LIST, None),
        (LIST, "marked as failed"),
        (None, ValueError()),
    ],
)
def test_nothing_is_said_of_tasks_of_others_and_where_no_task_runs(
    task: Any, error: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The API server calls listeners, too, when somebody marks a task."""
    assert said(caplog, error, task=task) == []


def test_a_text_of_any_length_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    (_, (_, line)) = said(caplog, AirflowFailException("x" * 10_000))
    assert len(line) <= failure_report.LONGEST + 1
