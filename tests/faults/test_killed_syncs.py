"""Kill -9 at the steps of a sync: everything is sent once, and the snapshot is never ahead of the receipt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts import Options, prepare
from email_contacts.contacts.snapshot.changes import ChangesSince
from email_contacts.imports import failpoints
from tests.faults.trial import DOMAIN, ENDED, HEADER, KEY, PEOPLE, Trial
from tests.faults.under_fire import SYNCED_AUDIENCE, UnderFire, until

MOMENTS = (
    failpoints.SWEPT,
    failpoints.AFTER_ANSWER,
    failpoints.BEFORE_CONFIRMATION,
    failpoints.CONFIRMED,
)
LIST = 2
Trials = dict[str, Trial]


@pytest.fixture(scope="module")
def trials(airflow: UnderFire, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trials]:
    """A sync for each moment, each of an account of its own; side by side."""
    with ExitStack() as stack:
        begun = {}
        for moment in MOMENTS:
            trial = Trial(
                airflow,
                f"sync-killed-{moment.replace('_', '-')}",
                dag_id=SYNCED_AUDIENCE,
                folder=tmp_path_factory.mktemp("syncs") / moment,
                moment=moment,
                knobs={},
            )
            stack.callback(trial.end)
            trial.begin()
            begun[moment] = trial
        yield begun


@pytest.mark.parametrize("airflow", ["local_executor"], indirect=True)
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_sync_survives_a_kill(trials: Trials, moment: str, tmp_path: Path) -> None:
    trial = trials[moment]
    snapshot = trial.folder / "stage" / "snapshots" / trial.name
    trial.await_death()
    run: dict[str, Any] = {}

    def has_ended() -> bool:
        run.update(trial.airflow.stack.rest.run(trial.dag_id, trial.run_id))
        return run["state"] in ENDED

    until(has_ended, seconds=600, what=trial.report)
    assert run["state"] == "success", trial.report()
    assert trial.sandbox.imports_accepted() == 1, trial.report()
    assert trial.ask(f"/v3/contacts/lists/{LIST}")["uniqueSubscribers"] == PEOPLE
    assert sorted(path.name.partition("-")[0] for path in snapshot.iterdir()) == ["current.json", "snapshot"]
    # It came into force with the receipt that says that everything arrived, and after it.
    receipt = trial.airflow.stack.rest.xcom(trial.dag_id, trial.run_id, "receipt", key="receipt")
    assert receipt["rows"]["accepted"] == PEOPLE
    current = snapshot / "current.json"
    assert json.loads(current.read_text())["receipt_id"] == receipt["receipt_id"]
    (written,) = (trial.folder / "stage").rglob("receipt.json")
    assert written.stat().st_mtime_ns <= current.stat().st_mtime_ns
    text = b"".join(path.read_bytes() for path in (trial.folder / "stage").rglob("*.bin"))
    assert DOMAIN.encode() not in text
    assert KEY.encode() not in text

    # The next day one of them has another name, one is gone, and one is new.
    people = [f"person.{number}@{DOMAIN},Person" for number in range(1, PEOPLE)]
    people[0] += "a"
    source = tmp_path / "people.csv"
    source.write_text("\n".join([HEADER, *people, f"new@{DOMAIN},New"]) + "\n")
    since = ChangesSince(folder=snapshot, name=trial.name, target=f"{trial.name}:{LIST}")
    manifest = prepare(source, tmp_path / "stage", Options(), changes_since=since)
    assert manifest.changes is not None
    assert manifest.changes.summary == {"new": 1, "changed": 1, "gone": 1}
    assert manifest.rows.unchanged == PEOPLE - 2
