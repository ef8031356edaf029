"""The tasks of an import one after the other, each tried as Airflow tries them, without an Airflow around.

A task that fails is tried again at once with the same state store, as often as it takes; one that fails for
good ends there, and verification and receipt follow all the same, as in ``import_contacts``.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.api import ContactsApiError
from email_contacts.imports.waiting.worker_wait import WaitingFailed
from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.operators.lists import CreateListOperator, GetListOperator
from email_contacts.operators.preparation import PrepareContactsOperator
from email_contacts.operators.receipts import VerifyImportOperator, WriteReceiptOperator
from email_contacts.sandbox import SandboxServer
from email_contacts.sensor import ImportCompletedSensor
from tests.conftest import connect
from tests.deferral import carried_through
from tests.task_context import SharedStore, StateStore, make_context, pushed

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context

TRIES = 100


@dataclass(frozen=True)
class Ended:
    """What an import came to.

    :param receipt: the document.
    :param failure: the message with which the import task failed for good; empty when it succeeded.
    """

    receipt: dict[str, Any]
    failure: str = ""


def without_pauses(
    monkeypatch: pytest.MonkeyPatch, platform: SandboxServer, stage: Path, **extra: object
) -> None:
    """Have tasks not wait between their tries, nor repeat a call by themselves.

    :param extra: further extra fields of the connection.
    """
    shared = SharedStore()
    monkeypatch.setattr("email_contacts.connection.MAX_WAIT", 0.0)
    monkeypatch.setattr("email_contacts.operators._waiting.RESUME_GRACE", 0.0)
    monkeypatch.setattr("email_contacts.sensor.RESUME_GRACE", 0.0)
    shared.stand_in(monkeypatch)
    connect(monkeypatch, platform, stage=stage, requests_per_second=1000, **extra)


class Tries:
    """The tries of one task: the same state store, a new context for each."""

    def __init__(self) -> None:
        self._store = StateStore()
        self.contexts: list[Context] = []

    def until_it_succeeds(self, make: Callable[[], BaseOperator]) -> Any:
        """Try a task as often as it takes.

        :return: what it returned.
        :raises AirflowFailException: when Airflow would not try it again.
        """
        for _ in range(TRIES):
            self.contexts.append(make_context(self._store))
            with suppress(ContactsApiError, WaitingFailed):
                return carried_through(make(), self.contexts[-1])
        raise AssertionError(f"not done after {TRIES} tries")

    def pushed(self, key: str) -> Any:
        """What the last try that pushed it did push; None when none did."""
        return next((pushed(one)[key] for one in reversed(self.contexts) if key in pushed(one)), None)


def run_chain(
    platform: SandboxServer,
    folder: Path,
    *,
    name: str = "one",
    knobs: dict[str, Any],
    deferrable: bool,
    **arguments: Any,
) -> Ended:
    """Import twenty contacts and a rejected row into a list of their own.

    :param name: of the list, and part of the contacts' addresses.
    :param knobs: of the platform, turned when the import is about to be submitted.
    :param deferrable: how the import task and the sensor wait.
    :param arguments: of ``ImportContactsOperator``.
    """
    source = folder / f"contacts-{name}.csv"
    rows = [f"{name}.{row}@example.com,Ada" for row in range(20)]
    source.write_text("\n".join(["email,firstname", *rows, "nobody,Bob"]))

    list_id = Tries().until_it_succeeds(lambda: CreateListOperator(task_id="list", name=name, folder_id=1))
    before = Tries().until_it_succeeds(lambda: GetListOperator(task_id="before", list_id=list_id))
    prepare, submit = Tries(), Tries()
    (batch,) = prepare.until_it_succeeds(
        lambda: PrepareContactsOperator(task_id=f"prepare-{name}", source=str(source))
    )
    platform.set_knobs(**knobs)
    given = {
        "batch_uri": batch,
        "list_ids": [list_id],
        "poll_interval": 0.01,
        "reconciliation_timeout": 0.0,
        "deferrable": deferrable,
        **arguments,
    }
    failure = ""
    try:
        submit.until_it_succeeds(lambda: ImportContactsOperator(task_id="import", **given))
    except AirflowFailException as error:
        failure = str(error)
    manifest_uri, submission = prepare.pushed("manifest_uri"), submit.pushed("submission")
    completions: list[dict[str, Any]] = []
    if not failure:
        completions = Tries().until_it_succeeds(
            lambda: ImportCompletedSensor(
                task_id="wait", submissions=submission, deferrable=deferrable, poke_interval=0.01
            )
        )
    verdict = Tries().until_it_succeeds(
        lambda: VerifyImportOperator(
            task_id="verify",
            manifest_uri=manifest_uri,
            process_ids=submission["process_id"],
            list_ids=[list_id],
            completions=completions,
            submissions=[submission],
            sizes_before=[before],
            patience=0,
        )
    )
    context = make_context(StateStore())
    with suppress(AirflowFailException):
        WriteReceiptOperator(
            task_id="receipt",
            manifest_uri=manifest_uri,
            verdict=verdict,
            folder_id=1,
            submissions=[submission],
            sizes_before=[before],
        ).execute(context)
    return Ended(pushed(context)["receipt"], failure)
