"""Whether a run tells the truth: its receipt against what its platform counted."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.trial import PEOPLE, Trial

ROWS = {"read": PEOPLE + 1, "accepted": PEOPLE, "rejected": 0, "duplicates": 1, "held_back": 0}


def audit(trial: Trial) -> Iterator[tuple[str, str]]:
    """Name what is wrong with a run that has ended, each with its kind.

    ``sent again`` is not wrong: it is the documented policy where nobody can tell whether a request was
    accepted and a repeat changes no data; the receipt must count it.
    """
    accepted = trial.sandbox.imports_accepted()
    state = trial.airflow.stack.rest.run(trial.dag_id, trial.run_id)["state"]
    receipt = trial.airflow.stack.rest.xcom(trial.dag_id, trial.run_id, "receipt", key="receipt")
    if state != "success" or receipt is None:
        yield "failed", f"the run is {state}, with {accepted} imports accepted"
        if accepted > 1:
            yield "doubled", f"{accepted} imports accepted"
        return
    repeats = receipt["repeats"]
    if accepted > 1 + repeats:
        yield "doubled", f"{accepted} imports accepted, and the receipt counts {repeats} repeats"
    if repeats:
        yield "sent again", f"{repeats} repeats"
    (list_id,) = receipt["list_ids"]
    arrived = trial.ask(f"/v3/contacts/lists/{list_id}")["uniqueSubscribers"]
    if arrived != PEOPLE or not accepted:
        yield "lost", f"{arrived} of {PEOPLE} contacts are on the list"
    ids = {process["id"] for process in trial.processes()}
    told = {name: receipt["rows"][name] for name in ROWS}
    if told != ROWS or receipt["state"] != "completed" or not set(receipt["process_ids"]) <= ids:
        yield "false receipt", f"{receipt}; the platform's processes are {sorted(ids)}"
