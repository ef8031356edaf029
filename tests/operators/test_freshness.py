"""Whether a snapshot was confirmed recently enough."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.operators.snapshots import CheckFreshnessOperator
from tests.operators.syncing import Sync

if TYPE_CHECKING:
    from airflow.sdk import Context


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a snapshot that was confirmed just now."""
    sync = Sync(tmp_path)
    sync.run({"a@example.com": "Ann"})
    (current,) = tmp_path.rglob("current.json")
    return current.parent


def check(folder: Path, **since: int) -> CheckFreshnessOperator:
    return CheckFreshnessOperator(task_id="fresh", snapshot=str(folder), fresh_within=timedelta(**since))


def confirmed(folder: Path, ago: timedelta) -> None:
    path = folder / "current.json"
    moment = (datetime.now(timezone.utc) - ago).isoformat(timespec="seconds")
    path.write_text(json.dumps({**json.loads(path.read_text()), "confirmed_at": moment}))


def test_a_list_that_was_confirmed_recently_is_fresh(folder: Path, context: Context) -> None:
    said = json.loads((folder / "current.json").read_text())["confirmed_at"]
    assert check(folder, hours=1).execute(context) == said


def test_a_list_that_was_not_confirmed_for_too_long_fails_the_check(folder: Path, context: Context) -> None:
    confirmed(folder, ago=timedelta(hours=27))
    with pytest.raises(AirflowFailException, match=r"was 27\.0 hours ago, .* fresh_within is 1 day, 2:00:00"):
        check(folder, hours=26).execute(context)
    check(folder, hours=28).execute(context)


@pytest.mark.parametrize("said", [26, "26", 26.0])
def test_it_can_be_a_number_of_hours(said: Any, folder: Path, context: Context) -> None:
    confirmed(folder, ago=timedelta(hours=27))
    with pytest.raises(AirflowFailException, match="fresh_within is 1 day, 2:00:00"):
        CheckFreshnessOperator(task_id="fresh", snapshot=str(folder), fresh_within=said).execute(context)


def test_what_is_no_duration_is_named(folder: Path, context: Context) -> None:
    with pytest.raises(AirflowFailException, match="fresh_within='soon'"):
        CheckFreshnessOperator(task_id="fresh", snapshot=str(folder), fresh_within="soon").execute(context)


def test_a_list_that_was_never_confirmed_fails_the_check(tmp_path: Path, context: Context) -> None:
    with pytest.raises(AirflowFailException, match="no run was confirmed yet"):
        check(tmp_path / "nothing", days=2).execute(context)


def test_a_list_that_was_confirmed_in_the_future_fails_the_check(folder: Path, context: Context) -> None:
    """By a clock that was ahead: it would look fresh for as long, whatever fails meanwhile."""
    confirmed(folder, ago=timedelta(days=-30))
    with pytest.raises(AirflowFailException, match="later than this machine's clock shows"):
        check(folder, hours=26).execute(context)
    confirmed(folder, ago=timedelta(minutes=-5))
    check(folder, hours=26).execute(context)
