"""Five hundred faults of the platform, drawn at random, over fifty imports: none doubled, none lost.

The tasks run here as Airflow runs them, a try after the other with the same state store, and each fails and
is tried again as often as the platform makes it. What the faults are is the same every time.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from email_contacts.api import ContactsApiError, ContactsClient, ImportRequest
from email_contacts.imports import moments
from email_contacts.imports.waiting import WaitingFailed
from email_contacts.operators.base import ContactsOperator
from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.operators.lists import CreateListOperator, GetListOperator
from email_contacts.operators.preparation import PrepareContactsOperator
from email_contacts.operators.receipts import VerifyImportOperator, WriteReceiptOperator
from email_contacts.sandbox import SandboxServer
from tests.conftest import connect
from tests.deferral import carried_through
from tests.task_context import SharedStore, StateStore, make_context, pushed

if TYPE_CHECKING:
    from airflow.sdk import Context

IMPORTS = 50
FAULTS = 500
TRIES = 100
# All that passes: what a person would have to mend (a wrong key, a refused body) is tested elsewhere.
KINDS = (
    "429", "500", "500_after_accepting", "502", "503", "524", "524_after_accepting", "reset",
    "reset_after_accepting", "closed", "truncated", "garbled",
)  # fmt: skip
# How often each route is asked in a healthy import, so that the faults are met.
ROUTES = ("import", "import", "import", "processes", "processes", "process", "contact", "list")


@pytest.fixture
def platform(sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SandboxServer:
    """The sandbox, with tasks that do not wait between their tries and do not repeat a call by themselves."""
    shared = SharedStore()
    monkeypatch.setattr("email_contacts.connection.MAX_WAIT", 0.0)
    monkeypatch.setattr("email_contacts.operators.imports.RESUME_GRACE", 0.0)
    monkeypatch.setattr("email_contacts.operators.imports.SharedVariables", lambda: shared)
    connect(monkeypatch, sandbox, stage=tmp_path / "stage", requests_per_second=1000)
    return sandbox


def until_it_succeeds(make: Callable[[], ContactsOperator]) -> tuple[Any, Context]:
    """Try a task as often as it takes; what Airflow would not try again is a failure of this test."""
    store = StateStore()
    for _ in range(TRIES):
        context = make_context(store)
        with suppress(ContactsApiError, WaitingFailed):
            return carried_through(make(), context), context
    raise AssertionError(f"not done after {TRIES} tries")


def draw(chance: random.Random) -> dict[str, str]:
    return {"route": chance.choice(ROUTES), "kind": chance.choice(KINDS)}


def run_one(
    number: int, platform: SandboxServer, folder: Path, faults: list[dict[str, str]]
) -> dict[str, Any]:
    """Import one file into a list of its own while the platform fails, and give the receipt."""
    source = folder / f"contacts-{number}.csv"
    rows = [f"p{number}.{row}@example.com,Ada" for row in range(20)]
    source.write_text("\n".join(["email,firstname", *rows, "nobody,Bob"]))
    list_id, _ = until_it_succeeds(
        lambda: CreateListOperator(task_id="list", name=f"List {number}", folder_id=1)
    )
    before, _ = until_it_succeeds(lambda: GetListOperator(task_id="before", list_id=list_id))
    (batch,), prepared = until_it_succeeds(
        lambda: PrepareContactsOperator(task_id=f"prepare-{number}", source=str(source))
    )
    platform.set_knobs(faults=[*platform.knobs.faults, *faults])
    process_id, imported = until_it_succeeds(
        lambda: ImportContactsOperator(
            task_id="import",
            batch_uri=batch,
            list_ids=[list_id],
            deferrable=number % 2 == 0,
            wait_for_completion=number % 3 != 0,
            poll_interval=0.01,
            patience=0.0,
        )
    )
    manifest_uri = pushed(prepared)["manifest_uri"]
    verdict, _ = until_it_succeeds(
        lambda: VerifyImportOperator(
            task_id="verify", manifest_uri=manifest_uri, process_ids=process_id, list_ids=[list_id]
        )
    )
    receipt, _ = until_it_succeeds(
        lambda: WriteReceiptOperator(
            task_id="receipt",
            manifest_uri=manifest_uri,
            verdict=verdict,
            folder_id=1,
            submissions=[pushed(imported)["submission"]],
            sizes_before=[before],
        )
    )
    document: dict[str, Any] = receipt
    return document


def strangers(platform: SandboxServer, chance: random.Random, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Have somebody else import into the same account in the worst moment: between our intent and request.

    :return: their process ids, as they come.
    """
    theirs: list[int] = []
    request = ImportRequest(json_body=[{"email": "stranger@example.com"}], list_ids=[2])

    def import_too(moment: str) -> None:
        if moment == moments.AFTER_INTENT and chance.random() < 0.3:
            ours = platform.knobs.faults
            platform.set_knobs(faults=[])
            with ContactsClient(platform.url, platform.api_key) as somebody:
                theirs.append(somebody.import_contacts(request))
            platform.set_knobs(faults=ours)

    monkeypatch.setattr("email_contacts.imports.moments._listeners", [import_too])
    return theirs


def under_fire(platform: SandboxServer, folder: Path) -> list[dict[str, Any]]:
    """Run all the imports under all the faults, and see that these were met."""
    chance = random.Random(20261123)
    drawn = [draw(chance) for _ in range(FAULTS)]
    share = FAULTS // IMPORTS
    receipts = [
        run_one(number, platform, folder, drawn[number * share : (number + 1) * share])
        for number in range(IMPORTS)
    ]
    met = FAULTS - len(platform.knobs.faults)
    assert met >= FAULTS * 0.8, f"only {met} faults were met"
    platform.set_knobs(faults=[])
    return receipts


def check(receipt: dict[str, Any], platform: SandboxServer) -> None:
    """See that a receipt is true."""
    assert receipt["state"] == "completed_with_rejects"
    assert receipt["rows"] == {"read": 21, "accepted": 20, "rejected": 1, "duplicates": 0, "held_back": 0}
    ((list_id, sizes),) = receipt["lists"].items()
    assert sizes == {"before": 0, "after": 20}
    with ContactsClient(platform.url, platform.api_key) as client:
        assert client.get_list(int(list_id)).unique_subscribers == 20


def test_no_import_is_doubled_and_none_is_lost(platform: SandboxServer, tmp_path: Path) -> None:
    receipts = under_fire(platform, tmp_path)
    assert platform.imports_accepted() == IMPORTS
    for receipt in receipts:
        check(receipt, platform)
    # Imports were accepted in this order and no other was, so the ids are those that the sandbox counted.
    assert [receipt["process_ids"] for receipt in receipts] == [[one] for one in range(1, IMPORTS + 1)]
    assert sum(receipt["repeats"] for receipt in receipts) > 0, "some were sent again, and it is said"
    assert sum(bool(receipt["recovered"]) for receipt in receipts) > 0, (
        "some were found again, and it is said"
    )


def test_nor_while_somebody_else_imports_into_the_account(
    platform: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = strangers(platform, random.Random(7), monkeypatch)
    receipts = under_fire(platform, tmp_path)
    assert len(theirs) > 10
    assert platform.imports_accepted() == IMPORTS + len(theirs)
    for receipt in receipts:
        check(receipt, platform)
        # Where the answer was not lost, the id is our own for certain.
        assert receipt["recovered"] or not set(receipt["process_ids"]) & set(theirs)
