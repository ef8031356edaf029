"""The operator that imports contacts (api-contract §1.4, §2)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.arguments import as_flag
from email_contacts.failures import failing_at_once
from email_contacts.imports import failpoints
from email_contacts.imports.errors import ImportFailed, ImportTimeout
from email_contacts.imports.submission.ledger import Ledger
from email_contacts.imports.submission.submission import Submission, fingerprint, reconnect
from email_contacts.imports.submission.submission_queue import turn
from email_contacts.imports.submission.submitter import Submitter
from email_contacts.imports.waiting.completion import AUTO, look_for_end, nobody_called
from email_contacts.imports.waiting.completion_signals import CompletionSignals
from email_contacts.imports.waiting.worker_wait import WaitOutcome, pauses, wait_here
from email_contacts.operators.base import ContactsOperator
from email_contacts.operators.callback import Callback
from email_contacts.operators.import_arguments import read_order
from email_contacts.operators.staged_files import hide_signature
from email_contacts.trigger import RESUME_GRACE, ImportCompletedTrigger
from email_contacts.variables import SharedVariables

if TYPE_CHECKING:
    from email_contacts.arguments import FlagArg, IdsArg, TextArg
    from email_contacts.operators.import_arguments import Order


class ImportContactsOperator(ContactsOperator):
    """Submit one import, once, and wait for it if asked to.

    The submission is written to the task's state before and after the request, so that a retry of the task
    waits for the import that an earlier try submitted. It is submitted only while fewer imports run in the
    account than the connection's ``max_running_imports``.

    Exactly one source, and at least one target (api-contract §2.1):

    :param batch_uri: a batch that ``PrepareContactsOperator`` staged; of a ``.csv`` in a bucket the platform
        gets a signed address, and fetches it. Templated.
    :param file_url_expires: seconds that the signed address is good for: 60 to 604800.
    :param file_url: address of a file that the platform fetches. Templated.
    :param file_body: CSV text, semicolon separated, with a header line. Not templated: it holds people.
    :param json_body: contacts as ``{"email": ..., "attributes": {...}}``. Not templated: it holds people.
    :param list_ids: lists to import into. Templated.
    :param new_list: ``{"list_name": ..., "folder_id": ...}``: a list to find by its name, or to create,
        before anything is imported: an import that makes its own list could make a second one. Templated.
    :param notify_url: an address of your own that the platform calls when it is done; without one, and with
        ``callback_url`` on the connection, it calls this Airflow. Templated.
    :param email_blacklist: opt ALL imported contacts out of e-mails. Templated.
    :param sms_blacklist: opt ALL imported contacts out of text messages. Templated.
    :param disable_notification: spare the account's owner the e-mail about this import. Templated.
    :param update_existing_contacts: default True, as the platform's. Templated.
    :param empty_contacts_attributes: let empty fields erase what a contact has; a batch that was prepared as
        ``json_body`` has none. Templated.
    :param import_again: when this task is cleared, import anew though an earlier import of it may still run.
        Templated.
    :param awaited_by: the task (an ``ImportCompletedSensor`` of the same run) that waits for the import in
        the place of this one, and is woken by the platform's callback.
    :param wait_for_completion: end only when the import has ended; otherwise when it is accepted.
    :param deferrable: wait in the triggerer (default) or in the worker.
    :param poll_interval: seconds between looks; None: quick at first, then stretched to the connection's
        ``process_polls_per_hour``.
    :param timeout: seconds from the submission until waiting ends.
    :param patience: seconds to look for an import whose answer was lost, before it is sent again.
    :return: the process id; None where only a callback told of the import. The XCom ``submission`` holds it
        with ``fingerprint``, ``submitted_at``, ``deadline``, ``is_reconnected``, ``decision``, ``repeats``,
        ``requests``, ``batch_uri`` and ``evidence``.
    """

    template_fields: Sequence[str] = (
        "conn_id", "batch_uri", "file_url", "list_ids", "new_list", "notify_url", "email_blacklist",
        "sms_blacklist", "disable_notification", "update_existing_contacts", "empty_contacts_attributes",
        "import_again",
    )  # fmt: skip

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
        file_url_expires: int = 6 * 3600,
        awaited_by: str = "",
        wait_for_completion: bool = True,
        deferrable: bool = True,
        poll_interval: float | None = None,
        timeout: float = 24 * 3600,
        patience: float = 60.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.batch_uri = batch_uri
        self.file_url = file_url
        self.file_body = file_body
        self.json_body = json_body
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
        self.awaited_by = awaited_by
        self.wait_for_completion = wait_for_completion
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.timeout = timeout
        self.patience = patience

    def conceal(self) -> None:
        """Mask what opens an address to whoever holds it: a signature, a token."""
        for address in (self.file_url, self.notify_url):
            hide_signature(address)

    @failing_at_once()
    def execute(self, context: Context) -> int | None:
        """Reconnect to the import of an earlier try, or submit it; then wait for its end, or hand it on."""
        return self._carry_on(context, self._ledger(context))

    @failing_at_once()
    def resume_submission(self, context: Context, event: Mapping[str, Any] | None = None) -> int | None:
        """Come back from waiting for other imports to end; whether they went well is not ours to judge."""
        outcome = WaitOutcome.from_event(event)
        if not outcome.is_called:
            outcome.raise_unless_enough()
        return self._carry_on(context, self._ledger(context))

    @failing_at_once()
    def execute_complete(
        self, context: Context, event: Mapping[str, Any] | None = None, fingerprint: str | None = None
    ) -> int | None:
        """Judge what the trigger saw of our own import; a callback only says that it is time to look.

        :param fingerprint: of the request that was submitted, so that the batch need not be there any more;
            None where Airflow lost it (``dag.test()`` does).
        """
        failpoints.reached(failpoints.WOKEN)
        outcome, ledger = WaitOutcome.from_event(event), self._ledger(context, fingerprint)
        if outcome.is_called:
            return self._carry_on(context, ledger)
        return self._ended(outcome, ledger)

    def on_kill(self) -> None:
        """Say what a kill means: the platform cannot cancel an import."""
        self.log.warning("detached; an import that was submitted goes on, for the platform cannot cancel it")

    def _carry_on(self, context: Context, ledger: Ledger) -> int | None:
        submission = self._submission(context, ledger)
        self._report(context, submission)
        process_id = submission.process_id
        # Of an import without an id the callback was heard, and with that it has ended.
        if process_id is None or not self.wait_for_completion:
            ledger.close()
            return process_id
        return self._ended(self._wait_for(submission, ledger), ledger)

    def _submission(self, context: Context, ledger: Ledger) -> Submission:
        """Find the import that is submitted already, or submit it; waits while others are in the way."""
        client, settings = self.hook.client, self.hook.settings
        callback = Callback(context["ti"], settings, waiter=self.awaited_by)
        known = reconnect(
            client, ledger, timeout=self.timeout, import_again=as_flag(self.import_again, "import_again")
        )
        if known is not None:
            callback.renew(ledger)
            return known
        submitter = Submitter(
            client,
            self._order.request,
            ledger,
            max_running=settings.max_running_imports,
            timeout=self.timeout,
            patience=self.patience,
            notify_url=callback.ask if settings.can_be_called and not self.notify_url else None,
            evidence=callback.evidence,
            measures_lists=settings.completion_source == "list_growth",
            staged=self._order.staged,
            sign=self._order.sign,
        )
        while True:
            with turn(SharedVariables(), account=self.conn_id, holder=callback.holder):
                came = submitter.advance()
            if isinstance(came, Submission):
                return came
            self.log.info("waiting for %s of processes %s: %s", came.enough, came.process_ids, came.reason)
            self._wait(
                came.process_ids, time.time() + self.timeout, enough=came.enough, then="resume_submission"
            ).raise_unless_enough()

    @cached_property
    def _order(self) -> Order:
        """The request, read and checked; the batch is read from the stage only here."""
        return read_order(self)

    def _ledger(self, context: Context, known: str | None = None) -> Ledger:
        return Ledger(
            context["task_state_store"],
            known or fingerprint(self._order.request.identity()),
            # Airflow raises it when a task is cleared, and leaves it for a retry.
            generation=context["ti"].max_tries,
        )

    def _wait_for(self, submission: Submission, ledger: Ledger) -> WaitOutcome:
        """Look at our import once, and wait if it has not ended."""
        from email_contacts.api import NotFound

        ids = [submission.process_id]
        evidence = [CompletionSignals.from_json(submission.evidence)] if submission.evidence else []
        try:
            sighting = look_for_end(
                self.hook.client,
                ids,
                evidence=evidence,
                source=self._source(evidence),
                called=ledger.was_called,
            )
        except NotFound as error:
            ledger.forget()
            raise AirflowFailException(f"{error}. Clear this task to import again") from error
        if sighting is not None and sighting.is_finished:
            return WaitOutcome(sighting)
        failpoints.reached(failpoints.BEFORE_DEFERRAL)
        outcome = self._wait(
            ids,
            submission.deadline,
            evidence=evidence,
            called=ledger.was_called,
            kwargs={"fingerprint": ledger.fingerprint},
        )
        failpoints.reached(failpoints.WOKEN)
        return outcome

    def _wait(
        self,
        ids: Sequence[int | None],
        deadline: float,
        *,
        enough: str = "all",
        evidence: Sequence[CompletionSignals] = (),
        called: Callable[[CompletionSignals], bool] = nobody_called,
        then: str = "execute_complete",
        kwargs: dict[str, Any] | None = None,
    ) -> WaitOutcome:
        """Wait in the worker and come back, or in the triggerer and come back through the method ``then``."""
        source = self._source(evidence)
        if self.deferrable:
            self.defer(
                trigger=ImportCompletedTrigger(
                    conn_id=self.conn_id,
                    process_ids=ids,
                    deadline=deadline,
                    not_before=time.time() + RESUME_GRACE,
                    enough=enough,
                    poll_interval=self.poll_interval,
                    source=source,
                    evidence=[one.to_json() for one in evidence],
                ),
                method_name=then,
                kwargs=kwargs,
            )
        return wait_here(
            self.hook.client,
            ids,
            deadline=deadline,
            pauses=pauses(self.hook.settings.process_polls_per_hour, every=self.poll_interval),
            enough=enough,
            evidence=evidence,
            source=source,
            called=called,
        )

    def _source(self, evidence: Sequence[CompletionSignals]) -> str:
        """Who is to tell the end: of other people's imports only their processes can."""
        return self.hook.settings.completion_source if evidence else AUTO

    def _report(self, context: Context, submission: Submission) -> None:
        requests = self.hook.client.requests
        context["ti"].xcom_push(
            "submission",
            {
                **asdict(submission),
                "requests": {"made": requests.made, "retried": requests.retried},
                "batch_uri": str(self.batch_uri or ""),
            },
        )

    def _ended(self, outcome: WaitOutcome, ledger: Ledger) -> int:
        """Close the ledger as the import ended: done, to be imported again, or to be waited for again."""
        try:
            process = outcome.completed()[0]
        except ImportTimeout as error:
            ledger.rest()
            raise AirflowFailException(
                f"{error} Clear this task to wait longer; with import_again=True, clearing it imports again."
            ) from error
        except ImportFailed:
            ledger.forget()
            raise
        failpoints.reached(failpoints.ENDED)
        ledger.close()
        return process.id
