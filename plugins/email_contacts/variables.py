"""What all tasks of an Airflow share: its variables, and what it knows of its tasks.

Used by workers and, from threads, by triggers.
"""

from __future__ import annotations

from collections.abc import Sequence

from airflow.sdk import Variable

from email_contacts.airflow_answers import is_tested, read_variable
from email_contacts.imports.shared_store import TaskKey


class SharedVariables:
    """The ``SharedStore`` of the submission queue and of the hourly budgets.

    A variable of the queue lives as long as its task is in the queue. Of a budget, and of the last look, one
    stays for a connection.
    """

    @property
    def takes_threads(self) -> bool:
        """Whether threads may use it besides the task's own: not in ``dag.test()``.

        There, what stands in for the supervisor is taken from the whole process while it answers.
        """
        return not is_tested()

    def keys(self, prefix: str) -> Sequence[str]:
        """List the keys that begin so, as they are now."""
        return list(Variable.keys(prefix))

    def get(self, key: str) -> str | None:
        """Return the text, or None."""
        return read_variable(key)

    def set(self, key: str, value: str) -> None:
        """Write the text; the description explains it to a reader in the UI."""
        Variable.set(
            key, value, description="Written by email_contacts (submission queue, hourly budget, last look)"
        )

    def delete(self, key: str) -> None:
        """Remove the key; nothing happens when it is not there."""
        Variable.delete(key)

    def task_state(self, task: TaskKey) -> str | None:
        """Return the state of a task instance; None when it has none, or does not exist."""
        from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

        dag_id, run_id, task_id, map_index = task
        states = RuntimeTaskInstance.get_task_states(
            dag_id, map_index=map_index, task_ids=[task_id], run_ids=[run_id]
        )
        name = task_id if map_index < 0 else f"{task_id}_{map_index}"
        state: str | None = states.get(run_id, {}).get(name)
        return state
