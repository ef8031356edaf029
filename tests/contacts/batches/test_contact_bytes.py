"""Contacts as they are sent, some of them chosen."""

from __future__ import annotations

import numpy as np
import pytest

from email_contacts.contacts.batches.contact_bytes import Chosen, Contacts

CONTACTS = Contacts([b"abbcccdddd"], np.array([1, 2, 3, 4]), np.array([1, 2, 3, 4]))


def chosen(*places: int) -> Chosen:
    kept = np.zeros(4, bool)
    kept[list(places)] = True
    return CONTACTS.only(kept)


def test_neighbours_are_one_piece_of_what_is_there() -> None:
    pieces = list(chosen(0, 2, 3).pieces(0, 3))
    assert [bytes(piece) for piece in pieces] == [b"a", b"cccdddd"]
    assert all(isinstance(piece, memoryview) for piece in pieces)


def test_few_of_many_are_copied_so_that_the_rest_can_be_let_go() -> None:
    assert list(chosen(0, 2).pieces(0, 2)) == [b"accc"]


@pytest.mark.parametrize("places", [(), (1,), (0, 3), (0, 1, 2, 3)])
def test_each_is_given_by_itself(places: tuple[int, ...]) -> None:
    assert [bytes(one) for one in chosen(*places).each()] == [
        (b"a", b"bb", b"ccc", b"dddd")[place] for place in places
    ]
