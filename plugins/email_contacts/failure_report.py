"""The last line of a failed task's log: what went wrong, in words, and whether Airflow tries the task again.

A listener of Airflow's. Airflow logs an error with its traceback, whose frames follow the words, and opens
a group for callbacks and listeners, *Post Execute*, which the UI shows closed. This one ends that group, and
says the words once more. Every process of Airflow loads it with the plugin, so it imports next to nothing.
"""

from __future__ import annotations

import logging
import re
from typing import Any

from airflow.listeners import hookimpl

log = logging.getLogger(__name__)

OURS = "email_contacts."
LONGEST = 2_000
_AGAIN = "up_for_retry"
_SENTENCE = re.compile(r"\. (?=[A-Z])")


@hookimpl(trylast=True)
def on_task_instance_failed(task_instance: Any, error: Any) -> None:
    """Report the error of a task of this package, and of one that derives from it.

    :param task_instance: in a worker the one that runs; elsewhere there is no task that has a log.
    :param error: in a worker the exception.
    """
    task = getattr(task_instance, "task", None)
    if isinstance(error, BaseException) and any(
        one.__module__.startswith(OURS) for one in type(task).__mro__
    ):
        log.info("::endgroup::")
        log.log(_level(error, task_instance), "%s", report(error, task_instance))


def _level(error: BaseException, task_instance: Any) -> int:
    from airflow.sdk.exceptions import AirflowRuntimeError

    # Cut off from the API server a task cannot even say that it failed: the scheduler decides what follows.
    is_cut_off = isinstance(error, AirflowRuntimeError)
    is_over = str(task_instance.state) != _AGAIN and not is_cut_off
    return logging.ERROR if is_over else logging.WARNING


def report(error: BaseException, task_instance: Any) -> str:
    """Say what went wrong, and whether Airflow tries the task again.

    Each sentence is on its own line, because the UI does not wrap lines.

    :param error: its text is said; of errors that are not meant for people its type, too.
    """
    said = str(error).strip()
    if not type(error).__module__.startswith((OURS, "airflow.")):
        said = f"{type(error).__name__}: {said}".rstrip(": ")
    said = f"{said[:LONGEST]}…" if len(said) > LONGEST else said
    if str(task_instance.state) == _AGAIN:
        tries = f"try {task_instance.try_number} of {task_instance.max_tries + 1}"
        said = f"{said.rstrip('.')}. Airflow tries this task again; this was {tries}."
    return _SENTENCE.sub(".\n", said)
