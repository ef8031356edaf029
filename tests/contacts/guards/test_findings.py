"""Rows and contacts that are looked through without being sorted."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from email_contacts.contacts.guards.findings import PAIR, SPREADING, of_one_contact
from email_contacts.contacts.guards.joining import last_and_differing
from email_contacts.contacts.snapshot.records import records

PAIRS = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 6)), min_size=1, max_size=30)


@settings(deadline=None)
@given(pairs=PAIRS)
def test_the_last_record_of_each_place_and_places_whose_values_differ(pairs: list[tuple[int, int]]) -> None:
    places, values = np.array(pairs, "<u4").T
    is_last, differs = last_and_differing(places, values)
    assert is_last.tolist() == [place not in dict(pairs[at + 1 :]) for at, (place, _) in enumerate(pairs)]
    by_place = {place: {value for one, value in pairs if one == place} for place, _ in pairs}
    assert differs.tolist() == [len(by_place[place]) > 1 for place, _ in pairs]


@settings(deadline=None)
@given(pairs=PAIRS, is_spread=st.booleans())
def test_rows_about_one_contact_are_found_also_among_others_at_the_same_place(
    pairs: list[tuple[int, int]], is_spread: bool
) -> None:
    rows, contacts = np.array(pairs).T
    spread = contacts.astype("<u8") * (SPREADING if is_spread else np.uint64(0))
    found = of_one_contact(records(PAIR, row=rows, contact=contacts), spread)
    about = {contact: {row for row, other in pairs if other == contact} for _, contact in pairs}
    expected = {(row, contact) for contact, several in about.items() for row, _ in permutations(several, 2)}
    assert {(row, contact) for row, contact, _, _ in found.tolist()} == expected
    assert all(row != other and other in about[contact] for row, contact, _, other in found.tolist())
