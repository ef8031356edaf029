"""Whatever happens in an account, sweeps over changes lose nothing that a full sweep would show."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from tests.amount import amount
from tests.contacts.mirror.accounts import Account, contact

HISTORIES = amount(150, quick=50)
# Forms that are digested alike are next to each other; the platform holds each form once.
POOL = {
    "email": ["a@example.com", " a@example.com", "b@example.com", "mailto:b@example.com"],
    "EXT_ID": ["1001", "1001.0", "X2", " X2"],
    "SMS": ["491511234567", "4901511234567", "4915123456780"],
    "WHATSAPP": ["491511234567", "4901511234567", "4915123456780"],
}


def test_the_mirror_of_changes_holds_all_that_the_mirror_of_everything_does(tmp_path: Path) -> None:
    alike = 0
    for seed in range(HISTORIES):
        chance, account = random.Random(seed), Account(tmp_path / str(seed))
        account.refresh()
        for _ in range(chance.randint(2, 6)):
            for _ in range(chance.randint(0, 3)):
                happens(chance, account)
            assert account.refresh().why_full == ""
        of_changes = records(account)
        account.refresh(full=True)
        assert of_changes >= records(account), f"history {seed}: {account.contacts}"
        keys = {(high, low, number) for high, low, _, number, _ in of_changes}
        alike += len(keys) - len({one[:2] for one in keys})
    assert alike > HISTORIES / 5


def happens(chance: random.Random, account: Account) -> None:
    """Somebody comes, changes or opts out, gives identifiers up, or is deleted."""
    number = chance.randint(1, 6)
    if chance.random() < 0.2:
        account.contacts.pop(number, None)
        return
    held = {item for one in account.contacts.values() if one["id"] != number for item in identifiers(one)}
    chosen = {name: chance.choice(POOL[name]) for name in chance.sample(sorted(POOL), chance.randint(1, 3))}
    given = {name: value for name, value in chosen.items() if (name, value) not in held}
    if "email" not in given and (of := given.get("SMS") or given.get("WHATSAPP")):
        given["email"] = f"{of}@mailin-sms.com"
    if given:
        account.put(contact(number, given.pop("email", ""), **given, smsBlacklisted=chance.random() < 0.5))


def identifiers(one: dict[str, Any]) -> set[tuple[str, str]]:
    return {*one["attributes"].items(), ("email", one.get("email", ""))}


def records(account: Account) -> set[tuple[Any, ...]]:
    _, reader = account.mirror.open_current()
    return {tuple(one) for some in reader.blocks() for one in some.tolist()}
