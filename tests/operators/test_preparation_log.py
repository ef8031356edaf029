"""The log of a preparation: the counts first, then what is unusual, as a warning."""

from __future__ import annotations

from dataclasses import replace

from email_contacts.contacts.snapshot.changes import Changes
from email_contacts.contacts.staging.manifest import Manifest, Rows
from email_contacts.operators._preparation_log import INFO, WARNING, lines_of

PLAIN = Manifest("crm.csv", Rows(3, 3, 0, 0), (), "", "", seconds=0.25)
CHANGES = Changes("/snapshots", "customers", "1", new=1, changed=2, gone=3, when_gone="remove")


def test_an_ordinary_preparation_is_one_line() -> None:
    assert list(lines_of(PLAIN)) == [
        (
            INFO,
            "prepared crm.csv: 3 rows read = 3 accepted + 0 rejected + 0 duplicates + 0 held back + "
            "0 unchanged; 0 batches, 0.2 s",
        )
    ]


def test_everything_unusual_is_a_warning_that_says_where_to_look() -> None:
    manifest = replace(
        PLAIN,
        rows=Rows(9, 2, 3, 1, held_back={"opted_out": 2}, unchanged=1),
        rejects_uri="rejects.csv",
        reject_reasons={"email": 2, "date": 1},
        held_back_uri="held_back.csv",
        guards={"consent": "override", "consent_reason": "recall", "overridden": 4},
        conflicts=2,
        conflicts_uri="conflicts.csv",
        unknown_columns=("Note",),
        notes=("read as UTF-8",),
    )
    _, *others = lines_of(manifest)
    assert others[0] == (INFO, "read as UTF-8")
    assert others[1:] == [
        (WARNING, "rejected: 2 email, 1 date; see rejects.csv"),
        (WARNING, "held back: 2 opted_out; see held_back.csv"),
        (WARNING, manifest.overriding),
        (
            WARNING,
            "2 rows share an identifier with another contact's row, and the platform may merge such "
            "contacts; see conflicts.csv",
        ),
        (WARNING, "dropped, because the account has no such attributes: ['Note']"),
    ]


def test_gone_contacts_are_announced_with_the_rows_that_are_tolerated() -> None:
    changes = replace(CHANGES, unidentified=2)
    _, *others = lines_of(replace(PLAIN, changes=changes))
    assert others == [
        (INFO, "snapshot customers: 1 new, 2 changed, 3 gone"),
        (INFO, "gone contacts: remove, once the import is verified"),
        (
            WARNING,
            "2 rejected rows have no identifier that can be read, and are tolerated (max_unidentified): "
            "each may belong to one of the gone contacts",
        ),
    ]


def test_why_gone_contacts_stay_and_why_everything_is_sent_are_warnings() -> None:
    changes = replace(CHANGES, gone_withheld="because", why_full="requested", rejected_before=5)
    _, *others = lines_of(replace(PLAIN, changes=changes))
    assert others[1:] == [
        (WARNING, "gone contacts: remove, but not this time: because"),
        (WARNING, "full sync, every row is sent: requested"),
        (
            WARNING,
            "5 unchanged rows were rejected by the platform before; they are sent again when they "
            "change, or with retry_rejects",
        ),
    ]
