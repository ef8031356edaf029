"""Sends messages about how an import ended, through the notifiers that a team already uses."""

from __future__ import annotations

import copy
import html
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk.bases.notifier import BaseNotifier
from airflow.sdk.exceptions import AirflowException, AirflowSensorTimeout

from email_contacts.arguments import InvalidArgument

if TYPE_CHECKING:
    from airflow.sdk import Context

    from email_contacts.imports.verification.import_report import ImportReport

COMPLETED, REJECTS, FAILED, STUCK = "completed", "rejects", "failed", "stuck"
EVENTS = (COMPLETED, REJECTS, FAILED, STUCK)


class ImportNotifier(BaseNotifier):
    """Send a message about an import through other notifiers, such as ``SmtpNotifier`` or a Slack webhook.

    Their templated fields get these variables in addition to Airflow's own:

    - ``import_event``: ``completed``; ``rejects`` (completed, with more rejected rows than ``rejects_over``);
      ``failed`` (failed, or its outcome is unknown); ``stuck`` (still running when the wait gave up);
    - ``import_subject``: one line;
    - ``import_text``: a few lines of plain text: counts, reasons, files, the next step, the log;
    - ``import_html``: the same for the body of an e-mail;
    - ``import_receipt``: the receipt, a dictionary; empty where there is none.

    None of them contains personal data. Give the notifier to the task that writes the receipt and to the
    task that waits, as both ``on_success_callback`` and ``on_failure_callback``. If one notifier cannot send,
    the others still do, and the task's state does not change.

    :param notifiers: the notifiers that send. They are copied for each message.
    :param events: the events for which a message is sent; by default all except ``completed``.
    :param rejects_over: send ``rejects`` for more rejected rows than this, ours and the platform's together:
        a number (``100``) or a share of the rows read (``"5%"``). Default 0.
    :raises email_contacts.arguments.InvalidArgument: for an unknown event, and for no notifiers.
    :raises email_contacts.contacts.errors.InvalidOption: for a ``rejects_over`` that is neither.
    """

    def __init__(
        self,
        notifiers: Collection[BaseNotifier],
        *,
        events: Collection[str] = (REJECTS, FAILED, STUCK),
        rejects_over: int | str = 0,
    ) -> None:
        from email_contacts.contacts.limits import RowLimit

        super().__init__()
        if not (isinstance(notifiers, Collection) and notifiers and all(map(callable, notifiers))):
            raise InvalidArgument(
                f"notifiers is a {type(notifiers).__name__}, and must be a list of one notifier or several, "
                "such as [SmtpNotifier(...)]"
            )
        are_several = isinstance(events, Collection) and not isinstance(events, str) and events
        if not are_several or set(events) - set(EVENTS):
            raise InvalidArgument(
                f"events={events!r} must be a list of one or several of {', '.join(EVENTS)}"
            )
        self.notifiers = tuple(notifiers)
        self.events = tuple(events)
        self.rejects_over = RowLimit.parse(rejects_over, "rejects_over")

    def notify(self, context: Context) -> None:
        """Send a message about how the task ended, if it is one of the events.

        :raises AirflowException: when one of the notifiers could not send; the others have.
        """
        variables = self._variables(context)
        if variables["import_event"] not in self.events:
            return
        failed = []
        for notifier in self.notifiers:
            # A notifier renders its fields in place, so that a second message would repeat the first.
            one = copy.copy(notifier)
            try:
                one(cast("Any", {**context, **variables}))
            except Exception as error:  # noqa: BLE001  it is another notifier's, which may raise anything
                failed.append(f"{type(notifier).__name__}: {type(error).__name__}")
        if failed:
            raise AirflowException(f"not sent by {', '.join(failed)}")

    def _variables(self, context: Context) -> dict[str, Any]:
        from email_contacts.imports.verification.import_report import ImportReport
        from email_contacts.imports.verification.receipt import Receipt

        if document := _receipt_of(context):
            report = ImportReport(Receipt.from_json(document))
            event, lines = self._event(report), report.lines
        else:
            event, lines = _event_of(context.get("exception")), _lines_without_receipt(context)
        lines = [*lines, f"Log: {context['ti'].log_url}"]
        return {
            "import_event": event,
            "import_subject": lines[0],
            "import_text": "\n".join(lines),
            "import_html": "<br>\n".join(html.escape(line) for line in lines),
            "import_receipt": document,
        }

    def _event(self, report: ImportReport) -> str:
        if not report.receipt.is_good:
            return FAILED
        too_many = self.rejects_over.is_passed(report.rejected, of=report.receipt.rows.read)
        return REJECTS if too_many else COMPLETED


def _receipt_of(context: Context) -> dict[str, Any]:
    """The receipt that this task has written; empty for a task that writes none."""
    ti = context["ti"]
    # Without the index Airflow gives those of all mapped tasks, or that of the only one that has ended yet.
    document = ti.xcom_pull(task_ids=ti.task_id, key="receipt", map_indexes=ti.map_index)
    return dict(document) if isinstance(document, Mapping) else {}


def _event_of(exception: object) -> str:
    from email_contacts.imports.errors import DeadlinePassed, ImportTimeout

    if exception is None:
        return COMPLETED
    causes = (exception, getattr(exception, "__cause__", None))
    stuck = (AirflowSensorTimeout, ImportTimeout, DeadlinePassed)
    return STUCK if any(isinstance(one, stuck) for one in causes) else FAILED


def _lines_without_receipt(context: Context) -> list[str]:
    ti = context["ti"]
    event = _event_of(context.get("exception"))
    happened = {
        COMPLETED: "succeeded",
        FAILED: "failed",
        STUCK: "gave up waiting; the import continues on the platform",
    }[event]
    lines = [f"{ti.dag_id}: task {ti.task_id} {happened}", f"Run: {ti.run_id}"]
    # Nothing of the exception's text: it may be that of a library, which quotes what it was given.
    if exception := context.get("exception"):
        lines.append(f"Error: {type(exception).__name__}; see the log")
    return lines
