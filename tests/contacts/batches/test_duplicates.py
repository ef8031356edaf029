"""Rows about one contact, and rows that share an identifier with another contact."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from email_contacts.contacts.batches import identity
from email_contacts.contacts.batches.contact_bytes import Contacts
from email_contacts.contacts.batches.duplicates import find_conflicts, find_duplicates, find_repeated
from email_contacts.contacts.batches.identity import IdentityFiles, records_of
from email_contacts.contacts.batches.parts import PartWriter
from email_contacts.contacts.batches.spool import NamelessFiles
from email_contacts.contacts.column_names import EMAIL, EXT_ID, SMS
from email_contacts.contacts.errors import ConflictsFound, DuplicatesFound, InvalidOption
from tests.amount import amount
from tests.contacts.conftest import WriteSource
from tests.contacts.prepared import ACCOUNT, Prepared, prepared, read_csv

Person = tuple[str, str, str]  # e-mail, EXT_ID, SMS; at least one of them
PEOPLE = (
    "email,ext_id,sms,firstname\n"
    "a@example.com,,,one\n"
    ",X-1,,two\n"
    "A@Example.COM,,,three\n"
    ",,+44 7700 900001,four\n"
    ",X-1,,five\n"
    ",,00447700900001,six\n"
    "b@example.com,X-1,,seven\n"
    "a@example.com,,,eight\n"
)
NAMES = (EMAIL, EXT_ID, SMS)


def names(found: Prepared) -> list[str]:
    return [contact["attributes"]["FIRSTNAME"] for contact in found.contacts]


def test_the_last_row_about_a_contact_counts(write: WriteSource) -> None:
    found = prepared(write(PEOPLE))
    assert names(found) == ["five", "six", "seven", "eight"]
    assert found.duplicates == [(1, 8), (2, 5), (3, 8), (4, 6)]


def test_of_rows_about_one_contact_the_last_wins(write: WriteSource) -> None:
    source = write(
        "email,ext_id,sms,firstname\n"
        "a@example.com,,,first\n"
        ",X-1,,by ext_id\n"
        "A@Example.com ,,,second\n"
        ",,+44 7700 900001,by sms\n"
        ",X-1,,by ext_id again\n"
        ",,00447700900001,by sms again\n"
        "a@example.com,X-1,,third\n"
        "bad,,,\n"
    )
    found = prepared(source)
    assert [contact["attributes"]["FIRSTNAME"] for contact in found.contacts] == [
        "by ext_id again",
        "by sms again",
        "third",
    ]
    assert found.duplicates == [(1, 7), (2, 5), (3, 7), (4, 6)]
    rows = found.manifest.rows
    assert (rows.read, rows.accepted, rows.rejected, rows.duplicates) == (8, 3, 1, 4)


def test_an_invalid_row_does_not_supersede_a_valid_one(write: WriteSource) -> None:
    found = prepared(
        write("email,birthday\na@example.com,1990-01-05\na@example.com,never\n"), account_attributes=ACCOUNT
    )
    assert [contact["attributes"] for contact in found.contacts] == [{"BIRTHDAY": "1990-01-05"}]


def test_the_first_row_about_a_contact_counts(write: WriteSource) -> None:
    found = prepared(write(PEOPLE), duplicates="first")
    assert names(found) == ["one", "two", "four", "seven"]
    assert found.duplicates == [(3, 1), (5, 2), (6, 4), (8, 1)]


def test_duplicates_fail(write: WriteSource, tmp_path: Path) -> None:
    with pytest.raises(DuplicatesFound, match=r"Of 4 rows another row is about the same contact") as caught:
        prepared(write(PEOPLE), duplicates="fail")
    listed = tmp_path / "stage" / "duplicates.csv"
    assert f"The first are 1, 2, 3, 4. Each is listed in {listed}." in str(caught.value)
    assert len(read_csv(listed)) == 4
    assert not (tmp_path / "stage" / "manifest.json").exists()
    assert not list((tmp_path / "stage").glob("batch-*"))


def test_without_duplicates_fail_passes(write: WriteSource) -> None:
    found = prepared(write("email\na@example.com\nb@example.com\n"), duplicates="fail", conflicts="fail")
    assert found.manifest.rows.accepted == 2


@pytest.mark.parametrize(
    ("policy", "message"), [("duplicates", "last, first, fail"), ("conflicts", "flag, reject, fail")]
)
def test_a_policy_that_is_none(write: WriteSource, policy: str, message: str) -> None:
    with pytest.raises(InvalidOption, match=f'{policy}="ignore" is not one of {message}'):
        prepared(write(PEOPLE), None, None, **{policy: "ignore"})


CONFLICTS = (
    "email,ext_id,sms\n"
    "a@example.com,X-1,\n"
    "b@example.com,X-1,+447700900001\n"
    "c@example.com,,+447700900001\n"
    ",X-1,\n"
    "d@example.com,X-2,\n"
    "d@example.com,X-3,\n"
    "e@example.com,X-2,\n"
    "nobody,X-1,\n"
)
LISTED = [(1, "EXT_ID", 2), (2, "EXT_ID", 1), (2, "SMS", 3), (3, "SMS", 2), (4, "EXT_ID", 1)]


def conflicts_of(found: Prepared) -> list[tuple[int, str, int]]:
    return [
        (int(line["row"]), line["field"], int(line["other_row"]))
        for line in read_csv(found.manifest.conflicts_uri)
    ]


def test_conflicts_are_listed_and_sent(write: WriteSource) -> None:
    found = prepared(write(CONFLICTS))
    # Row 5 lost to row 6 and is sent no more, so row 7 is alone with X-2.
    assert conflicts_of(found) == LISTED
    rows = found.manifest.rows
    assert (rows.read, rows.accepted, rows.rejected, rows.duplicates) == (8, 6, 1, 1)
    assert found.manifest.conflicts == 4
    assert len(found.contacts) == 6


def test_conflicts_are_rejected(write: WriteSource) -> None:
    found = prepared(write(CONFLICTS), conflicts="reject")
    assert conflicts_of(found) == LISTED
    assert [contact["email"] for contact in found.contacts] == ["d@example.com", "e@example.com"]
    assert [(row, field) for row, field, rule in found.rules if rule == "conflict"] == [
        (1, "EXT_ID"), (2, "EXT_ID"), (3, "SMS"), (4, "EXT_ID"),
    ]  # fmt: skip
    rows = found.manifest.rows
    assert (rows.read, rows.accepted, rows.rejected, rows.duplicates) == (8, 2, 5, 1)
    assert found.manifest.reject_reasons == {"conflict": 4, "email": 1}
    assert found.manifest.conflicts == 4


def test_rejected_conflicts_count_against_the_limit(write: WriteSource) -> None:
    from email_contacts.contacts.errors import TooManyRejects

    with pytest.raises(TooManyRejects, match=r"5 of 8 rows read were rejected.*conflict 4"):
        prepared(write(CONFLICTS), conflicts="reject", max_rejects=4)
    assert prepared(write(CONFLICTS), conflicts="reject", max_rejects=5).manifest.rows.rejected == 5


def test_conflicts_fail(write: WriteSource, tmp_path: Path) -> None:
    with pytest.raises(
        ConflictsFound, match=r"Of 4 rows another contact has one of its identifiers"
    ) as caught:
        prepared(write(CONFLICTS), conflicts="fail")
    assert f"Each is listed in {tmp_path / 'stage' / 'conflicts.csv'}" in str(caught.value)
    assert "X-1" not in str(caught.value)
    assert not (tmp_path / "stage" / "manifest.json").exists()


@contextmanager
def kept(people: Sequence[Person], *, parts: int = 1) -> Iterator[list[IdentityFiles]]:
    """Keep the identifiers of people as the first half of a preparation does, in so many parts."""
    spools, before, placed = [NamelessFiles() for _ in range(parts)], 0, []
    size = -(-len(people) // parts)
    for place, spool in enumerate(spools):
        some = people[place * size : (place + 1) * size]
        writer = PartWriter(spool, NAMES, longest=10)
        rows = np.arange(1, len(some) + 1)
        frame = pl.DataFrame(some, dict.fromkeys(NAMES, pl.String), orient="row")
        writer.add(Contacts([b"x" * len(some)], np.ones(len(some), np.uint32), rows))
        writer.know(records_of(frame, rows))
        placed.append((spool, before))
        before += len(some)
    try:
        yield [IdentityFiles(name, placed) for name in NAMES]
    finally:
        for spool in spools:
            spool.close()


def model(people: Sequence[Person], policy: str) -> tuple[list[tuple[int, int]], list[tuple[int, int, int]]]:
    """Say in plain words which rows are duplicates, and which share an identifier."""
    known: dict[Any, list[int]] = defaultdict(list)
    for row, person in enumerate(people, start=1):
        known[next((place, value) for place, value in enumerate(person) if value)].append(row)
    counting = {rows[0] if policy == "first" else rows[-1] for rows in known.values()}
    duplicates = [
        (row, rows[0] if policy == "first" else rows[-1])
        for rows in known.values()
        for row in rows
        if row not in counting
    ]
    shared: dict[Any, list[int]] = defaultdict(list)
    for row, person in enumerate(people, start=1):
        for place, value in enumerate(person):
            if value and row in counting:
                shared[place, value].append(row)
    conflicts = [
        (row, place, next(other for other in rows if other != row))
        for (place, _), rows in shared.items()
        if len(rows) > 1
        for row in rows
    ]
    return sorted(duplicates), sorted(conflicts)


few = st.sampled_from(["", "1", "2", "3"])
people_of = st.lists(st.tuples(few, few, few).filter(any), max_size=40)


@settings(max_examples=amount(120, quick=20), deadline=None)
@example([], "last", 1, False)
@example([("1", "", "")], "last", 3, True)
@given(people_of, st.sampled_from(["last", "first"]), st.integers(1, 3), st.booleans())
def test_as_a_dictionary_would_find_them(
    people: list[Person], policy: str, parts: int, in_buckets: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        # Each way is a file of its own, and thousands of files cost more than what is tested.
        patch.setattr(NamelessFiles, "ways", 4)
        if in_buckets:
            patch.setattr(identity, "_RECORDS_AT_ONCE", 3)
            patch.setattr(identity, "_RECORDS_IN_A_CACHE", 2)
        with kept(people, parts=parts) as identities:
            repeated = find_repeated(identities)
            twice = find_duplicates(repeated, policy=policy)
            shared = find_conflicts(repeated, twice.marked(len(people)))
    fields = [NAMES.index(name) for name in shared.attributes]
    duplicates = list(zip(twice.rows.tolist(), twice.others.tolist(), strict=True))
    conflicts = list(zip(shared.rows.tolist(), fields, shared.others.tolist(), strict=True))
    assert (duplicates, conflicts) == model(people, policy)


def test_many_records_go_through_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_RECORDS_AT_ONCE", 500)
    people: list[Person] = [(str(number % 1_900), "", "") for number in range(4_000)]
    with kept(people, parts=3) as identities:
        buckets = list(identities[0].buckets())
        twice = find_duplicates(find_repeated(identities), policy="last")
    assert len(buckets) == NamelessFiles.ways
    assert sum(map(len, buckets)) == 4_000
    assert len(twice) == 2_100
    assert np.array_equal(twice.rows, np.arange(1, 2_101))


def test_no_identifier_is_kept_as_it_is() -> None:
    with closing(NamelessFiles()) as spool:
        writer = PartWriter(spool, ("EMAIL",), longest=10)
        frame = pl.DataFrame({"EMAIL": ["jane@example.com"]})
        writer.add(Contacts([b"x"], np.ones(1, np.uint32), np.ones(1, np.int64)))
        writer.know(records_of(frame, [1]))
        content = b"".join(spool.open(f"EMAIL-{way}").read() for way in range(spool.ways))
    assert len(content) == 16
    assert b"jane" not in content
