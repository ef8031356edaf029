"""A snapshot is confirmed in whole, or the one before stays in force."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from email_contacts.contacts.snapshot import confirming
from email_contacts.contacts.snapshot.errors import SnapshotSuperseded, SnapshotUnusable
from email_contacts.contacts.snapshot.folder import SnapshotFolder
from tests.contacts.snapshot.days import NAME, Days

PEOPLE = {"a@example.com": "Ann", "b@example.com": "Bob", "c@example.com": "Cy"}
CHANGED = {**PEOPLE, "b@example.com": "Bobby"}


class Killed(BaseException):
    """What a kill is to the code that it hits: nothing after it runs."""


@pytest.fixture
def days(tmp_path: Path) -> Days:
    days = Days(tmp_path)
    days.run(PEOPLE)
    return days


def test_confirming_twice_does_nothing(days: Days) -> None:
    day = days.prepare(CHANGED)
    assert days.confirm(day)
    assert not days.confirm(day)
    assert days.prepare(CHANGED).sent == {}


@pytest.mark.parametrize("step", ["write", "put_in_force", "forget"])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("is_retried", [False, True])
def test_a_kill_at_any_step_leaves_a_whole_snapshot_in_force(
    days: Days, monkeypatch: pytest.MonkeyPatch, step: str, after: bool, is_retried: bool
) -> None:
    day = days.prepare(CHANGED)
    original = getattr(SnapshotFolder, step)

    def killed(*arguments: object, **named: object) -> None:
        if after:
            original(*arguments, **named)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(SnapshotFolder, step, killed)
        with pytest.raises(Killed):
            days.confirm(day)
    if is_retried:
        days.confirm(day)
    # Where it was not confirmed, or only not tidied up, it is sent again.
    is_done = is_retried or (step == "forget" and after)
    assert days.run(CHANGED).sent == ({} if is_done else {"b@example.com": "Bobby"})
    assert days.run(CHANGED).sent == {}
    assert days.files == ["current.json", "snapshot"]


def test_a_write_that_fails_midway_leaves_the_snapshot_before_in_force(
    days: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = days.prepare(CHANGED)

    def broken(*_: object) -> object:
        raise OSError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(confirming, "_confirmed", broken)
        with pytest.raises(OSError, match="no room"):
            days.confirm(day)
    assert days.prepare(CHANGED).sent == {"b@example.com": "Bobby"}


def test_a_run_that_another_one_overtook_is_not_confirmed_and_stays_in_doubt(days: Days) -> None:
    late = days.prepare(CHANGED)
    stages = days.prepare({**PEOPLE, "c@example.com": "Cyril"})
    days.confirm(stages)
    with pytest.raises(SnapshotSuperseded, match="sent again, by that run or by the next one"):
        days.confirm(late)
    after = days.run({**PEOPLE, "c@example.com": "Cyril"})
    assert after.sent == {}  # the second one knew that the first one's contacts were in doubt, and sent them


def test_a_run_that_began_before_another_was_confirmed_stays_in_doubt(days: Days) -> None:
    first = days.prepare({**PEOPLE, "c@example.com": "Cyril"})
    late = days.prepare(CHANGED)
    days.confirm(first)
    with pytest.raises(SnapshotSuperseded):
        days.confirm(late)
    assert days.run({**PEOPLE, "c@example.com": "Cyril"}).sent == {
        "b@example.com": "Bob",
        "c@example.com": "Cyril",
    }


def damage(path: Path, how: str) -> None:
    content = path.read_bytes()
    header = content.index(b"\n") + 1
    path.write_bytes(
        {
            "cut off": content[:-40],
            "cut within a record": content[:-33],
            "without its seal": content[:-32],
            "a bit changed": content[: header + 5] + bytes([content[header + 5] ^ 1]) + content[header + 6 :],
            "empty": b"",
            "not ours": b"PAR1" + content,
            "of a later version": content.replace(b'"version": 1', b'"version": 2', 1),
            "something appended": content + b"x",
        }[how]
    )


HOWS = [
    "cut off", "cut within a record", "without its seal", "a bit changed", "empty", "not ours",
    "of a later version", "something appended",
]  # fmt: skip


@pytest.mark.parametrize("how", HOWS)
def test_a_damaged_snapshot_leads_to_a_full_sync_which_mends_it(days: Days, how: str) -> None:
    (snapshot,) = days.snapshot.glob("snapshot-*.bin")
    damage(snapshot, how)
    day = days.run(CHANGED)
    assert day.sent == CHANGED
    assert str(snapshot) in day.changes.why_full
    assert days.run(CHANGED).sent == {}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": "something else", "id": "x"}'])
def test_a_damaged_pointer_leads_to_a_full_sync_which_mends_it(days: Days, content: bytes) -> None:
    (days.snapshot / "current.json").write_bytes(content)
    day = days.run(CHANGED)
    assert day.sent == CHANGED
    assert "current.json" in day.changes.why_full
    assert days.run(CHANGED).sent == {}


def test_a_lost_snapshot_leads_to_a_full_sync(days: Days) -> None:
    (snapshot,) = days.snapshot.glob("snapshot-*.bin")
    snapshot.unlink()
    assert "is not there" in days.run(PEOPLE).changes.why_full
    assert days.run(PEOPLE).sent == {}


@pytest.mark.parametrize("how", HOWS)
def test_where_it_is_not_known_what_is_in_doubt_everything_is_sent(days: Days, how: str) -> None:
    days.prepare(CHANGED)
    (in_doubt,) = days.snapshot.glob("in-doubt-*.bin")
    damage(in_doubt, how)
    day = days.run(PEOPLE)
    assert day.sent == PEOPLE
    assert "what an earlier run sent is not known" in day.changes.why_full
    assert days.run(PEOPLE).sent == {}


def test_a_stage_that_was_changed_is_not_confirmed(days: Days) -> None:
    day = days.prepare(CHANGED)
    damage(day.stage / "changes-sent.bin", "a bit changed")
    with pytest.raises(SnapshotUnusable):
        days.confirm(day)
    assert days.prepare(PEOPLE).changes.based_on == day.changes.based_on


def test_the_folder_holds_nothing_that_is_personal(days: Days) -> None:
    days.prepare({**PEOPLE, "somebody@example.com": "Somebody"})
    for path in days.snapshot.iterdir():
        assert b"example.com" not in path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0


def test_current_says_what_is_in_force(days: Days) -> None:
    said = json.loads((days.snapshot / "current.json").read_text())
    assert said["contacts"] == 3
    assert SnapshotFolder(days.snapshot, NAME).current_id() == said["id"]
