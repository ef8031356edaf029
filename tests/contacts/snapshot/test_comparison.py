"""Today's contacts against those that were confirmed."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from email_contacts.contacts.preparation import prepare
from email_contacts.contacts.snapshot.changes import Changes, ChangesSince
from tests.amount import amount
from tests.contacts.snapshot.days import Days

PEOPLE = {"a@example.com": "Ann", "b@example.com": "Bob", "c@example.com": "Cy"}


@pytest.fixture
def days(tmp_path: Path) -> Days:
    return Days(tmp_path)


def test_the_first_day_sends_everything_and_says_why(days: Days) -> None:
    day = days.run(PEOPLE)
    assert day.sent == PEOPLE
    assert "no run was confirmed yet" in day.changes.why_full
    assert days.files == ["current.json", "snapshot"]


def test_a_day_without_changes_sends_nothing_and_every_row_is_accounted_for(days: Days) -> None:
    days.run(PEOPLE)
    day = days.run(PEOPLE)
    assert day.manifest.batches == ()
    assert day.manifest.why_nothing == "no row changed since the snapshot"
    assert day.manifest.rows.to_json() == {
        "read": 3, "accepted": 0, "rejected": 0, "duplicates": 0, "unchanged": 3,
    }  # fmt: skip


def test_new_changed_and_gone_are_told_apart(days: Days) -> None:
    days.run(PEOPLE)
    day = days.run({"a@example.com": "Ann", "b@example.com": "Bobby", "d@example.com": "Di"})
    assert day.sent == {"b@example.com": "Bobby", "d@example.com": "Di"}
    assert day.counts == (1, 1, 1, 1)


def test_a_key_that_two_rows_share_counts_once(days: Days) -> None:
    days.run(PEOPLE)
    source = days.folder / "twice.csv"
    source.write_text("email,FIRSTNAME\na@example.com,Old\nA@Example.com ,Ann\n")
    (days.folder / "source.csv").unlink()
    manifest = prepare(
        source, days.folder / "stage", changes_since=ChangesSince(folder=days.snapshot, name="customers")
    )
    assert manifest.rows.to_json() == {
        "read": 2, "accepted": 0, "rejected": 0, "duplicates": 1, "unchanged": 1,
    }  # fmt: skip


@pytest.mark.parametrize("body", ["json_body", "file_body", "file_url"])
def test_every_form_of_body_is_compared(days: Days, body: str) -> None:
    people = {**PEOPLE, "d@example.com": 'semi;colon "quoted"\nand a second line', "e@example.com": "Ö\u2028"}
    days.run(people, body=body)
    day = days.run({**people, "b@example.com": "Bobby"}, body=body)
    assert day.counts == (0, 1, 4, 0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"full": True}, "a full sync was requested"),
        ({"column": "LASTNAME"}, "the mapping changed"),
        ({"body": "file_body"}, "the form of the bodies"),
        ({"target": "7"}, "the target changed"),
        ({"name": "others"}, "is not that of 'others'"),
    ],
)
def test_what_makes_the_snapshot_unusable_sends_everything_and_is_said(
    days: Days, change: dict[str, object], said: str
) -> None:
    days.run(PEOPLE)
    day = days.prepare(PEOPLE, **change)  # type: ignore[arg-type]
    assert day.manifest.rows.accepted == 3
    assert said in day.changes.why_full


def test_who_is_gone_is_known_in_a_full_sync_too(days: Days) -> None:
    days.run(PEOPLE)
    day = days.run({"a@example.com": "Ann"}, full=True)
    assert day.counts == (0, 1, 0, 2)
    assert days.run({"a@example.com": "Ann"}).counts == (0, 0, 1, 0)


def test_an_empty_source_says_nothing_about_who_is_gone(days: Days) -> None:
    days.run(PEOPLE)
    before = (days.snapshot / "current.json").read_bytes()
    (days.folder / "empty.csv").write_text("email,FIRSTNAME\n")
    since = ChangesSince(folder=days.snapshot, name="customers")
    assert prepare(days.folder / "empty.csv", days.folder / "stage", changes_since=since).changes is None
    assert (days.snapshot / "current.json").read_bytes() == before


def test_what_the_platform_rejected_is_sent_again_when_it_changes_or_when_asked(days: Days) -> None:
    days.confirm(days.prepare(PEOPLE), rejected=["b@example.com"])
    day = days.run(PEOPLE)
    assert (day.sent, day.changes.rejected_before) == ({}, 1)
    assert days.prepare(PEOPLE, retry_rejects=True).sent == {"b@example.com": "Bob"}
    assert days.prepare({**PEOPLE, "b@example.com": "Bobby"}).sent == {"b@example.com": "Bobby"}


def test_who_was_sent_in_a_run_that_was_not_confirmed_is_sent_again_though_the_source_went_back(
    days: Days,
) -> None:
    """The platform may hold what that run sent, and the snapshot does not know of it."""
    days.run(PEOPLE)
    days.prepare({**PEOPLE, "b@example.com": "Bobby"})
    days.prepare({**PEOPLE, "c@example.com": "Cyril"})
    day = days.run(PEOPLE)
    assert day.sent == {"b@example.com": "Bob", "c@example.com": "Cy"}
    assert day.counts == (0, 2, 1, 0)
    assert days.run(PEOPLE).sent == {}
    assert days.files == ["current.json", "snapshot"]


def test_who_was_new_in_a_run_that_was_not_confirmed_can_be_gone(days: Days) -> None:
    days.run(PEOPLE)
    days.prepare({**PEOPLE, "d@example.com": "Di"})
    assert days.run(PEOPLE).counts == (0, 0, 3, 1)


def test_after_a_full_sync_that_was_not_confirmed_everything_is_sent_again(days: Days) -> None:
    days.run(PEOPLE)
    days.prepare(PEOPLE, full=True)
    day = days.prepare(PEOPLE)
    assert day.sent == PEOPLE
    assert "an earlier run sent everything" in day.changes.why_full


@dataclass
class Model:
    """What the platform holds, and which of it a day has confirmed."""

    platform: dict[str, str]
    confirmed: dict[str, str]
    doubtful: set[str]


ADDRESSES = [f"{letter}@example.com" for letter in "abcdef"]
DAYS = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from(ADDRESSES), st.sampled_from(["One", "Two", "Three"]), min_size=1),
        st.sampled_from(["confirmed", "confirmed", "only sent", "not sent"]),
        st.booleans(),
    ),
    min_size=2,
    max_size=5,
)


@settings(max_examples=amount(30, quick=6), deadline=None)
@given(history=DAYS)
def test_after_every_confirmed_day_the_platform_holds_what_the_source_says(
    history: list[tuple[dict[str, str], str, bool]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        days, model = Days(Path(folder)), Model({}, {}, set())
        for rows, outcome, full in history:
            day = days.prepare(rows, full=full)
            if not day.changes.why_full:
                # Nobody is sent who did not change, and of whom nothing is in doubt.
                expected = {
                    address: name
                    for address, name in rows.items()
                    if model.confirmed.get(address) != name or address in model.doubtful
                }
                assert day.sent == expected
                assert_counted(day.changes, rows, model)
            if outcome != "not sent":
                model.platform |= day.sent
            model.doubtful |= set(day.sent)
            if outcome == "confirmed":
                days.confirm(day)
                assert {address: model.platform.get(address) for address in rows} == rows
                model.confirmed, model.doubtful = dict(rows), set()


def assert_counted(changes: Changes, rows: dict[str, str], model: Model) -> None:
    known = set(model.confirmed) | model.doubtful
    sent = {one for one in rows if model.confirmed.get(one) != rows[one] or one in model.doubtful}
    assert (changes.new, changes.changed, changes.gone) == (
        len(sent - known), len(sent & known), len(known - set(rows)),
    )  # fmt: skip
