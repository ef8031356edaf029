"""Kill -9 at the steps of a sync: everything is sent once, and the snapshot is never ahead of the receipt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from email_contacts.api import ContactsClient
from email_contacts.contacts import Manifest, Options, prepare
from email_contacts.contacts.snapshot.changes import ChangesSince
from email_contacts.contacts.snapshot.confirming import confirm
from email_contacts.contacts.sources.consent_column import ConsentColumn
from email_contacts.imports import failpoints
from tests.faults.trial import DOMAIN, ENDED, HEADER, KEY, PEOPLE, Trial
from tests.faults.under_fire import SETTLED_AUDIENCE, SYNCED_AUDIENCE, UnderFire, until

SETTLING = "settling"
MOMENTS = (
    failpoints.SWEPT,
    failpoints.AFTER_ANSWER,
    failpoints.BEFORE_CONFIRMATION,
    failpoints.CONFIRMED,
)
# Where a task kills itself, each once, in one run.
SETTLED_AT = (
    f"gone.{failpoints.GONE_FOUND}",
    f"gone.{failpoints.PORTION_SETTLED}",
    f"gone.{failpoints.GONE_SETTLED}",
    f"opt_outs.{failpoints.PORTION_SETTLED}",
)
LIST = 2
STAY = [f"person.{number}@{DOMAIN}" for number in range(PEOPLE)]
GONE = [f"gone.{number}@{DOMAIN}" for number in range(2)]
OPTED_OUT = [f"no.{number}@{DOMAIN}" for number in range(2)]
Trials = dict[str, Trial]


class Settling(Trial):
    """A run in which two contacts are gone from the source, two more say no in it, and one changed."""

    def before_run(self, source: Path) -> None:
        with ContactsClient(self.sandbox.url, self.sandbox.api_key, requests_per_second=1_000) as client:
            for email in (*STAY, *GONE):
                client.create_contact(email=email, attributes={"FIRSTNAME": "Person"}, list_ids=[LIST])
            for email in OPTED_OUT:
                client.create_contact(email=email)
        yesterday = self.folder / "yesterday.csv"
        yesterday.write_text(_rows("Person", *STAY, *GONE))
        changes = self.prepared(yesterday).changes
        assert changes is not None
        confirm(changes, self.snapshot, self.folder / "by-hand")
        nobody = "".join(f"{email},Person,no\n" for email in OPTED_OUT)
        source.write_text(_rows("Person", *STAY[1:]) + f"{STAY[0]},Persona,yes\n" + nobody)
        self.armed.mkdir()
        for moment in SETTLED_AT:
            (self.armed / moment).touch()

    def prepared(self, source: Path) -> Manifest:
        """Prepare a source as the run does."""
        since = ChangesSince(
            folder=self.snapshot, name=self.name, target=f"{self.name}:{LIST}", gone="remove"
        )
        options = Options(consent_column=ConsentColumn("newsletter"))
        return prepare(source, self.folder / "by-hand", options, changes_since=since)

    @property
    def snapshot(self) -> Path:
        """The folder of its snapshot."""
        return self.folder / "stage" / "snapshots" / self.name


def _rows(name: str, *people: str) -> str:
    return f"{HEADER},newsletter\n" + "".join(f"{email},{name},yes\n" for email in people)


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
        folder = tmp_path_factory.mktemp("syncs") / SETTLING
        settling = Settling(airflow, "sync-killed-settling", dag_id=SETTLED_AUDIENCE, folder=folder, knobs={})
        stack.callback(settling.end)
        settling.begin()
        yield begun | {SETTLING: settling}


@pytest.mark.parametrize("airflow", ["local_executor"], indirect=True)
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_sync_survives_a_kill(trials: Trials, moment: str, tmp_path: Path) -> None:
    trial = trials[moment]
    snapshot = trial.folder / "stage" / "snapshots" / trial.name
    trial.await_death()
    succeeds(trial)
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


@pytest.mark.parametrize("airflow", ["local_executor"], indirect=True)
@pytest.mark.parametrize("moment", [SETTLING])
def test_removals_and_opt_outs_survive_kills(trials: Trials, moment: str) -> None:
    trial = trials[moment]
    assert isinstance(trial, Settling)
    succeeds(trial)
    assert list(trial.armed.iterdir()) == []
    assert trial.task("gone")["try_number"] > 3
    assert trial.task("opt_outs")["try_number"] > 1
    assert trial.sandbox.imports_accepted() == 1, trial.report()
    with ContactsClient(trial.sandbox.url, trial.sandbox.api_key, requests_per_second=1_000) as client:
        contacts = {one["email"]: one for one in client.iter_contacts()}
    assert set(contacts) == {*STAY, *GONE, *OPTED_OUT}
    assert {email for email, one in contacts.items() if one["listIds"]} == set(STAY)
    assert {email for email, one in contacts.items() if one["emailBlacklisted"]} == set(OPTED_OUT)
    assert contacts[STAY[0]]["attributes"]["FIRSTNAME"] == "Persona"
    receipt = trial.airflow.stack.rest.xcom(trial.dag_id, trial.run_id, "receipt", key="receipt")
    assert json.loads((trial.snapshot / "current.json").read_text())["receipt_id"] == receipt["receipt_id"]
    # Nothing is left to do the next day.
    manifest = trial.prepared(trial.folder / "people.csv")
    assert manifest.changes is not None
    assert (manifest.rows.accepted, manifest.changes.gone) == (0, 0)


def succeeds(trial: Trial) -> None:
    """Wait for the end of a run, which is to be a success."""
    run: dict[str, Any] = {}

    def has_ended() -> bool:
        run.update(trial.airflow.stack.rest.run(trial.dag_id, trial.run_id))
        return run["state"] in ENDED

    until(has_ended, seconds=600, what=trial.report)
    assert run["state"] == "success", trial.report()
