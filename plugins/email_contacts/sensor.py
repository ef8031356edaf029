"""The sensor: has the platform finished these imports?"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import BaseSensorOperator, Context, PokeReturnValue
from airflow.sdk.exceptions import AirflowException, AirflowSensorTimeout, AirflowSkipException

from email_contacts.arguments import InvalidArgument, as_documents, as_flag, as_ids
from email_contacts.connection import DEFAULT_CONN_ID
from email_contacts.deferring import default_deferrable
from email_contacts.failures import failing_at_once
from email_contacts.hook import ContactsHook
from email_contacts.imports.callbacks import MAILBOX, has_mail
from email_contacts.imports.errors import ImportTimeout
from email_contacts.imports.verification.removed_batches import without_removed
from email_contacts.imports.waiting.completion import AUTO, always, look_for_end
from email_contacts.imports.waiting.completion_signals import CompletionSignals
from email_contacts.imports.waiting.deadline import in_words, utc
from email_contacts.imports.waiting.look_note import LookReport
from email_contacts.imports.waiting.worker_wait import Supervision, WaitOutcome
from email_contacts.sent_with import check_sent_with
from email_contacts.trigger import RESUME_GRACE, ImportCompletedTrigger

if TYPE_CHECKING:
    from airflow.sdk import XComArg

    from email_contacts.arguments import IdsArg
    from email_contacts.contacts.staging.manifest import Manifest

log = logging.getLogger(__name__)

_DEADLINE = "email_contacts.deadline"


class ImportCompletedSensor(BaseSensorOperator):
    """Wait until imports have completed; fail when one of them failed.

    With ``deferrable`` it checks once, and then waits in the triggerer without a worker slot. One request
    checks many processes. Both modes end in the same way: a failed import fails the task without retries,
    the time-out raises ``AirflowSensorTimeout``, and ``soft_fail`` turns either into a skip.

    If the platform does not show its processes, or the connection's ``completion_source`` says so, the end is
    detected by a callback or by the growth of the lists; for that the sensor needs the ``submissions``.

    :param process_ids: one process id or several. Templated.
    :param submissions: what ``ImportContactsOperator`` pushed as XCom ``submission``, once or of all mapped
        tasks; instead of process ids, or in addition to them. Templated.
    :param conn_id: a connection of type ``email_contacts``. Templated.
    :param deferrable: wait in the triggerer, without a worker slot; otherwise in the worker with Airflow's
        sensor modes. Default: Airflow's ``[operators] default_deferrable``, which is off unless it was set.
    :param poke_interval: seconds between polls, or a ``timedelta``. None (default): in the triggerer short at
        first, then stretched to the connection's ``process_polls_per_hour``; in the worker 60.
    :param timeout: seconds until the wait ends, in the triggerer from the first try of the task, in the
        worker as Airflow counts them.
    :return: one dictionary per import: ``process_id``, ``status``, ``rejects`` (as the platform reports
        them, api-contract §2.3), and in ``told_by`` how the end was detected: ``process``, ``callback`` or
        ``list_growth``.
    """

    template_fields: Sequence[str] = ("conn_id", "process_ids", "submissions")
    ui_color = "#e8f1fb"

    def __init__(
        self,
        *,
        process_ids: IdsArg = (),
        submissions: Mapping[str, Any] | Iterable[Mapping[str, Any]] | XComArg = (),
        conn_id: str = DEFAULT_CONN_ID,
        deferrable: bool | None = None,
        poke_interval: float | timedelta | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(poke_interval=60 if poke_interval is None else poke_interval, **kwargs)
        self.process_ids = process_ids
        self.submissions = submissions
        self.conn_id = conn_id
        self.deferrable = default_deferrable() if deferrable is None else as_flag(deferrable, "deferrable")
        # In seconds, as Airflow's sensor has it by now: a trigger is kept as JSON.
        self.trigger_interval = None if poke_interval is None else self.poke_interval
        self._gives_up_at: float | None = None

    @cached_property
    def hook(self) -> ContactsHook:
        """The hook of this task's connection."""
        return ContactsHook(conn_id=self.conn_id)

    def poke(self, context: Context) -> PokeReturnValue:
        """Look once; if the platform does not answer, nothing was seen."""
        self._supervision.check()
        with failing_at_once():
            ids, evidence = self._awaited
            statuses = look_for_end(
                self.hook.client,
                ids,
                evidence=evidence,
                source=self._source(evidence),
                called=partial(_was_called, context),
                may_ask=always if self.deferrable else self._begin_or_budget(context),
            )
            if statuses is None or not statuses.is_finished:
                # What the triggerer sees its poller notes.
                if statuses is not None and self._gives_up_at is not None:
                    report = LookReport(context["ti"].xcom_push, self._gives_up_at, self._source(evidence))
                    report(statuses.processes, next_look_in=self.poke_interval, is_answered=True)
                return PokeReturnValue(is_done=False)
            statuses.raise_for_failed()
            return PokeReturnValue(is_done=True, xcom_value=statuses.to_json())

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Look first; then wait where the task was told to."""
        self._log_overriding()
        if self.deferrable:
            return self._look_or_defer(context)
        found: list[dict[str, Any]] = super().execute(context)
        return found

    def execute_complete(
        self, context: Context, event: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Judge what the trigger saw; a callback only says that it is time to look."""
        self._log_overriding()
        with failing_at_once():
            outcome, (ids, _) = WaitOutcome.from_event(event), self._awaited
            if outcome.is_called:
                return self._look_or_defer(context)
            try:
                outcome.completed()
            except ImportTimeout as error:
                context["task_state_store"].delete(self._deadline_key())
                raise AirflowSensorTimeout(
                    f"imports {ids}: {error} Clear this task to wait longer."
                ) from error
            return outcome.statuses.to_json()

    def _log_overriding(self) -> None:
        with failing_at_once():
            submissions = as_documents(self.submissions, "submissions")
        for text in dict.fromkeys(str(one["overriding"]) for one in submissions if one.get("overriding")):
            log.warning("%s", text)

    def _look_or_defer(self, context: Context) -> list[dict[str, Any]]:
        first = self._first_look(context)
        if first.is_done:
            return list(first.xcom_value or ())
        ids, evidence = self._awaited
        self.defer(
            trigger=ImportCompletedTrigger(
                conn_id=self.conn_id,
                process_ids=ids,
                deadline=self._deadline(context),
                not_before=time.time() + RESUME_GRACE,
                poll_interval=self.trigger_interval,
                source=self._source(evidence),
                evidence=[one.to_json() for one in evidence],
            ),
            method_name="execute_complete",
        )
        raise AssertionError("defer() does not return")

    def _begin_or_budget(self, context: Context) -> Callable[[], bool]:
        """Say once what the worker waits for.

        :return: whether to ask for processes: first and last in any case, between them as the account's
            hourly budget allows.
        """
        is_first, gives_up_at = False, self._gives_up_at
        if gives_up_at is None:
            began = context["ti"].get_first_reschedule_date(context) if self.reschedule else None
            is_first = began is None
            gives_up_at = (time.time() if began is None else began.timestamp()) + self.timeout
            self._gives_up_at = gives_up_at
            log.info(
                "waiting for the end of %s; looks every %g s, as the hourly budget allows; gives up at %s",
                in_words(self._awaited[0]),
                self.poke_interval,
                utc(gives_up_at),
            )
        # The next look may come too late: Airflow reads the clock after each.
        if is_first or time.time() + self.poke_interval >= gives_up_at:
            return always
        return lambda: not self.hook.budget.reserve()

    @cached_property
    def _supervision(self) -> Supervision:
        return Supervision()

    @cached_property
    def _awaited(self) -> tuple[list[int | None], list[CompletionSignals]]:
        """The imports to wait for, each once: their process ids, and what else can tell of them.

        Read once in a process, for XComs come over the network and a worker may look every few seconds.
        """
        submissions, removed = without_removed(as_documents(self.submissions, "submissions"), _manifest_in)
        check_sent_with(submissions, self.hook)
        if removed:
            log.info("the batches of %s are no longer prepared; their end is not looked at", sorted(removed))
        try:
            ids: list[int | None] = [one["process_id"] for one in submissions]
            evidence = [
                CompletionSignals.from_json(one["evidence"])
                if one.get("evidence")
                else CompletionSignals.none()
                for one in submissions
            ]
        except (KeyError, ValueError) as error:
            raise InvalidArgument(f"submissions: {error}; give the XCom submission of the tasks") from error
        others = [one for one in as_ids(self.process_ids, "process_ids") if one not in {*ids, *removed}]
        if not ids and not others:
            raise InvalidArgument(
                "process_ids is empty, and so are the submissions; give the id, or the ids, that an import "
                "returned"
            )
        return [*ids, *others], [
            *evidence,
            *(CompletionSignals.none() for _ in others),
        ] if submissions else []

    def _source(self, evidence: Sequence[CompletionSignals]) -> str:
        """The connection's source; without submissions only the processes can tell."""
        return self.hook.settings.completion_source if evidence else AUTO

    def _first_look(self, context: Context) -> PokeReturnValue:
        """Look as the worker's mode does, which is where Airflow minds ``soft_fail`` and ``never_fail``."""
        try:
            return self.poke(context)
        except Exception as error:
            if self.never_fail or (self.soft_fail and isinstance(error, AirflowException)):
                raise AirflowSkipException(f"skipped rather than failed: {error}") from error
            raise

    def _deadline(self, context: Context) -> float:
        """Fixed by the first try, inherited by its retries, and not by a cleared task or by other imports."""
        store, key = context["task_state_store"], self._deadline_key()
        # Airflow raises max_tries when a task is cleared, and leaves it for a retry.
        kept, generation = store.get(key), context["ti"].max_tries
        if isinstance(kept, Mapping):  # a number is of a version that kept no generation
            kept = kept.get("deadline") if kept.get("generation") == generation else None
        if isinstance(kept, (int, float)):
            return float(kept)
        deadline = time.time() + self.timeout
        store.set(key, {"deadline": deadline, "generation": generation})
        return deadline

    def _deadline_key(self) -> str:
        ids, evidence = self._awaited
        names = ",".join([*map(str, ids), *(one.nonce for one in evidence)])
        return f"{_DEADLINE}.{hashlib.sha256(names.encode()).hexdigest()[:16]}"


def _manifest_in(folder: str) -> Manifest | None:
    """Read the manifest of a stage; None where it is not there, or cannot be read from here."""
    from airflow.sdk import ObjectStoragePath

    from email_contacts.contacts.staging.manifest import Manifest
    from email_contacts.contacts.staging.stage import MANIFEST

    try:
        return Manifest.read(cast("Any", ObjectStoragePath(folder) / MANIFEST))
    except Exception:  # noqa: BLE001  a wait needs no stage; without one, all imports are waited for
        return None


def _was_called(context: Context, evidence: CompletionSignals) -> bool:
    """Read the mailbox of the task that submitted the import."""
    dag_id, run_id, task_id, map_index = evidence.task
    mail = context["ti"].xcom_pull(
        task_ids=task_id, dag_id=dag_id, run_id=run_id, map_indexes=map_index, key=MAILBOX
    )
    return has_mail(mail, evidence.nonce)
