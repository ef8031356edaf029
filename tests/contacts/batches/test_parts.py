"""What the first half of a preparation leaves for the second."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.contacts.batches import identity
from email_contacts.contacts.batches import parts as part_room
from email_contacts.contacts.batches.contact_bytes import Contacts
from email_contacts.contacts.batches.identity import MOST_ROWS, IdentityFiles, are_primary, canary, records_of
from email_contacts.contacts.batches.parts import Part, PartWriter, read_contacts
from email_contacts.contacts.batches.spool import NamelessFiles
from email_contacts.contacts.errors import PreparationError, RowTooLong

PART = Part(
    source="people.csv",
    read=5,
    accepted=3,
    rejected=2,
    reasons={"email": 2},
    dropped=("Größe",),
    identifiers=("EMAIL", "SMS"),
    head='"EMAIL;SMS\\n',
    body="file_body",
)


@pytest.fixture
def spool() -> Iterator[NamelessFiles]:
    with closing(NamelessFiles()) as files:
        yield files


def contacts_of(texts: list[bytes], rows: list[int]) -> Contacts:
    return Contacts([b"".join(texts)], np.array(list(map(len, texts)), np.uint32), np.array(rows, np.int64))


def emails(count: int) -> pl.DataFrame:
    return pl.DataFrame(
        {"EMAIL": [f"p{number}@example.com" for number in range(count)]}, {"EMAIL": pl.String}
    )


def test_a_part_goes_to_another_task_and_back() -> None:
    assert Part.from_bytes(PART.to_bytes()) == PART


def test_a_part_with_other_digests_is_refused() -> None:
    document = json.loads(PART.to_bytes()) | {"digest": "0" * 32}
    with pytest.raises(PreparationError, match=r"people\.csv was prepared with another version of Polars"):
        Part.from_bytes(json.dumps(document).encode())


def test_the_canary_tells_other_digests(monkeypatch: pytest.MonkeyPatch) -> None:
    document = PART.to_bytes()
    assert canary() == canary()
    monkeypatch.setattr(identity, "_SEEDS", identity._SEEDS | {"EMAIL": (1, 2)})
    with pytest.raises(PreparationError, match="Install the same version on all workers"):
        Part.from_bytes(document)


def keep(writer: PartWriter, contacts: Contacts) -> None:
    writer.add(contacts)
    writer.know(records_of(emails(len(contacts.rows)), contacts.rows))


def test_contacts_come_back_in_their_order(spool: NamelessFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_room, "_CONTACTS_AT_ONCE", 3)
    writer = PartWriter(spool, ("EMAIL",), longest=100)
    texts = [b"x" * number for number in range(1, 9)]
    keep(writer, contacts_of(texts[:5], [1, 2, 4, 5, 9]))
    keep(writer, contacts_of([], []))
    keep(writer, contacts_of(texts[5:], [10, 12, 13]))
    assert writer.accepted == 8
    found = list(read_contacts(spool, rows_before=1_000))
    assert [len(some.rows) for some in found] == [3, 3, 2]
    assert b"".join(some.data for some in found) == b"".join(texts)
    assert np.concatenate([some.lengths for some in found]).tolist() == list(range(1, 9))
    rows = np.concatenate([some.rows for some in found]).tolist()
    assert rows == [1001, 1002, 1004, 1005, 1009, 1010, 1012, 1013]
    buckets = list(IdentityFiles("EMAIL", [(spool, 0)]).buckets())
    assert len(buckets) == spool.ways
    assert sorted(np.concatenate(buckets)["row"].tolist()) == [1, 2, 4, 5, 9, 10, 12, 13]


def test_long_contacts_come_back_few_at_a_time(spool: NamelessFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_room, "_BYTES_AT_ONCE", 100)
    texts = [b"x" * length for length in (30, 40, 50, 60, 250, 1)]
    part = PartWriter(spool, identifiers=(), longest=1_000)
    part.add(contacts_of(texts, [1, 2, 3, 5, 8, 13]))
    found = list(read_contacts(spool, rows_before=0))
    assert [len(some.rows) for some in found] == [2, 2, 2]
    assert b"".join(some.data for some in found) == b"".join(texts)
    assert [list(some.lengths) for some in found] == [[30, 40], [50, 60], [250, 1]]
    assert [list(some.rows) for some in found] == [[1, 2], [3, 5], [8, 13]]


def test_a_contact_too_long(spool: NamelessFiles) -> None:
    writer = PartWriter(spool, ("EMAIL",), longest=4)
    keep(writer, contacts_of([b"1234"], [1]))
    with pytest.raises(RowTooLong, match="The contact of row 3 has 5 bytes as it is sent"):
        keep(writer, contacts_of([b"1", b"12345"], [2, 3]))
    assert writer.accepted == 1


def test_more_rows_than_numbers(spool: NamelessFiles) -> None:
    writer = PartWriter(spool, ("EMAIL",), longest=4)
    keep(writer, contacts_of([b"1"], [MOST_ROWS]))
    with pytest.raises(PreparationError, match="more than 4,294,967,295 rows"):
        keep(writer, contacts_of([b"1"], [MOST_ROWS + 1]))


@given(st.lists(st.tuples(st.binary(max_size=5), st.booleans()), max_size=20))
def test_those_that_are_kept(some: list[tuple[bytes, bool]]) -> None:
    contacts = contacts_of([text for text, _ in some], list(range(len(some))))
    found = contacts.only(np.array([kept for _, kept in some], bool))
    chosen = [text for text, kept in some if kept]
    pieces = list(found.pieces(0, len(found))) if len(found) else []
    assert b"".join(pieces) == b"".join(chosen)
    assert found.sizes.tolist() == list(map(len, chosen))
    assert found.rows.tolist() == [row for row, (_, kept) in enumerate(some) if kept]


def test_a_contact_is_known_by_its_first_identifier() -> None:
    frame = pl.DataFrame(
        {"SMS": ["1", "1", "1", ""], "EMAIL": ["a", "", "", ""], "EXT_ID": ["x", "x", "", "x"]}
    )
    found = {
        name: dict(zip(records["row"].tolist(), are_primary(records).tolist(), strict=True))
        for name, records in records_of(frame, [1, 2, 3, 4])
    }
    assert found == {
        "EMAIL": {1: True},
        "EXT_ID": {1: False, 2: True, 4: True},
        "SMS": {1: False, 2: False, 3: True},
    }
