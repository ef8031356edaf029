"""Five hundred faults of the platform, drawn at random, over fifty imports: none doubled, none lost.

The tasks run here as Airflow runs them, a try after the other with the same state store, and each fails and
is tried again as often as the platform makes it. What the faults are is the same every time.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from email_contacts.api import ContactsClient, ImportRequest
from email_contacts.imports import failpoints
from email_contacts.sandbox import SandboxServer
from tests.faults.chain import run_chain, without_pauses

IMPORTS = 50
FAULTS = 500
# All that passes: what a person would have to mend (a wrong key, a refused body) is tested elsewhere.
KINDS = (
    "429", "500", "500_after_accepting", "502", "503", "524", "524_after_accepting", "reset",
    "reset_after_accepting", "closed", "truncated", "garbled",
)  # fmt: skip
# How often each route is asked in a healthy import, so that the faults are met.
ROUTES = ("import", "import", "import", "processes", "processes", "process", "list_contacts", "list")


@pytest.fixture
def platform(sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SandboxServer:
    """The sandbox, with tasks that try again at once."""
    without_pauses(monkeypatch, sandbox, tmp_path / "stage")
    return sandbox


def draw(chance: random.Random) -> dict[str, str]:
    return {"route": chance.choice(ROUTES), "kind": chance.choice(KINDS)}


def strangers(platform: SandboxServer, chance: random.Random, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Have somebody else import into the same account in the worst moment: between our intent and request.

    :return: their process ids, as they come.
    """
    theirs: list[int] = []
    request = ImportRequest(json_body=[{"email": "stranger@example.com"}], list_ids=[2])

    def import_too(moment: str) -> None:
        if moment == failpoints.AFTER_INTENT and chance.random() < 0.3:
            ours = platform.knobs.faults
            platform.set_knobs(faults=[])
            with ContactsClient(platform.url, platform.api_key) as somebody:
                theirs.append(somebody.import_contacts(request))
            platform.set_knobs(faults=ours)

    monkeypatch.setattr("email_contacts.imports.failpoints._listeners", [import_too])
    return theirs


def under_fire(platform: SandboxServer, folder: Path) -> list[dict[str, Any]]:
    """Run all the imports under all the faults, and see that these were met."""
    chance = random.Random(20261123)
    drawn = [draw(chance) for _ in range(FAULTS)]
    share = FAULTS // IMPORTS
    receipts = []
    for number in range(IMPORTS):
        faults = [*platform.knobs.faults, *drawn[number * share : (number + 1) * share]]
        ended = run_chain(
            platform,
            folder,
            name=f"p{number}",
            knobs={"faults": faults},
            deferrable=number % 2 == 0,
            wait_for_completion=number % 3 != 0,
        )
        assert ended.failure == ""
        receipts.append(ended.receipt)
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
