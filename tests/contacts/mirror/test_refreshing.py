"""Refreshing a mirror: changes, full sweeps, and what leaves the version before in force."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts.mirror.errors import MirrorUnusable
from email_contacts.contacts.mirror.refreshing import CLOCK_TOLERANCE, refresh
from tests.contacts.mirror.accounts import ACCOUNT, DAWN, Account, Contact, contact

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"


@pytest.fixture
def account(tmp_path: Path) -> Account:
    made = Account(tmp_path / "mirrors" / "mirror")
    made.put(
        contact(1, "a@example.com", SMS="4915123456789"), contact(2, "b@example.com"), contact(3, EXT_ID="X3")
    )
    return made


def test_the_first_sweep_is_over_everything(account: Account) -> None:
    done = account.refresh()
    assert "there is no mirror" in done.why_full
    assert (account.asked, done.swept) == ([None], 3)
    assert account.mirrored == {1: 2, 2: 1, 3: 1}


def test_the_next_asks_for_what_changed_since_the_last_began(account: Account) -> None:
    began = account.refresh().version.as_of
    account.put(contact(2, "bb@example.com", SMS="4915123456780"), contact(4, "d@example.com"))
    done = account.refresh()
    assert (done.why_full, done.swept) == ("", 2)
    assert account.asked[-1] == began - CLOCK_TOLERANCE
    assert account.mirrored == {1: 2, 2: 2, 3: 1, 4: 1}
    assert done.version.full_sweep_at == began < done.version.as_of


def test_who_was_deleted_shows_at_the_next_full_sweep(account: Account) -> None:
    account.refresh()
    del account.contacts[1]
    account.refresh()
    assert 1 in account.mirrored
    done = account.refresh(full_sweep_every=timedelta(hours=2))
    assert "due for renewal" in done.why_full
    assert account.mirrored == {2: 1, 3: 1}
    assert account.refresh(full_sweep_every=timedelta(hours=2)).why_full == ""


def test_an_identifier_is_that_of_the_contact_that_has_it_now(account: Account) -> None:
    account.refresh()
    del account.contacts[2]
    account.put(contact(5, "b@example.com"))
    account.refresh()
    assert account.mirrored == {1: 2, 3: 1, 5: 1}


def test_a_clock_that_is_a_little_behind_the_one_of_the_last_refresh_is_no_reason_for_a_full_sweep(
    account: Account,
) -> None:
    began = account.refresh().version.as_of
    account.put(contact(4, "d@example.com"))
    done = account.refresh(now=began - CLOCK_TOLERANCE)
    assert (done.why_full, done.swept) == ("", 1)
    assert account.asked[-1] == began - CLOCK_TOLERANCE
    # What changes from now on is asked for next time: that is from the clock's instant on.
    assert done.version.as_of == began
    account.refresh()
    assert account.asked[-1] == began - CLOCK_TOLERANCE
    late = account.now - CLOCK_TOLERANCE - timedelta(seconds=1)
    assert "clock" in refresh(account.mirror, account.since, account=ACCOUNT, now=late).why_full


NUMBER = "491511234567"
FORMS = {
    "made up": (contact(8, SMS=NUMBER), contact(9, f"{NUMBER}@mailin-sms.com", WHATSAPP=NUMBER)),
    "ext_id": (contact(8, EXT_ID="1001"), contact(9, EXT_ID="1001.0")),
    "number": (contact(8, SMS=NUMBER), contact(9, SMS="4901511234567")),
    "address": (contact(8, "k@example.com"), contact(9, "\N{KELVIN SIGN}@example.com")),
}


@pytest.mark.parametrize("is_swapped", [False, True])
@pytest.mark.parametrize("forms", FORMS.values(), ids=FORMS)
def test_two_contacts_may_have_two_forms_of_one_identifier(
    account: Account, forms: tuple[Contact, Contact], is_swapped: bool
) -> None:
    first, second = reversed(forms) if is_swapped else forms
    account.put(first)
    account.refresh()
    before = account.mirrored
    account.put(second)
    account.refresh()
    assert before.items() <= account.mirrored.items()
    account.put(first)
    account.refresh()
    after = account.mirrored
    account.refresh(full=True)
    assert account.mirrored == after


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"full": True}, "requested"),
        ({"account": "another"}, "another account"),
        ({"now": DAWN - timedelta(days=1)}, "clock"),
    ],
)
def test_everything_is_asked_for_where_changes_would_not_do(
    account: Account, asked: dict[str, Any], reason: str
) -> None:
    account.refresh()
    assert reason in account.refresh(**asked).why_full
    assert account.asked == [None, None]


@pytest.mark.parametrize("damage", ["cut", "changed", "pointer", "gone", "header"])
def test_a_damaged_mirror_is_made_again_of_everything(account: Account, damage: str) -> None:
    account.refresh()
    (file,) = account.folder.glob("mirror-*.bin")
    data = file.read_bytes()
    if damage == "pointer":
        (account.folder / "current.json").write_text("{}")
    elif damage == "gone":
        file.unlink()
    else:
        spoiled = {
            "cut": data[:-1],
            "changed": data[:-40] + bytes([data[-40] ^ 1]) + data[-39:],
            "header": data[1:],
        }
        file.write_bytes(spoiled[damage])
    assert account.refresh().why_full
    assert account.asked[-1] is None
    assert account.mirrored == {1: 2, 2: 1, 3: 1}


def test_a_sweep_that_fails_leaves_the_version_before_in_force(account: Account) -> None:
    before = account.refresh().version

    def breaks(since: datetime | None) -> Iterator[dict[str, Any]]:
        yield contact(9, "z@example.com")
        raise ConnectionError("the platform is down")

    for full in (False, True):
        with pytest.raises(ConnectionError):
            refresh(account.mirror, breaks, account=ACCOUNT, now=account.now, full=full)
    assert account.mirror.current_id() == before.id
    assert account.mirrored == {1: 2, 2: 1, 3: 1}


def test_a_sweep_that_finds_too_few_contacts_is_not_believed(account: Account) -> None:
    before = account.refresh(count=lambda: 3).version
    with pytest.raises(MirrorUnusable, match="found 0, and the account has 3"):
        refresh(account.mirror, lambda _: [], account=ACCOUNT, now=account.now, count=lambda: 3, full=True)
    assert account.mirror.current_id() == before.id


KILLED = """
import os, signal, sys
from datetime import datetime, timezone
from pathlib import Path
from email_contacts.contacts.mirror import folder, refreshing
from email_contacts.contacts.snapshot import pointer
def dies(*_): os.kill(os.getpid(), signal.SIGKILL)
def contacts(since):
    yield {"id": 9, "email": "z@example.com"}
    if sys.argv[2] == "sweeping": dies()
