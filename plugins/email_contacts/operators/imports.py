"""The operator that imports contacts (api-contract §1.4, §2)."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from airflow.exceptions import AirflowProviderDeprecationWarning
from airflow.sdk import Context

from email_contacts.arguments import as_flag
from email_contacts.deferring import default_deferrable
from email_contacts.failures import failing_at_once
from email_contacts.imports import failpoints
from email_contacts.imports.import_run import ImportRun
from email_contacts.imports.queue.submission_queue import SubmissionQueue
from email_contacts.imports.queue.submit_in_turn import submit_in_turn
from email_contacts.imports.submission.submitter import Blocked
from email_contacts.imports.waiting.worker_wait import WaitOutcome
from email_contacts.operators._sending_check import check_sending
from email_contacts.operators._submission_report import SubmissionReport
from email_contacts.operators._task_ledger import fingerprint_of, list_of_first_try, task_ledger
from email_contacts.operators._waiting import WaitingOperator
from email_contacts.operators.callback import Callback
from email_contacts.operators.existing import reuse_or_create_list
from email_contacts.operators.import_arguments import ImportArguments, given_rows
from email_contacts.operators.staged_files import BatchMissing, hide_credentials
from email_contacts.variables import SharedVariables

if TYPE_CHECKING:
    from email_contacts.arguments import FlagArg, IdsArg, SecondsArg, TextArg
    from email_contacts.imports.submission.import_job import ImportJob
    from email_contacts.imports.submission.import_record import ImportRecord
    from email_contacts.imports.waiting.newest_page import NewestPage


class ImportContactsOperator(WaitingOperator):
    """Submit one import, once, and by default wait for it.

    The submission is written to the task's state before and after the request, so that a retry of the task
    waits for the import that an earlier try submitted. It is submitted only while fewer imports run in the
    account than the connection's ``max_running_imports``.

    Give exactly one source, and at least one target (api-contract §2.1). All arguments are templated except
    those that contain rows, and ``deferrable``:

    :param batch_uri: a batch that ``PrepareContactsOperator`` staged; a ``.csv`` in a bucket is fetched by
        the platform through a signed address.
    :param file_url_expires: how long the signed address is valid, in seconds: 60 to 604800.
    :param file_url: address of a file that the platform fetches.
    :param file_body: CSV text, semicolon separated, with a header row. Not templated: it contains personal
        data.
    :param json_body: contacts as ``{"email": ..., "attributes": {...}}``. Not templated: it contains personal
        data.
    :param list_ids: lists to import into.
    :param new_list: ``{"list_name": ..., "folder_id": ...}``: a list that is found by its name, or created,
        before anything is imported. (If the import itself created the list, a repeat could create a second.)
    :param notify_url: a URL of your own that the platform calls when the import has ended; without one, and
        with ``callback_url`` in the connection, it calls this Airflow.
    :param email_blacklist: opt ALL imported contacts out of e-mails.
    :param sms_blacklist: opt ALL imported contacts out of text messages.
    :param disable_notification: do not send the account's owner an e-mail about this import.
    :param update_existing_contacts: update contacts that exist. Default: True, as on the platform.
    :param empty_contacts_attributes: let empty fields erase the contact's values; a batch that was prepared
        as ``json_body`` has no empty fields.
    :param import_again: when this task is cleared, import again even if an earlier import still runs.
    :param wait_task_id: the task (an ``ImportCompletedSensor`` of the same run) that waits for the import in
        place of this one, and is woken by the platform's callback.
    :param wait_for_completion: succeed when the import has completed (default); otherwise when it is
        accepted.
    :param deferrable: wait in the triggerer, without a worker slot. Default: Airflow's ``[operators]
        default_deferrable``, which is off unless you set it.
    :param poll_interval: seconds between polls; None: short at first, then stretched to the connection's
        ``process_polls_per_hour``.
    :param timeout: seconds from the submission until the wait ends. Default: a day.
    :param reconciliation_timeout: seconds to look for an import whose answer was lost, before it counts as
        accepted or not. Default: 60.
    :param awaited_by: deprecated name of ``wait_task_id``.
    :param patience: deprecated name of ``reconciliation_timeout``.
    :return: the process id; None where only a callback is known. The XCom ``submission`` holds it with
        ``fingerprint``, ``sent_to``, ``submitted_at``, ``deadline``, ``is_reconnected``, ``decision``,
        ``repeats``, ``candidates``, ``other_process_ids``, ``requests``, ``batch_uri``,
        ``batch_fingerprint``, ``conn_id`` and ``evidence``.
    """

    template_fields: Sequence[str] = (
        "conn_id", "batch_uri", "file_url", "list_ids", "new_list", "notify_url", "email_blacklist",
        "sms_blacklist", "disable_notification", "update_existing_contacts", "empty_contacts_attributes",
        "import_again", "file_url_expires", "wait_task_id", "wait_for_completion", "poll_interval", "timeout",
        "reconciliation_timeout",
    )  # fmt: skip
    concealed_fields = ("file_url", "notify_url")

    def __init__(
        self,
        *,
        batch_uri: TextArg | None = None,
        file_url: TextArg | None = None,
        file_body: str | None = None,
        json_body: Sequence[Mapping[str, Any]] | None = None,
        list_ids: IdsArg = (),
        new_list: Mapping[str, Any] | None = None,
        notify_url: TextArg | None = None,
        email_blacklist: FlagArg = False,
        sms_blacklist: FlagArg = False,
        disable_notification: FlagArg = False,
        update_existing_contacts: FlagArg = True,
        empty_contacts_attributes: FlagArg = False,
        import_again: FlagArg = False,
        file_url_expires: SecondsArg = 6 * 3600,
        wait_task_id: TextArg = "",
        wait_for_completion: FlagArg = True,
        deferrable: bool | None = None,
        poll_interval: SecondsArg | None = None,
        timeout: SecondsArg = 24 * 3600,
        reconciliation_timeout: SecondsArg = 60.0,
        awaited_by: TextArg | None = None,
        patience: SecondsArg | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.batch_uri = batch_uri
        self.file_url = file_url
        self.file_body = given_rows("file_body", file_body)
        self.json_body = given_rows("json_body", json_body)
        self.list_ids = list_ids
        self.new_list = new_list
        self.notify_url = notify_url
        self.email_blacklist = email_blacklist
        self.sms_blacklist = sms_blacklist
        self.disable_notification = disable_notification
        self.update_existing_contacts = update_existing_contacts
        self.empty_contacts_attributes = empty_contacts_attributes
        self.import_again = import_again
        self.file_url_expires = file_url_expires
        self.wait_task_id = _renamed("awaited_by", awaited_by, "wait_task_id", wait_task_id)
        self.wait_for_completion = wait_for_completion
        self.deferrable = default_deferrable() if deferrable is None else as_flag(deferrable, "deferrable")
        self.poll_interval = poll_interval
        self.timeout = timeout
        self.reconciliation_timeout = _renamed(
            "patience", patience, "reconciliation_timeout", reconciliation_timeout
        )

    def conceal(self, name: str, value: Any) -> Any:
        """Mask what opens a URL: credentials, a signature, a token; and the path of a ``notify_url``."""
        hide_credentials(value, path=name == "notify_url")
        return value

    @failing_at_once()
    def execute(self, context: Context) -> int | None:
        """Reconnect to the import of an earlier try, or submit it; then wait for it, or return its id."""
        return self._go_on(context, self._run(context))

    @failing_at_once()
    def resume_submission(self, context: Context, event: Mapping[str, Any] | None = None) -> int | None:
        """Come back from waiting for other imports to end; whether they went well is not ours to judge."""
        outcome, run = WaitOutcome.from_event(event), self._run(context)
        if not outcome.is_called:
            run.come_back(outcome)
        return self._go_on(context, run, outcome.newest_page)

    @failing_at_once()
    def execute_complete(
        self, context: Context, event: Mapping[str, Any] | None = None, fingerprint: str | None = None
    ) -> int | None:
        """Judge what the trigger saw of our own import; a callback only says that it is time to look.

        :param fingerprint: of the request that was submitted, so that the batch need not be there any more;
            None where Airflow lost it (``dag.test()`` does).
        """
        failpoints.reached(failpoints.WOKEN)
        outcome, run = WaitOutcome.from_event(event), self._run(context, fingerprint)
        if outcome.is_called:
            return self._go_on(context, run)
        return self._end(context, run, run.take_over(), outcome)

    def on_kill(self) -> None:
        """Log what a kill means: the platform cannot cancel an import."""
        self.log.warning("detached: a submitted import continues, because the platform cannot cancel it")

    def _go_on(self, context: Context, run: ImportRun, page: NewestPage | None = None) -> int | None:
        callback, report = self._callback(context), self._report(context, run)
        record = run.reconnect(import_again=self._waits.import_again)
        queue = self._queue(context, callback)
        if record is not None:
            callback.renew(run.ledger, record)
        wait = partial(self._wait_for_others, run, queue)
        while record is None:
            with report.of_unknown_outcome(run.ledger) as tell:
                came = submit_in_turn(
                    self._turn(queue),
                    run,
                    page=page,
                    before_sending=partial(check_sending, report, tell, self.hook.settings),
                    wait_here=None if self.deferrable else wait,
                )
            if not isinstance(came, Blocked):
                record = came
            elif came.waits_for_slot:
                self._defer_in_queue(queue)
            else:
                wait(came)
        queue.leave()
        report.push(record)
        # Of an import without an id the callback was heard, and with that it has ended.
        if record.process_id is None or not self._waits.wait_for_completion:
            run.ledger.close()
            return record.process_id
        # One that was accepted just now has not ended, and each look is one of few in an hour.
        ended = run.look(record) if record.is_reconnected else None
        return self._end(context, run, record, ended or self._wait_for_end(context, run, record))

    def _queue(self, context: Context, callback: Callback) -> SubmissionQueue:
        return SubmissionQueue(
            SharedVariables(),
            account=self.conn_id,
            task=callback.task,
            memory=context["task_state_store"],
            generation=context["ti"].max_tries,
            timeout=self._waits.timeout,
        )

    def _end(
        self, context: Context, run: ImportRun, record: ImportRecord | None, outcome: WaitOutcome
    ) -> int:
        process_id = run.end(outcome)
        if record is not None and (known := run.with_late_answers(record)) != record:
            self._report(context, run).push(known)
        return process_id

    def _run(self, context: Context, fingerprint: str | None = None) -> ImportRun:
        """This try of the import. What it is made of is read from its stage once, and only where needed."""
        settings = self.hook.settings
        job = cache(partial(self._job, context))
        try:
            fingerprint = fingerprint or fingerprint_of(context, job())
        except BatchMissing:
            self._report(context).push_last()
            raise
        return ImportRun(
            self.hook.client,
            task_ledger(context, fingerprint, self.hook.client),
            job,
            timeout=self._waits.timeout,
            reconciliation_timeout=self._waits.reconciliation_timeout,
            max_running=settings.max_running_imports,
            completion_source=settings.completion_source,
        )

    def _job(self, context: Context) -> ImportJob:
        find_list = partial(list_of_first_try, context, partial(reuse_or_create_list, self.hook))
        return ImportArguments.read(vars(self)).job(find_list, self._callback(context))

    def _callback(self, context: Context) -> Callback:
        return Callback(
            context["ti"],
            self.hook.settings,
            waiter=self._waits.wait_task_id,
            has_own_address=bool(self.notify_url),
        )

    def _wait_for_others(self, run: ImportRun, queue: SubmissionQueue, blocked: Blocked) -> None:
        ids = blocked.process_ids
        self.log.info("waiting for %s of processes %s: %s", blocked.enough, ids, blocked.reason)
        deadline = queue.join().deadline if blocked.deadline is None else blocked.deadline
        run.come_back(self._wait(ids, deadline, enough=blocked.enough, then="resume_submission"))

    def _wait_for_end(self, context: Context, run: ImportRun, record: ImportRecord) -> WaitOutcome:
        failpoints.reached(failpoints.BEFORE_DEFERRAL)
        outcome = self._wait(
            [record.process_id],
            record.deadline or 0.0,
            signals=run.signals(record),
            called=run.ledger.was_called,
            kwargs={"fingerprint": record.fingerprint},
            push=context["ti"].xcom_push,
        )
        failpoints.reached(failpoints.WOKEN)
        return outcome

    def _report(self, context: Context, run: ImportRun | None = None) -> SubmissionReport:
        return SubmissionReport(
            context["ti"],
            context["task_state_store"],
            self.hook,
            batch_uri=str(self.batch_uri or ""),
            updates_existing=as_flag(self.update_existing_contacts, "update_existing_contacts"),
            fingerprint=lambda: run.batch_fingerprint if run is not None else "",
        )


def _renamed(old: str, given: Any, new: str, value: Any) -> Any:
    """The value of a renamed argument, which is taken under its old name for one more release."""
    if given is None:
        return value
    warnings.warn(f"{old} is deprecated; use {new}", AirflowProviderDeprecationWarning, stacklevel=3)
    return given
