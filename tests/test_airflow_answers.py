"""What cannot be read now is not missing: against Airflow's own code, of which only the other end is ours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException, AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import (
    ConnectionResult,
    ErrorResponse,
    GetConnection,
    GetVariable,
    GetVariableKeys,
    VariableKeysResult,
    VariableResult,
)

from email_contacts.airflow_answers import read_connection, read_variable
from email_contacts.connection import InvalidConnection
from email_contacts.hook import ContactsHook
from email_contacts.operators._source_arguments import database_hook
from email_contacts.trigger import read_connection as read_connection_for_triggers
from email_contacts.variables import SharedVariables

DOWN = ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail={"status_code": 503})
NO_CONNECTION = ErrorResponse(error=ErrorType.CONNECTION_NOT_FOUND)
NO_VARIABLE = ErrorResponse(error=ErrorType.VARIABLE_NOT_FOUND)
NOTHING = dict.fromkeys(("host", "schema", "login", "port", "extra"))
FOUND = ConnectionResult.model_validate(
    {"conn_id": "shop", "conn_type": "email_contacts", "password": "k", "type": "ConnectionResult", **NOTHING}
)


class Supervisor:
    """What stands at the other end of a task's socket; answers each kind of question in turn."""

    def __init__(self, **answers: Any) -> None:
        self._answers: dict[str, Iterator[Any]] = {kind: iter(some) for kind, some in answers.items()}

    def send(self, question: Any) -> Any:
        kinds: dict[Any, str] = {
            GetConnection: "connection",
            GetVariable: "variable",
            GetVariableKeys: "keys",
        }
        answer = next(self._answers[kinds[type(question)]]) if type(question) in kinds else None
        return VariableKeysResult(keys=answer, total_entries=len(answer)) if type(answer) is list else answer

    async def asend(self, question: Any) -> Any:
        return self.send(question)


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def set_up(**answers: Any) -> None:
        monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", Supervisor(**answers), raising=False)

    return set_up


def test_a_connection_that_is_missing_is_missing(answered: Callable[..., None]) -> None:
    answered(connection=[NO_CONNECTION] * 2, keys=[[]] * 2)
    with pytest.raises(InvalidConnection, match="there is no connection 'shop'"):
        _ = ContactsHook("shop").settings


def test_one_that_cannot_be_read_is_not(answered: Callable[..., None]) -> None:
    answered(connection=[DOWN] * 3, keys=[DOWN] * 3)
    with pytest.raises(AirflowRuntimeError, match="API_SERVER_ERROR"):
        _ = ContactsHook("shop").settings
    with pytest.raises(AirflowRuntimeError, match="API_SERVER_ERROR"):
        database_hook("shop")
    with pytest.raises(AirflowRuntimeError, match="API_SERVER_ERROR"):
        asyncio.run(read_connection_for_triggers("shop"))


def test_one_that_can_be_read_only_when_it_is_asked_for_again_is_found(answered: Callable[..., None]) -> None:
    answered(connection=[DOWN, FOUND], keys=[[]])
    assert read_connection("shop").password == "k"


def test_airflow_that_fails_once_more_is_not_believed(answered: Callable[..., None]) -> None:
    answered(connection=[NO_CONNECTION, DOWN], keys=[[], DOWN])
    with pytest.raises(AirflowRuntimeError):
        read_connection("shop")


def test_a_variable_that_is_missing_is_missing(answered: Callable[..., None]) -> None:
    answered(variable=[NO_VARIABLE], keys=[["a key and more"]])
    assert SharedVariables().get("a key") is None


def test_one_that_does_not_come_is_asked_for_again(answered: Callable[..., None]) -> None:
    answered(variable=[DOWN, VariableResult(key="a", value="1")], keys=[["a"]])
    assert SharedVariables().get("a") == "1"


def test_a_variable_that_cannot_be_read_is_not_missing(answered: Callable[..., None]) -> None:
    answered(variable=[DOWN], keys=[DOWN])
    with pytest.raises(AirflowRuntimeError):
        read_variable("a")
    answered(variable=[DOWN, DOWN], keys=[["a"], ["a"]])
    with pytest.raises(AirflowException, match="has the variable a and did not give it"):
        read_variable("a")


def test_where_no_supervisor_is_airflow_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(task_runner, "SUPERVISOR_COMMS", raising=False)
    with pytest.raises(AirflowNotFoundException):
        read_connection("a_connection_that_is_not_there")
