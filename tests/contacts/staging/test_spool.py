"""Contacts between the passes."""

from __future__ import annotations

import pytest

from email_contacts.contacts.errors import RowTooLong
from email_contacts.contacts.staging.spool import Spool


def test_contacts_come_back_under_their_rows() -> None:
    with Spool(longest=100) as spool:
        for row in (2, 3, 7):
            spool.add(row, b"{%d}" % row)
        assert list(spool.bodies()) == [(2, b"{2}"), (3, b"{3}"), (7, b"{7}")]


def test_nothing_comes_back_from_nothing() -> None:
    with Spool(longest=100) as spool:
        assert list(spool.bodies()) == []


def test_a_contact_that_no_batch_could_hold() -> None:
    with Spool(longest=3) as spool, pytest.raises(RowTooLong, match="The contact of row 1 has 4 bytes"):
        spool.add(1, b"1234")
