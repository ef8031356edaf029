"""The brakes as a task runs them; ``tests/e2e/test_brakes.py`` asks a person, too."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.contacts.staging.manifest import Manifest
from email_contacts.operators.brakes import CheckBrakesOperator
from email_contacts.operators.preparation import PrepareContactsOperator
from tests.task_context import StateStore, make_context, pushed

BEFORE = {"id": 2, "name": "Customers", "size": 10}
AT = datetime(2026, 11, 28, tzinfo=timezone.utc)


@pytest.fixture
def manifest_uri(store: StateStore, tmp_path: Path) -> str:
    """Three rows, of which one is rejected."""
    source = tmp_path / "contacts.csv"
    source.write_text("email\na@example.com\nb@example.com\nnobody\n")
    context = make_context(store)
    PrepareContactsOperator(task_id="prepare", source=str(source)).execute(context)
    return str(pushed(context)["manifest_uri"])


def brakes(manifest_uri: str, **limits: Any) -> CheckBrakesOperator:
    return CheckBrakesOperator(task_id="brakes", manifest_uri=manifest_uri, sizes_before=BEFORE, **limits)


def answered(option: str, fingerprint: str) -> dict[str, Any]:
    params = {"fingerprint": fingerprint}
    return {"chosen_options": [option], "params_input": params, "responded_at": AT, "responded_by_user": None}


@pytest.mark.parametrize(
    "limits", [{}, {"max_changes": 2}, {"max_changes": "20%", "max_rejects": "34%"}, {"max_rejects": "None"}]
)
def test_a_run_within_its_limits_goes_on_at_once(
    limits: dict[str, Any], manifest_uri: str, store: StateStore
) -> None:
    assert brakes(manifest_uri, **limits).execute(make_context(store))["approved"] is False


def test_an_approval_of_what_was_prepared_lets_it_go_on(manifest_uri: str, store: StateStore) -> None:
    context = make_context(store)
    fingerprint = brakes(manifest_uri).execute(context)["fingerprint"]
    done = brakes(manifest_uri, max_changes=1).execute_complete(context, answered("Approve", fingerprint))
    assert done == {"fingerprint": fingerprint, "approved": True}


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (answered("Approve", "0" * 64), r"the approval is for 000000000000…, and what is prepared now is"),
        ({**answered("Approve", ""), "params_input": None}, "the approval is for nothing"),
        (answered("Reject", "0" * 64), "the run was rejected; nothing was sent"),
        (
            {"error": "late", "error_type": "timeout"},
            r"this run was not approved within 1 day.* Clear this task",
        ),
    ],
)
def test_without_an_approval_of_what_was_prepared_the_task_fails(
    event: dict[str, Any], said: str, manifest_uri: str, store: StateStore
) -> None:
    with pytest.raises(AirflowFailException, match=said):
        brakes(manifest_uri, max_changes=1).execute_complete(make_context(store), event)


@pytest.mark.parametrize("given", ["", None, "None"])
def test_a_preparation_that_pushed_nothing_is_named(given: Any, store: StateStore) -> None:
    with pytest.raises(AirflowFailException, match="manifest_uri is empty"):
        brakes(given).execute(make_context(store))


def test_a_limit_that_is_none_is_named(manifest_uri: str, store: StateStore) -> None:
    with pytest.raises(AirflowFailException, match="max_changes='many'"):
        brakes(manifest_uri, max_changes="many").execute(make_context(store))


def test_many_opt_outs_of_the_source_are_asked_about(
    manifest_uri: str, store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a consent column is turned around."""

    class AskedError(Exception):
        """Somebody is asked."""

    def ask(*_: object) -> None:
        raise AskedError

    monkeypatch.setattr(HITLOperator, "execute", ask)
    path = Path(manifest_uri.removeprefix("file://"))
    manifest = Manifest.read(path)
    replace(manifest, guards={"consent": "hold_back", "to_opt_out": 2}).write(path)
    task = brakes(manifest_uri, max_opt_outs="50%")
    with pytest.raises(AskedError):
        task.execute(make_context(store))
    assert "2 contacts are to be blocklisted; max_opt_outs is 50% of the 3 rows read" in str(task.body)
    assert brakes(manifest_uri, max_opt_outs=2).execute(make_context(store))["approved"] is False
