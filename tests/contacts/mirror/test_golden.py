"""A mirror that the first version wrote is read by this one.

``golden`` is the mirror of three contacts, one of whom opted out of e-mail and another of list 7. It must
never be written again: make a second one for a new version of the format, and read both.
"""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from email_contacts.contacts.guards.settings import Guards
from email_contacts.contacts.mirror.folder import MirrorFolder
from email_contacts.contacts.mirror.refreshing import refresh
from email_contacts.contacts.preparation import prepare
from tests.contacts.mirror.accounts import contact

GOLDEN = Path(__file__).parent / "golden"
AS_OF = datetime(2026, 11, 28, 3, 30, tzinfo=timezone.utc)
CONTACTS = [
    contact(1, "ann@example.com", SMS="4915123456789", emailBlacklisted=True),
    contact(2, "bob@example.com", EXT_ID="X-2", listUnsubscribed=[7]),
    contact(3, "cy@example.com", EXT_ID="X-3"),
]


def test_rows_are_looked_up_in_it(tmp_path: Path) -> None:
    source = tmp_path / "contacts.csv"
    source.write_text(
        "email,ext_id,sms\n,A,4915123456789\nbob@example.com,,\ncy@example.com,X-2,\ncy2@example.com,X-3,\ne@x.org,,\n"
    )
    guards = Guards(
        folder=GOLDEN, name="account", account="golden", lists=(7,), max_age=AS_OF - AS_OF.replace(year=1)
    )
    rows = prepare(source, tmp_path / "stage", guards=guards).rows
    assert rows.held_back == {"opted_out": 3, "would_merge": 1}
    assert rows.accepted == 1


def test_what_is_written_now_is_the_same_to_the_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (before,) = GOLDEN.glob("mirror-*.bin")
    identity = before.stem.split("-")[1]
    monkeypatch.setattr(
        "email_contacts.contacts.mirror.refreshing.uuid4", lambda: type("Fixed", (), {"hex": identity})
    )
    refresh(MirrorFolder(tmp_path, "account"), lambda _: CONTACTS, account="golden", now=AS_OF)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in GOLDEN.iterdir()}
    for path in GOLDEN.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()
