"""Over random histories nobody who opted out is sent, and no contact of the account disappears."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from email_contacts.sandbox import SandboxServer
from tests.amount import amount
from tests.operators.guarded_histories import History, told

HISTORIES = amount(304, quick=104)
BLOCKS = 4


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    # Both clocks are one, so that a sweep over changes sees no more than what changed.
    monkeypatch.setattr("email_contacts.contacts.mirror.refreshing.CLOCK_TOLERANCE", timedelta(0))
    # Each file has its price, and the rows are few.
    monkeypatch.setattr("email_contacts.contacts.batches.spool.NamelessFiles.ways", 2)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_nobody_who_opted_out_is_sent_and_nobody_disappears(
    block: int, sandbox: SandboxServer, tmp_path: Path
) -> None:
    total: Counter[str] = Counter()
    for seed in range(block, HISTORIES, BLOCKS):
        history = lived(seed, sandbox, tmp_path)
        assert not history.violation, f"history {seed}: {history.violation}\n{told(history)}"
        total.update(history.counts)
    assert min(total[name] for name in ("sent", "opted_out", "would_merge")) > amount(20, quick=6), total


def test_without_the_guards_both_happen(sandbox: SandboxServer, tmp_path: Path) -> None:
    """The histories would show it."""
    violations = [
        lived(seed, sandbox, tmp_path, consent="ignore", merges="allow").violation for seed in range(24)
    ]
    assert any("who opted out, was sent" in one for one in violations)
    assert any("disappeared" in one for one in violations)


def lived(seed: int, sandbox: SandboxServer, folder: Path, **choices: str) -> History:
    """A history, in an account of its own."""
    sandbox.reset()
    for name in ("mirror", "snapshot", "stage"):
        shutil.rmtree(folder / name, ignore_errors=True)
    history = History(seed, sandbox, folder, **choices)
    history.run()
    return history