if sys.argv[2] == "written": pointer.write_whole = dies
refreshing.refresh(folder.MirrorFolder(Path(sys.argv[1]), "mirror"), contacts, account="an account",
                   now=datetime.now(timezone.utc))
"""


@pytest.mark.parametrize("moment", ["sweeping", "written"])
def test_a_refresh_that_is_killed_leaves_the_version_before_in_force(account: Account, moment: str) -> None:
    before = account.refresh().version
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(account.folder), moment],
        env={"PYTHONPATH": str(PLUGINS)},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert account.mirror.current_id() == before.id
    assert account.mirrored == {1: 2, 2: 1, 3: 1}
    account.refresh()
    assert account.mirrored == {1: 2, 2: 1, 3: 1}


def test_another_refresh_that_was_faster_stays_in_force(account: Account) -> None:
    account.refresh()
    faster = None

    def overtaken(since: datetime | None) -> Iterator[dict[str, Any]]:
        nonlocal faster
        yield from account.since(since)
        faster = account.refresh().version

    done = refresh(account.mirror, overtaken, account=ACCOUNT, now=account.now)
    assert faster is not None
    assert done.version == faster
    assert account.mirror.current_id() == faster.id


def test_this_version_and_the_one_before_are_kept(account: Account) -> None:
    for _ in range(4):
        account.refresh()
    assert len(list(account.folder.glob("mirror-*.bin"))) == 2


def test_there_is_no_mirror_before_the_first_refresh(account: Account) -> None:
    with pytest.raises(MirrorUnusable, match="there is no mirror"):
        account.mirror.open_current()


def test_nothing_personal_is_in_it(account: Account) -> None:
    account.refresh()
    for path in account.folder.iterdir():
        data = path.read_bytes().lower()
        assert not [word for word in (b"example.com", b"49151234", b"x3") if word in data]
        assert path.stat().st_mode & 0o077 == 0
