"""The history of imports: keys that sort by time, and one entry for each receipt."""

from __future__ import annotations

from typing import Any

import pytest

from email_contacts.imports import history
from email_contacts.imports.history import EntryKey, keep, keys_between
from tests.task_context import StateStore

ONE, TWO = "0" * 16, "f" * 16


def receipt(finished_at: str, receipt_id: str = ONE, **other: Any) -> dict[str, Any]:
    return {"receipt_id": receipt_id, "finished_at": finished_at, **other}


class Killed(Exception):
    """The task was killed here."""


def test_keys_sort_by_the_time_at_which_imports_ended_whatever_zone_it_is_given_in() -> None:
    moments = ["2026-11-22T23:30:00.000-01:00", "2026-11-22T10:00:00.5+00:00", "2026-11-22T10:00:00+01:00"]
    keys = [str(EntryKey.of(receipt(moment))) for moment in moments]
    assert keys == [
        f"receipt/2026-11-23T00:30:00.000Z/{ONE}",
        f"receipt/2026-11-22T10:00:00.500Z/{ONE}",
        f"receipt/2026-11-22T09:00:00.000Z/{ONE}",
    ]
    assert sorted(keys, reverse=True) == keys


def test_a_key_is_read_again() -> None:
    key = EntryKey.of(receipt("2026-11-22T10:00:00.000+00:00"))
    assert EntryKey.parse(str(key)) == key


@pytest.mark.parametrize("text", ["", "receipt/", "receipt/x/y", f"receipt/2026-11-22T10:00:00.000Z/{ONE}\n"])
def test_what_is_no_key_is_none(text: str) -> None:
    assert EntryKey.parse(text) is None


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        ("", "", {21, 22, 23}),
        ("2026-11-22", "", {22, 23}),
        ("", "2026-11-22", {21, 22}),
        ("2026-11-22", "2026-11-22", {22}),
        ("2026-11-23", "2026-11-22", set()),
    ],
)
def test_a_range_holds_its_first_and_its_last_day(first: str, last: str, days: set[int]) -> None:
    lower, upper = keys_between(first, last)
    moments = {day: f"2026-11-{day}T23:59:59.999+00:00" for day in (21, 22, 23)}
    found = {day for day, at in moments.items() if lower <= str(EntryKey.of(receipt(at))) < upper}
    assert found == days


def test_a_later_try_replaces_the_entry_of_an_earlier_one() -> None:
    entries, task = StateStore(), StateStore()
    keep(receipt("2026-11-22T10:00:00+00:00", state="unknown"), conn_id="crm", history=entries, task=task)
    keep(receipt("2026-11-22T10:05:00+00:00", state="completed"), conn_id="crm", history=entries, task=task)
    ((key, entry),) = entries.items()
    assert key == f"receipt/2026-11-22T10:05:00.000Z/{ONE}"
    assert (entry["conn_id"], entry["receipt"]["state"]) == ("crm", "completed")
    assert task[history.WRITTEN_KEYS] == [key]


def test_a_run_that_is_cleared_and_imports_other_rows_has_two_entries() -> None:
    entries, task = StateStore(), StateStore()
    keep(receipt("2026-11-22T10:00:00+00:00", ONE), conn_id="crm", history=entries, task=task)
    keep(receipt("2026-11-22T11:00:00+00:00", TWO), conn_id="crm", history=entries, task=task)
    keep(receipt("2026-11-22T12:00:00+00:00", ONE), conn_id="crm", history=entries, task=task)
    assert [EntryKey.parse(key) for key in sorted(entries)] == [
        ("2026-11-22T11:00:00.000", TWO),
        ("2026-11-22T12:00:00.000", ONE),
    ]


@pytest.mark.parametrize("killed_at", range(4))
def test_a_try_that_is_killed_anywhere_leaves_no_second_entry(killed_at: int) -> None:
    """Once with every write that the second try makes being its last."""
    entries, task = StateStore(), StateStore()
    keep(receipt("2026-11-22T10:00:00+00:00"), conn_id="crm", history=entries, task=task)
    left = killed_at

    class Fragile:
        def __init__(self, store: StateStore) -> None:
            self.store = store

        def __getattr__(self, name: str) -> Any:
            nonlocal left
            if name in ("set", "delete"):
                if not left:
                    raise Killed
                left -= 1
            return getattr(self.store, name)

    with pytest.raises(Killed):
        keep(
            receipt("2026-11-22T10:05:00+00:00"), conn_id="crm", history=Fragile(entries), task=Fragile(task)
        )
    keep(receipt("2026-11-22T10:10:00+00:00"), conn_id="crm", history=entries, task=task)
    assert list(entries) == [f"receipt/2026-11-22T10:10:00.000Z/{ONE}"]
