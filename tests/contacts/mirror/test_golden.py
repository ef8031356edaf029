"""A mirror that an earlier version wrote is read by this one.

Each folder is the mirror of three contacts, one of whom opted out of e-mail and another of list 7. None must
ever be written again: add one for a new version of the format, and read all of them. ``golden`` is of the
first version, whose digests are BLAKE2b.
"""

from __future__ import annotations

import json
import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from email_contacts.contacts.guards.settings import Guards
from email_contacts.contacts.mirror.folder import MirrorFolder
from email_contacts.contacts.mirror.refreshing import refresh
from email_contacts.contacts.preparation import prepare
from tests.contacts.mirror.accounts import contact

GOLDEN = Path(__file__).parent / "golden"
NEWEST = Path(__file__).parent / "golden_with_sha256"
AS_OF = datetime(2026, 11, 28, 3, 30, tzinfo=timezone.utc)
CONTACTS = [
    contact(1, "ann@example.com", SMS="4915123456789", emailBlacklisted=True),
    contact(2, "bob@example.com", EXT_ID="X-2", listUnsubscribed=[7]),
    contact(3, "cy@example.com", EXT_ID="X-3"),
]


@pytest.fixture(params=[GOLDEN, NEWEST], ids=lambda folder: folder.name)
def golden(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def held_back(folder: Path, source: Path) -> dict[str, int]:
    source.write_text(
        "email,ext_id,sms\n,A,4915123456789\nbob@example.com,,\ncy@example.com,X-2,\ncy2@example.com,X-3,\ne@x.org,,\n"
    )
    guards = Guards(
        folder=folder, name="account", account="golden", lists=(7,), max_age=AS_OF - AS_OF.replace(year=1)
    )
    rows = prepare(source, source.parent / f"stage-{folder.name}", guards=guards).rows
    assert rows.accepted + sum(rows.held_back.values()) == 5
    return dict(rows.held_back)


def test_rows_are_looked_up_in_it(tmp_path: Path, golden: Path) -> None:
    assert held_back(golden, tmp_path / "contacts.csv") == {"opted_out": 3, "would_merge": 1}


@pytest.mark.parametrize("full", [False, True])
def test_it_is_refreshed(tmp_path: Path, golden: Path, full: bool) -> None:
    """With changes it stays as it is, and everything is known as before; a full sweep takes the newest."""
    folder = tmp_path / "mirror"
    shutil.copytree(golden, folder)
    cy = contact(3, "cy@example.com", EXT_ID="X-3", emailBlacklisted=True)
    contacts = [*CONTACTS[:2], cy] if full else [cy]
    later = AS_OF + timedelta(hours=1)
    made = refresh(
        MirrorFolder(folder, "account"), lambda _: contacts, account="golden", now=later, full=full
    )
    assert bool(made.why_full) == full
    assert header(folder)["digest"] == header(NEWEST if full else golden)["digest"]
    assert held_back(folder, tmp_path / "contacts.csv") == {"opted_out": 4}


def test_what_is_written_now_is_the_same_to_the_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (before,) = NEWEST.glob("mirror-*.bin")
    identity = before.stem.split("-")[1]
    monkeypatch.setattr(
        "email_contacts.contacts.mirror.refreshing.uuid4", lambda: type("Fixed", (), {"hex": identity})
    )
    refresh(MirrorFolder(tmp_path, "account"), lambda _: CONTACTS, account="golden", now=AS_OF)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in NEWEST.iterdir()}
    for path in NEWEST.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


def header(folder: Path) -> dict[str, str]:
    identity = json.loads((folder / "current.json").read_text())["id"]
    found: dict[str, str] = json.loads((folder / f"mirror-{identity}.bin").read_bytes().split(b"\n")[0])
    return found
