"""Rows that are held back: of people who opted out, and such as would make the platform merge contacts."""

from __future__ import annotations

import csv
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts.errors import InvalidOption
from email_contacts.contacts.guards.settings import Guards
from email_contacts.contacts.mirror.errors import MirrorUnusable
from email_contacts.contacts.mirror.folder import MirrorFolder
from email_contacts.contacts.mirror.refreshing import refresh
from email_contacts.contacts.options import Options
from email_contacts.contacts.partitions import merge_partitions, prepare_partition
from email_contacts.contacts.preparation import prepare
from email_contacts.contacts.snapshot.changes import ChangesSince
from email_contacts.contacts.snapshot.confirming import confirm
from email_contacts.contacts.staging.manifest import Manifest
from tests.contacts.mirror.accounts import contact

HEADER = "email,ext_id,sms,whatsapp\n"
LIST = 7
OUT, MERGE = "opted_out", "would_merge"


class Guarded:
    """A mirror and preparations that look at it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.stage = folder, folder / "stage"
        self.source = folder / "contacts.csv"

    def mirror(self, *contacts: dict[str, Any], age: timedelta = timedelta(0), account: str = "it") -> None:
        now = datetime.now(timezone.utc) - age
        refresh(MirrorFolder(self.folder / "m", "m"), lambda _: contacts, account=account, now=now, full=True)

    def guards(self, **choices: Any) -> Guards:
        return Guards(
            **{"folder": self.folder / "m", "name": "m", "account": "it", "lists": (LIST,), **choices}
        )

    def prepare(self, *lines: str, body: str = "json_body", since: bool = False, **choices: Any) -> Manifest:
        self.source.write_text(HEADER + "".join(f"{line}\n" for line in lines))
        return prepare(
            self.source,
            self.stage,
            Options(body=body),
            changes_since=ChangesSince(folder=self.folder / "s", name="s") if since else None,
            guards=self.guards(**choices),
        )

    def held(self, *lines: str, **choices: Any) -> dict[int, str]:
        """Row → why it is held back."""
        manifest = self.prepare(*lines, **choices)
        found = {int(one["row"]): one["reason"] for one in self.listed}
        assert sum(manifest.rows.held_back.values()) == len(found) == len(self.listed)
        return found

    @property
    def listed(self) -> list[dict[str, str]]:
        with (self.stage / "held_back.csv").open(newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def guarded(tmp_path: Path) -> Guarded:
    made = Guarded(tmp_path)
    made.mirror(
        contact(1, "ann@example.com", EXT_ID="X1", SMS="4915123456781", emailBlacklisted=True),
        contact(2, "bob@example.com", EXT_ID="X2", SMS="4915123456782", smsBlacklisted=True),
        contact(3, "cy@example.com", EXT_ID="X3", listUnsubscribed=[LIST]),
        contact(4, "di@example.com", EXT_ID="X4", SMS="4915123456784", listUnsubscribed=[99]),
        contact(5, "4915123456785@mailin-sms.com", SMS="4915123456785", emailBlacklisted=True),
        contact(6, "eve@example.com", WHATSAPP="4915123456786", whatsappBlacklisted=True),
    )
    return made


@pytest.mark.parametrize("body", ["json_body", "file_body", "file_url"])
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("ann@example.com,,,", OUT),
        ("ANN@example.com,,,", OUT),
        (",X1,,", OUT),
        (",,+49 151 23456781,", OUT),
        ("new@example.com,,4915123456781,", OUT),
        ("new@example.com,X1,,", OUT),
        ("bob@example.com,,,", None),
        ("bob@example.com,,4915123456782,", OUT),
        (",,4915123456782,", OUT),
        (",X2,,", OUT),
        ("cy@example.com,,,", OUT),
        (",X3,,", OUT),
        ("di@example.com,,,", None),
        (",,4915123456785,", None),
        ("4915123456785@mailin-sms.com,,,", None),
        ("fay@example.com,,4915123456785,", None),
        ("eve@example.com,,,", None),
        ("eve@example.com,,,4915123456786", OUT),
        ("new@example.com,X9,4915123456789,", None),
        ("di@example.com,X2,,", MERGE),
        ("di@example.com,,4915123456785,", MERGE),
        (",X4,4915123456785,", MERGE),
        ("4915123456785@mailin-sms.com,X4,,", MERGE),
        ("renamed@example.com,X4,,", None),
    ],
)
def test_a_row_by_itself(guarded: Guarded, line: str, reason: str | None, body: str) -> None:
    assert guarded.held(line, body=body) == ({1: reason} if reason else {})


def test_two_contacts_of_one_row_are_listed_with_their_ids(guarded: Guarded) -> None:
    guarded.prepare("a@example.com,,,", "di@example.com,,4915123456785,")
    assert guarded.listed == [
        {"row": "2", "reason": MERGE, "contact_id": "4", "other_contact_id": "5", "other_row": ""}
    ]


@pytest.mark.parametrize(
    ("lines", "held"),
    [
        # They share a number: the platform would merge the two, or move it from one to the other.
        (("a@example.com,,4915123456700,", "b@example.com,,4915123456700,", "c@example.com,,,"), {1, 2}),
        (("a@example.com,,4915123456700,", "4915123456700@mailin-sms.com,A,,"), {1, 2}),
        # Contact 4 gets another address, and somebody else the one that it gives up.
        (("z@example.com,X4,,", "di@example.com,X9,,"), {1, 2}),
        # Two rows about one contact, by different identifiers.
        (("di@example.com,,,", ",X4,,"), {1, 2}),
        # One row counts, the other does not: nothing is shared.
        (("di@example.com,X4,,", "di@example.com,X4,4915123456784,"), set()),
    ],
)
def test_rows_that_have_to_do_with_each_other(
    guarded: Guarded, lines: tuple[str, ...], held: set[int]
) -> None:
    assert guarded.held(*lines) == dict.fromkeys(sorted(held), MERGE)
    assert guarded.held(*lines, merges="allow") == {}


@pytest.mark.parametrize("is_out", [(True, False), (False, True), (True, True)])
@pytest.mark.parametrize("line", [",1001,,", ",,491511234567,", "491511234567@mailin-sms.com,,,"])
def test_of_two_contacts_with_forms_of_one_identifier_the_opt_out_of_either_counts(
    guarded: Guarded, line: str, is_out: tuple[bool, bool]
) -> None:
    one, other = (dict.fromkeys(("emailBlacklisted", "smsBlacklisted"), out) for out in is_out)
    guarded.mirror(
        contact(1, "a@example.com", EXT_ID="1001", SMS="491511234567", **one),
        contact(2, "b@example.com", EXT_ID="1001.0", SMS="4901511234567", **other),
    )
    assert guarded.held(line) == guarded.held(line, merges="allow") == {1: OUT}
    guarded.mirror(
        contact(1, "a@example.com", EXT_ID="1001", SMS="491511234567"),
        contact(2, "b@example.com", EXT_ID="1001.0", SMS="4901511234567"),
    )
    assert guarded.held(line) == {1: MERGE}


def test_an_opt_out_counts_before_a_merge(guarded: Guarded) -> None:
    held = guarded.held("ann@example.com,X2,,", "di@example.com,X2,,", "eve@example.com,X1,,")
    assert held == {1: OUT, 2: MERGE, 3: OUT}


def test_without_lists_an_unsubscription_from_any_counts(guarded: Guarded) -> None:
    assert guarded.held("di@example.com,,,", lists=()) == {1: OUT}


def test_an_override_sends_them_and_says_why(guarded: Guarded) -> None:
    manifest = guarded.prepare(
        "ann@example.com,,,",
        "cy@example.com,,,",
        "x@example.com,,,",
        consent="override",
        consent_reason="Recall 12.",
    )
    assert (manifest.rows.accepted, manifest.rows.held_back) == (3, {})
    assert manifest.guards["overridden"] == 2
    assert manifest.overriding == (
        "opt-outs are overridden, 2 rows of people who opted out are sent: Recall 12."
    )


def test_ignoring_does_not_look(guarded: Guarded) -> None:
    manifest = guarded.prepare("ann@example.com,,,", consent="ignore")
    assert (manifest.rows.accepted, manifest.guards["consent"]) == (1, "ignore")
    assert "overridden" not in manifest.guards


def test_nothing_to_look_for_needs_no_mirror(tmp_path: Path) -> None:
    manifest = Guarded(tmp_path).prepare("ann@example.com,,,", consent="ignore", merges="allow")
    assert manifest.rows.accepted == 1


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"consent": "override"}, "needs consent_reason"),
        ({"consent": "override", "consent_reason": "  "}, "needs consent_reason"),
        ({"consent_reason": "because"}, 'belongs to consent="override"'),
        ({"consent": "override", "consent_reason": "x" * 301}, "301 characters"),
        ({"consent": "maybe"}, 'consent="maybe" is not one of'),
        ({"merges": "maybe"}, 'merges="maybe" is not one of'),
    ],
)
def test_choices_that_do_not_fit(guarded: Guarded, choices: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidOption, match=message):
        guarded.guards(**choices)


def test_what_cannot_be_looked_up_is_not_guessed(guarded: Guarded) -> None:
    row = "a@example.com,,,"
    with pytest.raises(MirrorUnusable, match="another account"):
        guarded.prepare(row, account="other")
    guarded.mirror(age=timedelta(hours=25))
    with pytest.raises(MirrorUnusable, match=r"older than 1 day.*mirror_max_age"):
        guarded.prepare(row)
    assert guarded.prepare(row, max_age=timedelta(hours=26)).rows.accepted == 1
    guarded.mirror(contact(1, "a@example.com"))
    for file in (guarded.folder / "m").glob("mirror-*.bin"):
        file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(MirrorUnusable, match="cut off"):
        guarded.prepare(row)
    assert not (guarded.stage / "manifest.json").exists()
    (guarded.folder / "m" / "current.json").unlink()
    with pytest.raises(MirrorUnusable, match="there is no mirror"):
        guarded.prepare(row)


def test_who_is_held_back_is_not_gone_and_is_tried_again(guarded: Guarded) -> None:
    rows = ("a@example.com,,,", "b@example.com,,,", "c@example.com,,,")
    first = guarded.prepare(*rows, since=True)
    assert first.changes is not None
    confirm(first.changes, guarded.folder / "s", guarded.stage)
    guarded.mirror(contact(1, "b@example.com", emailBlacklisted=True))
    second = guarded.prepare(*rows[:2], since=True)
    assert second.changes is not None
    assert (second.rows.unchanged, second.rows.held_back) == (1, {OUT: 1})
    assert (second.changes.new, second.changes.changed, second.changes.gone) == (
        0,
        0,
        1,
    )  # c is gone, b is not
    confirm(second.changes, guarded.folder / "s", guarded.stage)
    guarded.mirror(contact(1, "b@example.com"))
    third = guarded.prepare(*rows[:2], since=True)
    assert third.changes is not None
    assert (third.rows.accepted, third.rows.unchanged, third.changes.changed) == (1, 1, 1)


def test_where_all_are_held_back_there_is_nothing_to_send(guarded: Guarded) -> None:
    manifest = guarded.prepare("ann@example.com,,,")
    assert manifest.batches == ()
    assert manifest.why_nothing == "every row that would be sent is held back"


def test_the_partitions_of_a_source_are_guarded_when_they_are_merged(guarded: Guarded) -> None:
    folders = []
    for index, line in enumerate(("di@example.com,,,", ",X4,,", "ann@example.com,,,", "x@example.com,,,")):
        guarded.source.write_text(HEADER + line + "\n")
        folders.append(guarded.folder / f"part{index}")
        prepare_partition(guarded.source, folders[-1], index=index, count=4)
    manifest = merge_partitions(folders, guarded.stage, guards=guarded.guards())
    assert manifest.rows.held_back == {OUT: 1, MERGE: 2}
    assert [one["row"] for one in guarded.listed] == ["1", "2", "3"]


def test_the_manifest_is_read_as_it_was_written_and_says_nothing_personal(guarded: Guarded) -> None:
    manifest = guarded.prepare("ann@example.com,,,", "x@example.com,,,")
    path = guarded.stage / "manifest.json"
    assert Manifest.read(path) == manifest
    assert json.loads(path.read_text())["rows"]["held_back"] == {OUT: 1}
    for name in ("manifest.json", "held_back.csv"):
        assert "@example.com" not in (guarded.stage / name).read_text()
    assert (guarded.stage / "held_back.csv").stat().st_mode & 0o077 == 0


def test_many_rows_are_looked_up_bucket_by_bucket(guarded: Guarded) -> None:
    people = [
        contact(number, f"p{number}@example.com", SMS=f"49151{number:07d}") for number in range(1, 3001)
    ]
    for one in people[::3]:
        one["emailBlacklisted"] = True
    guarded.mirror(*people)
    lines = [f"p{number}@example.com,,," for number in range(1, 3001)]
    lines[1] = f"p2@example.com,,49151{5:07d},"  # the number of contact 5
    held = guarded.held(*lines)
    assert {row for row, reason in held.items() if reason == OUT} == set(range(1, 3001, 3))
    assert {row for row, reason in held.items() if reason == MERGE} == {2, 5}
