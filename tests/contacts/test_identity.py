"""Identities."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from email_contacts.contacts.identity import IdentityIndex, identity_of


def test_the_address_comes_first_then_the_own_id_then_the_number() -> None:
    attributes = {"EXT_ID": "x", "SMS": "447700900123"}
    identities = [
        identity_of({"email": "a@example.com", "attributes": attributes}),
        identity_of({"attributes": attributes}),
        identity_of({"attributes": {"SMS": "447700900123"}}),
        identity_of({"attributes": {"EXT_ID": "447700900123"}}),
        identity_of({"attributes": {"EXT_ID": "a@example.com"}}),
    ]
    assert len(set(identities)) == 5
    assert identities[0] == identity_of({"email": "a@example.com", "attributes": {}})


@given(people=st.lists(st.sampled_from("abcde"), max_size=40), data=st.data())
def test_the_last_row_of_each_wins(people: list[str], data: st.DataObject) -> None:
    index = IdentityIndex()
    for row, person in enumerate(people, start=1):
        index.add(person, row)
    last = {person: row for row, person in enumerate(people, start=1)}
    rows = data.draw(st.permutations(range(1, len(people) + 1)))
    expected = {row: last[people[row - 1]] if last[people[row - 1]] != row else None for row in rows}
    assert {row: index.superseded_by(row) for row in rows} == expected
    assert len(index) == len(people) - len(last)


def test_a_person_who_fills_the_source() -> None:
    index = IdentityIndex()
    for row in range(1, 100_001):
        index.add("one", row)
    assert {index.superseded_by(row) for row in range(1, 100_000)} == {100_000}
