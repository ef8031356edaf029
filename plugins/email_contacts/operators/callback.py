"""The callback that a task asks the platform for, and where it would be received."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from email_contacts.connection import ContactsConnection
from email_contacts.imports.callbacks import MAILBOX, CallbackAddress, callback_url, mail
from email_contacts.imports.submission.import_record import ImportRecord, now
from email_contacts.imports.submission.ledger import Ledger
from email_contacts.imports.waiting.completion_signals import CompletionSignals

log = logging.getLogger(__name__)


class TaskInstance(Protocol):
    """What is needed of the running task instance."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int | None

    def xcom_push(self, key: str, value: Any) -> None:
        """Push an XCom."""


@dataclass(frozen=True)
class Callback:
    """Where the platform may call about the imports of one task instance.

    :param ti: the submitting task instance.
    :param settings: the connection, whose secret signs the address.
    :param waiter: the task of the same run that waits for the import; empty: the submitting task itself.
    :param has_own_address: whether the request brings an address of the user's own, which is kept.
    """

    ti: TaskInstance
    settings: ContactsConnection
    waiter: str = ""
    has_own_address: bool = False

    @property
    def is_asked_for(self) -> bool:
        """Whether the platform is asked to call this Airflow."""
        return self.settings.can_be_called and not self.has_own_address

    @property
    def measures_lists(self) -> bool:
        """Whether the growth of the lists is to show the end."""
        return self.settings.completion_source == "list_growth"

    @property
    def task(self) -> tuple[str, str, str, int]:
        """The task instance, the same for every try of it."""
        index = self.ti.map_index
        return (self.ti.dag_id, self.ti.run_id, self.ti.task_id, -1 if index is None else index)

    def ask(self, nonce: str) -> str | None:
        """Open the mailbox, and give the address to send along; None where no address can be made."""
        dag_id, run_id, task_id, map_index = self.task
        try:
            address = CallbackAddress(
                dag_id=dag_id,
                run_id=run_id,
                task_id=task_id,
                map_index=map_index,
                waiter=self.waiter,
                conn_id=self.settings.conn_id,
                nonce=nonce,
            )
            url = callback_url(self.settings.callback_url, address, self.settings.callback_secret.value)
        except ValueError as error:
            log.warning("the import is sent without a callback address and will be polled: %s", error)
            return None
        # Before the request, so that the call cannot come first and be overwritten.
        self.ti.xcom_push(MAILBOX, mail(nonce))
        return url

    def renew(self, ledger: Ledger, record: ImportRecord) -> None:
        """Open the mailbox again, which a new try of the task has lost; what was received since is kept."""
        nonce = record.nonces[-1] if record.nonces else ""
        if not nonce:
            return
        self.ti.xcom_push(MAILBOX, mail(nonce))
        # Looked for after the push: a call in between was written over, and is still in the state store.
        if called_at := ledger.called_at(record):
            self.ti.xcom_push(MAILBOX, mail(nonce, called_at=called_at))

    def signals(self, nonce: str, sizes: Mapping[int, int], contacts: int | None) -> dict[str, Any]:
        """What else shows that the import has ended, for the task that waits for it."""
        return CompletionSignals(
            task=self.task, nonce=nonce, list_sizes=dict(sizes), contacts=contacts, since=now()
        ).to_json()
