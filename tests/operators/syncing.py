"""A run of a sync as its tasks make it, one operator after the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from email_contacts.operators.gone import SettleGoneContactsOperator
from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.operators.lists import GetListOperator
from email_contacts.operators.preparation import PrepareContactsOperator
from email_contacts.operators.receipts import VerifyImportOperator, WriteReceiptOperator
from email_contacts.operators.snapshots import ConfirmSnapshotOperator
from tests.operators.conftest import LIST
from tests.task_context import STARTED, StateStore, make_context, pushed

People = dict[str, str]


@dataclass
class Sync:
    """One audience; each run has a stage of its own, as each has a run id of its own.

    :param folder: of the source.
    :param name: of the snapshot.
    :param is_settling: whether the task that settles who is gone is there.
    """

    folder: Path
    name: str = "customers"
    runs: int = 0
    is_settling: bool = True
    receipt: Any = None
    manifest_uri: str = ""
    verdict: Any = None
    submissions: list[dict[str, Any]] = field(default_factory=list)
    settled: dict[str, int] = field(default_factory=dict)

    def prepare(self, people: People | str, **arguments: Any) -> list[str]:
        """Write the day's source, and prepare it."""
        self.runs += 1
        source = self.folder / "customers.csv"
        if not isinstance(people, str):
            people = "email,firstname\n" + "".join(f"{email},{name}\n" for email, name in people.items())
        source.write_text(people)
        context = self._context()
        given = {"snapshot": self.name, "snapshot_target": [LIST], **arguments}
        batches = PrepareContactsOperator(task_id="prepare", source=str(source), **given).execute(context)
        self.manifest_uri = pushed(context)["manifest_uri"]
        self.pushed = pushed(context)
        return batches

    def send(self, batches: list[str]) -> dict[str, Any]:
        """Import the batches, verify, settle who is gone, and write the receipt."""
        before = GetListOperator(task_id="before", list_id=LIST).execute(self._context())
        submissions, process_ids = [], []
        for uri in batches:
            context = self._context()
            process_ids.append(
                ImportContactsOperator(
                    task_id="import", batch_uri=uri, list_ids=[LIST], deferrable=False, poll_interval=0.02
                ).execute(context)
            )
            submissions.append(pushed(context)["submission"])
        self.submissions = submissions
        self.verdict = VerifyImportOperator(
            task_id="verify",
            manifest_uri=self.manifest_uri,
            process_ids=[one for one in process_ids if one is not None],
            list_ids=[LIST],
            submissions=submissions,
            sizes_before=[before],
            patience=0,
        ).execute(self._context())
        if self.is_settling:
            self.settle()
        written = WriteReceiptOperator(
            task_id="receipt",
            manifest_uri=self.manifest_uri,
            verdict=self.verdict,
            submissions=submissions,
            sizes_before=[before],
        ).execute(self._context())
        self.receipt = written
        return written

    def settle(self) -> dict[str, int]:
        """Remove or blacklist who is gone, as the preparation was told."""
        task = SettleGoneContactsOperator(
            task_id="gone", manifest_uri=self.manifest_uri, verdict=self.verdict, list_ids=[LIST]
        )
        self.settled = task.execute(self._context())
        return self.settled

    def confirm(self) -> dict[str, Any]:
        """Put the snapshot in force."""
        task = ConfirmSnapshotOperator(
            task_id="confirm", manifest_uri=self.manifest_uri, receipt=self.receipt
        )
        return task.execute(self._context())

    def run(self, people: People | str, **arguments: Any) -> dict[str, Any]:
        """Do all of it, and give the receipt."""
        receipt = self.send(self.prepare(people, **arguments))
        self.confirm()
        return receipt

    def _context(self) -> Any:
        context = make_context(StateStore())
        context["ti"].run_id = f"scheduled__2026-11-{self.runs:02d}"
        cast("Any", context["dag_run"]).run_after = STARTED + timedelta(days=self.runs)
        return context
