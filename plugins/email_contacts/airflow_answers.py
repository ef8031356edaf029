"""Connections and variables of Airflow, of which one that cannot be read now is not taken for missing.

Airflow tells a task that there is no such connection, or no such variable, also when its API server did not
answer. What keys its variables have is a question to which it answers honestly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseHook, Variable
from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException

if TYPE_CHECKING:
    from airflow.sdk import Connection

# Airflow may begin to answer between one question and the next.
_ASKED = 2
_ANY_KEYS = "email_contacts"


def read_connection(conn_id: str) -> Connection:
    """Read a connection.

    :param conn_id: its id.
    :raises AirflowNotFoundException: when there certainly is none.
    :raises AirflowRuntimeError: when Airflow does not answer; it may, when it is asked again.
    """
    for _ in range(_ASKED):
        try:
            return BaseHook.get_connection(conn_id)
        except AirflowNotFoundException as error:
            missing = error
        check_airflow_answers()
    raise missing


def read_variable(key: str) -> str | None:
    """Read a variable of the metadata database.

    :param key: its key.
    :return: None when there certainly is none.
    :raises AirflowRuntimeError: when Airflow does not answer.
    :raises AirflowException: when it has the variable and does not give it.
    """
    for _ in range(_ASKED):
        value: str | None = Variable.get(key, default=None)
        if value is not None or key not in Variable.keys(key):
            return value
    raise AirflowException(f"Airflow has the variable {key} and did not give it")


def check_airflow_answers() -> None:
    """Check that Airflow answers, where it is asked at all: not where this process reads its database itself.

    :raises AirflowRuntimeError: when it does not.
    """
    if _supervisor() is not None and not is_tested():
        len(Variable.keys(_ANY_KEYS))  # which asks


def is_tested() -> bool:
    """Whether this is ``dag.test()``: something in this process stands in for the supervisor of tasks."""
    return type(_supervisor()).__name__ == "InProcessSupervisorComms"


def _supervisor() -> object | None:
    from airflow.sdk.execution_time import task_runner

    return getattr(task_runner, "SUPERVISOR_COMMS", None)
