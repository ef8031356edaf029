"""Several refreshes of one mirror at the same time: none undoes what another has found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts.mirror.folder import MirrorFolder
from email_contacts.contacts.mirror.refreshing import _CATCHES_UP, CLOCK_TOLERANCE, Refreshed, refresh
from tests.contacts.mirror.accounts import ACCOUNT, Account, Contact, contact

OUT = contact(1, "a@example.com", emailBlacklisted=True)


@pytest.fixture
def account(tmp_path: Path) -> Account:
    made = Account(tmp_path / "mirror")
    made.put(contact(1, "a@example.com"), contact(2, "b@example.com"), contact(3, "c@example.com"))
    made.refresh()
    del made.contacts[2]
    made.now = made.now.replace(hour=9)
    return made


def overtaken(account: Account, *meanwhile: Callable[[], Any], **asked: Any) -> Refreshed:
    """Refresh; when the platform has returned what a sweep asks for, something else happens."""
    coming = iter(meanwhile)

    def since(moment: datetime | None) -> Iterator[Contact]:
        yield from list(account.since(moment))
        next(coming, lambda: None)()

    return refresh(account.mirror, since, **{"account": ACCOUNT, "now": account.now, **asked})


def opted_out(account: Account) -> set[int]:
    _, reader = account.mirror.open_current()
    return {int(one["contact"]) for some in reader.blocks() for one in some if one["flags"]}


def test_a_full_sweep_is_brought_up_to_a_refresh_that_ended_meanwhile(account: Account) -> None:
    began = account.now

    def meanwhile() -> None:
        account.put(OUT)
        assert account.refresh().swept == 1

    done = overtaken(account, meanwhile, full=True)
    assert opted_out(account) == {1}
    assert account.mirrored == {1: 1, 3: 1}  # and who was deleted is not there any more
    assert account.asked[-1] == began - CLOCK_TOLERANCE
    assert (done.version.as_of, done.version.full_sweep_at) == (account.now, began)
    assert account.mirror.current_id() == done.version.id
    assert done.swept == 3


def test_a_refresh_is_put_into_a_full_sweep_that_ended_meanwhile(account: Account) -> None:
    began = account.now

    def meanwhile() -> None:
        account.refresh(full=True, now=began.replace(hour=8))  # it read them before that
        account.put(OUT)

    done = overtaken(account, meanwhile)
    assert opted_out(account) == {1}
    assert account.mirrored == {1: 1, 3: 1}
    assert (done.version.as_of, done.version.full_sweep_at) == (began, began.replace(hour=8))
    assert account.mirror.current_id() == done.version.id


@pytest.mark.parametrize("full", [False, True])
def test_of_sweeps_that_began_at_one_instant_neither_is_newer(account: Account, full: bool) -> None:
    def meanwhile() -> None:
        account.put(OUT)
        refresh(account.mirror, account.since, account=ACCOUNT, now=account.now)

    overtaken(account, meanwhile, full=full)
    assert opted_out(account) == {1}


def test_what_only_the_slower_of_two_saw_that_began_at_one_instant_is_not_lost(account: Account) -> None:
    account.put(OUT)
    overtaken(account, lambda: refresh(account.mirror, lambda _: [], account=ACCOUNT, now=account.now))
    assert opted_out(account) == {1}


def test_it_is_overtaken_again_while_it_is_brought_up(account: Account) -> None:
    def first() -> None:
        account.refresh()

    def second() -> None:
        account.put(OUT)
        account.refresh()

    done = overtaken(account, first, second, full=True)
    assert opted_out(account) == {1}
    assert account.mirrored == {1: 1, 3: 1}
    assert done.version.as_of == account.now


def test_it_gives_way_where_it_is_overtaken_without_end(account: Account) -> None:
    def again() -> None:
        account.put(OUT)
        latest.append(account.refresh())

    latest: list[Refreshed] = []
    done = overtaken(account, *[again] * 100, full=True)
    assert len(latest) == _CATCHES_UP + 1
    assert done.version == latest[-1].version
    assert account.mirror.current_id() == done.version.id
    assert opted_out(account) == {1}


def test_where_another_has_removed_it_already_that_one_stays(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = MirrorFolder.write

    def overtaken_then(self: MirrorFolder, *version: Any, algorithm: str) -> int:
        monkeypatch.setattr(MirrorFolder, "write", write)
        count = write(self, *version, algorithm=algorithm)
        account.put(OUT)
        account.refresh()
        return count

    monkeypatch.setattr(MirrorFolder, "write", overtaken_then)
    done = refresh(account.mirror, account.since, account=ACCOUNT, now=account.now, full=True)
    assert account.mirror.current_id() == done.version.id
    assert opted_out(account) == {1}
