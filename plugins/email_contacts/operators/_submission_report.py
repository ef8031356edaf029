"""What a task that imports reports about its submission: the XCom ``submission``."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from email_contacts.imports.errors import IntentSuperseded, SubmissionUnknown

if TYPE_CHECKING:
    from email_contacts.hook import ContactsHook
    from email_contacts.imports.submission.import_record import ImportRecord
    from email_contacts.imports.submission.ledger import Ledger, StateStore

log = logging.getLogger(__name__)
# In the task's state: what was last pushed, which clearing the task does not remove.
_LAST = "email_contacts.submission"
_CONTENT = ("batch_fingerprint",)
# Of a request whose outcome is unknown, and whose record is gone.
_UNKNOWN = {"process_id": None, "submitted_at": None}


@dataclass(frozen=True)
class SubmissionReport:
    """Reports the submission of one batch.

    :param ti: the submitting task instance.
    :param memory: the task's state store.
    :param hook: of the connection, whose requests are counted.
    :param batch_uri: the batch; empty for rows that were not staged.
    :param updates_existing: whether contacts that exist are updated.
    :param fingerprint: gives that of the batch as this try has read it.
    """

    ti: Any
    memory: StateStore
    hook: ContactsHook
    batch_uri: str
    updates_existing: bool
    fingerprint: Callable[[], str]

    def push(self, record: ImportRecord | None) -> None:
        """Push what is known; None: it may have been sent, and nothing more is known."""
        requests = self.hook.client.requests
        overriding = {"overriding": self._overriding} if self._overriding else {}
        if overriding:
            log.warning("%s", self._overriding)
        self._push(
            {
                **(record.to_xcom() if record else _UNKNOWN),
                "conn_id": self.hook.conn_id,
                "requests": {"made": requests.made, "retried": requests.retried},
                "batch_uri": self.batch_uri,
                **self._content_of(record),
                "update_existing_contacts": self.updates_existing,
                **overriding,
            }
        )

    def _content_of(self, record: ImportRecord | None) -> Mapping[str, str]:
        """What the batch held that was sent: the source may be prepared again while its import runs.

        It is noted with the first sending. Later the file may be another one, of which the ledger's
        fingerprint tells.
        """
        said = self.memory.get(_LAST) or {}
        if record is None or not self.batch_uri:
            return {}
        if (said.get("batch_uri"), said.get("fingerprint")) == (self.batch_uri, record.fingerprint):
            return {name: said[name] for name in _CONTENT if name in said}
        found = self.fingerprint()
        return dict.fromkeys(_CONTENT, found) if found else {}

    def push_last(self) -> None:
        """Push what was last pushed of this batch, for a task that is cleared after the batch was removed.

        Clearing a task removes its XComs, and without this one the receipt would say ``not_submitted``.
        """
        said = self.memory.get(_LAST)
        if said and said["batch_uri"] == self.batch_uri:
            self.ti.xcom_push("submission", said)

    @contextmanager
    def of_unknown_outcome(self, ledger: Ledger) -> Iterator[Callable[[], None]]:
        """Report a request whose outcome is unknown, for a receipt that is written before it is known.

        That of an earlier try is reported at once, and that of this try before it is sent, because this try
        may be killed or time out, and be the last one. A request that provably did not run is withdrawn.

        :return: what to call when a request is about to be sent.
        """
        is_told = False

        def tell() -> None:
            nonlocal is_told
            if (intent := ledger.record()) is not None:
                self.push(intent)
                is_told = True

        tell()
        try:
            yield tell
        except Exception as error:
            if isinstance(error, SubmissionUnknown):
                self.push(ledger.record())
            # To a try that Airflow has moved to the history, it may say that there is no record.
            elif is_told and not isinstance(error, IntentSuperseded) and ledger.record() is None:
                self._push(None)
            raise

    @cached_property
    def _overriding(self) -> str:
        """The warning for the log if the batch was prepared with opt-outs overridden; else empty."""
        from airflow.sdk import ObjectStoragePath

        from email_contacts.contacts.staging.manifest import Manifest
        from email_contacts.contacts.staging.stage import MANIFEST

        if not self.batch_uri:
            return ""
        try:
            return Manifest.read(cast("Any", ObjectStoragePath(self.batch_uri).parent / MANIFEST)).overriding
        except Exception:  # noqa: BLE001  a batch without a manifest; a missing warning fails no submission
            return ""

    def _push(self, said: dict[str, Any] | None) -> None:
        # The state first: Airflow refuses it to a superseded try, whose XCom would replace its successor's.
        if said is not None:
            self.memory.set(_LAST, said)
        else:
            self.memory.delete(_LAST)  # Airflow's store takes no None
        self.ti.xcom_push("submission", said)
