"""The sensor: has the platform finished these imports?"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator, Context, PokeReturnValue
from airflow.sdk.exceptions import AirflowException, AirflowSensorTimeout, AirflowSkipException

from email_contacts.arguments import InvalidArgument, as_ids
from email_contacts.connection import DEFAULT_CONN_ID
from email_contacts.failures import failing_at_once
from email_contacts.hook import ContactsHook
from email_contacts.imports.errors import ImportTimeout
from email_contacts.imports.waiting import WaitOutcome, try_to_look
from email_contacts.trigger import RESUME_GRACE, ImportCompletedTrigger

if TYPE_CHECKING:
    from email_contacts.arguments import IdsArg

_DEADLINE = "email_contacts.deadline"


class ImportCompletedSensor(BaseSensorOperator):
    """Wait until imports have completed; fail when one of them failed.

    Deferrable by default: it looks once, and then waits in the triggerer without a worker slot. One
    request asks for many processes. Both modes end alike: a failed import fails the task without retries,
    the time-out raises ``AirflowSensorTimeout``, and ``soft_fail`` turns either into a skip.

    :param process_ids: one process id or several. Templated.
    :param conn_id: a connection of type ``email_contacts``. Templated.
    :param deferrable: wait in the triggerer (default), or in the worker with Airflow's sensor modes.
    :param poke_interval: seconds between looks. None (default): in the triggerer quick at first, then
        stretched to the connection's ``process_polls_per_hour``; in the worker 60.
    :param timeout: seconds until the wait ends. In the triggerer counted from the first try of the task,
        in the worker as Airflow counts them.
    :return: one dictionary per process: ``process_id``, ``status``, ``rejects`` (as the platform reports
        them, api-contract §2.3).
    """

    template_fields: Sequence[str] = ("conn_id", "process_ids")
    ui_color = "#e8f1fb"

    def __init__(
        self,
        *,
        process_ids: IdsArg,
        conn_id: str = DEFAULT_CONN_ID,
        deferrable: bool = True,
        poke_interval: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(poke_interval=60 if poke_interval is None else poke_interval, **kwargs)
        self.process_ids = process_ids
        self.conn_id = conn_id
        self.deferrable = deferrable
        self.trigger_interval = poke_interval

    @cached_property
    def hook(self) -> ContactsHook:
        """The hook of this task's connection."""
        return ContactsHook(conn_id=self.conn_id)

    def poke(self, context: Context) -> PokeReturnValue:
        """Look once; a platform that cannot be asked now is a look that saw nothing."""
        with failing_at_once():
            sighting = try_to_look(self.hook.client, self._ids())
            if sighting is None or not sighting.is_finished:
                return PokeReturnValue(is_done=False)
            sighting.raise_for_failed()
            return PokeReturnValue(is_done=True, xcom_value=sighting.to_json())

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Look first; then wait where the task was told to."""
        if not self.deferrable:
            found: list[dict[str, Any]] = super().execute(context)
            return found
        first = self._first_look(context)
        if first.is_done:
            return list(first.xcom_value or ())
        self.defer(
            trigger=ImportCompletedTrigger(
                conn_id=self.conn_id,
                process_ids=self._ids(),
                deadline=self._deadline(context),
                not_before=time.time() + RESUME_GRACE,
                poll_interval=self.trigger_interval,
            ),
            method_name="execute_complete",
        )
        raise AssertionError("defer() does not return")

    def execute_complete(
        self, context: Context, event: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Judge what the trigger saw."""
        with failing_at_once():
            outcome = WaitOutcome.from_event(event)
            try:
                outcome.completed()
            except ImportTimeout as error:
                context["task_state_store"].delete(self._deadline_key())
                raise AirflowSensorTimeout(
                    f"imports {self._ids()}: {error} Clear this task to wait longer."
                ) from error
            return outcome.sighting.to_json()

    def _ids(self) -> list[int]:
        ids = as_ids(self.process_ids, "process_ids")
        if not ids:
            raise InvalidArgument("process_ids is empty; give the id, or the ids, that an import returned")
        return ids

    def _first_look(self, context: Context) -> PokeReturnValue:
        """Look as the worker's mode does, which is where Airflow minds ``soft_fail`` and ``never_fail``."""
        try:
            return self.poke(context)
        except Exception as error:
            if self.never_fail or (self.soft_fail and isinstance(error, AirflowException)):
                raise AirflowSkipException(f"skipped rather than failed: {error}") from error
            raise

    def _deadline(self, context: Context) -> float:
        """Fixed by the first try and inherited by its retries, but not by a wait for other imports."""
        store, key = context["task_state_store"], self._deadline_key()
        kept = store.get(key)
        if isinstance(kept, (int, float)):
            return float(kept)
        deadline = time.time() + self.timeout
        store.set(key, deadline)
        return deadline

    def _deadline_key(self) -> str:
        ids = ",".join(map(str, self._ids()))
        return f"{_DEADLINE}.{hashlib.sha256(ids.encode()).hexdigest()[:16]}"
