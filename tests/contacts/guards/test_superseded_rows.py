"""Rows in whose place another one counts: what their person opted out of counts for that one."""

from __future__ import annotations

import pytest

from email_contacts.contacts import Options
from email_contacts.contacts.guards.opt_outs import read_opt_outs
from email_contacts.contacts.preparation import prepare
from email_contacts.contacts.sources.consent_column import ConsentColumn
from tests.contacts.guards.test_holding_back import OUT, Guarded, guarded
from tests.contacts.mirror.accounts import contact

__all__ = ["guarded"]
ANN, BOB = "X1", "X2"  # who opted out of e-mail, and of SMS


@pytest.mark.parametrize("body", ["json_body", "file_body"])
@pytest.mark.parametrize(
    ("superseded", "counting", "reason"),
    [
        (f"new@example.com,{ANN},,", "new@example.com,,,", OUT),
        ("new@example.com,,4915123456781,", "new@example.com,,,", OUT),
        (f'new@example.com,"{ANN}",,', "new@example.com,X9,,", OUT),
        # The row that is sent has no number for SMS.
        (f"new@example.com,{BOB},,", "new@example.com,,,", None),
        (f"new@example.com,{BOB},,", "new@example.com,,4915123456789,", OUT),
        # Whose contacts would be merged goes by what is sent.
        ("new@example.com,X4,4915123456785,", "new@example.com,,,", None),
    ],
)
def test_an_opt_out_of_a_superseded_rows_person_counts(
    superseded: str, counting: str, reason: str | None, body: str, guarded: Guarded
) -> None:
    lines = ["fay@example.com,,,", superseded, superseded, counting, "gil@example.com,,,"]
    assert guarded.held(*lines, body=body) == ({4: reason} if reason else {})


def test_rows_that_are_rejected_for_a_conflict_are_not_held_back_too(guarded: Guarded) -> None:
    guarded.source.write_text(
        f"email,ext_id\nnew@example.com,{ANN}\nnew@example.com,X9\nother@example.com,X9\n"
    )
    made = prepare(
        guarded.source, guarded.stage, Options(conflicts="reject"), guards=guarded.guards(merges="allow")
    )
    assert made.rows.read == made.rows.accepted + made.rows.rejected + made.rows.duplicates
    assert (made.rows.rejected, made.rows.held_back) == (2, {})


def test_the_opt_out_of_a_row_that_says_no_is_found_by_a_superseded_one(guarded: Guarded) -> None:
    guarded.mirror(contact(9, "old@example.com", EXT_ID="X9"), contact(10, "fay@example.com"))
    guarded.source.write_text(
        "email,ext_id,newsletter\nnew@example.com,X9,no\nnew@example.com,,yes\nfay@example.com,,yes\n"
    )
    options = Options(consent_column=ConsentColumn("newsletter"))
    made = prepare(guarded.source, guarded.stage, options, guards=guarded.guards(propagates=True))
    assert (made.rows.held_back, made.guards["to_opt_out"]) == ({"no_consent": 1}, 1)
    assert read_opt_outs(guarded.stage)[0] == [9]
