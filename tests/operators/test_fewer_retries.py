"""A task that is cleared after its ``retries`` were lowered: Airflow may leave ``max_tries`` as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.sandbox import SandboxServer
from tests.operators.test_import_life import an_import, cleared, hand_on
from tests.task_context import StateStore, make_context, pushed

if TYPE_CHECKING:
    from airflow.sdk import Context


def perhaps_cleared(store: StateStore) -> Context:
    """The context of a try with the same ``max_tries``, after tasks of the run were cleared."""
    return make_context(store, clear_number=1)


@pytest.mark.parametrize("import_again", [True, False])
def test_an_import_that_ended_is_neither_repeated_nor_taken_for_a_new_one(
    import_again: bool, context: Context, sandbox: SandboxServer, store: StateStore
) -> None:
    first = an_import(deferrable=False).execute(context)
    again = an_import(deferrable=False, import_again=import_again)
    for _ in range(2):
        with pytest.raises(AirflowFailException, match=rf"process {first}, .* Clear it once more to import"):
            again.execute(perhaps_cleared(store))
    assert sandbox.imports_accepted() == 1
    # Cleared once more: max_tries is the number of the last try, which is higher now, plus the retries.
    assert again.execute(cleared(store)) != first
    assert sandbox.imports_accepted() == 2


def test_an_import_that_still_runs_is_waited_for(
    context: Context, sandbox: SandboxServer, store: StateStore
) -> None:
    sandbox.set_knobs(hold="in_process")
    first = hand_on(context)
    second = perhaps_cleared(store)
    assert hand_on(second) == first
    assert pushed(second)["submission"]["is_reconnected"] is True
    assert sandbox.imports_accepted() == 1


def test_a_retry_after_a_worker_that_died_before_its_success_was_recorded_reconnects(
    sandbox: SandboxServer, store: StateStore
) -> None:
    first = an_import(deferrable=False).execute(make_context(store, clear_number=3))
    assert an_import(deferrable=False).execute(make_context(store, clear_number=3)) == first
    assert sandbox.imports_accepted() == 1


def test_what_an_earlier_version_closed_is_returned_as_before(
    context: Context, sandbox: SandboxServer, store: StateStore
) -> None:
    first = an_import(deferrable=False).execute(context)
    del store.ledger_entry["clearings"]
    assert an_import(deferrable=False).execute(perhaps_cleared(store)) == first
