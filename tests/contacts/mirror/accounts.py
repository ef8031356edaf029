"""An account of contacts without a platform, and its mirror."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from email_contacts.contacts.mirror.folder import MirrorFolder
from email_contacts.contacts.mirror.refreshing import Refreshed, refresh

NAME, ACCOUNT = "mirror", "an account"
DAWN = datetime(2026, 11, 1, 3, tzinfo=timezone.utc)
Contact = dict[str, Any]


def contact(number: int, email: str = "", **said: Any) -> Contact:
    """A contact as the platform returns it; what is in capitals is an attribute."""
    attributes = {name: value for name, value in said.items() if name.isupper()}
    others = {name: value for name, value in said.items() if not name.isupper()}
    shown = {"email": email} if email else {}
    return {
        **shown, "id": number, "emailBlacklisted": False, "smsBlacklisted": False, "listIds": [],
        "listUnsubscribed": None, "attributes": attributes, **others,
    }  # fmt: skip


@dataclass
class Account:
    """Contacts with the moment of their last change; each refresh is an hour after the one before.

    :param folder: of the mirror.
    """

    folder: Path
    contacts: dict[int, Contact] = field(default_factory=dict)
    asked: list[datetime | None] = field(default_factory=list)
    now: datetime = DAWN
    _modified: dict[int, datetime] = field(default_factory=dict)

    @property
    def mirror(self) -> MirrorFolder:
        return MirrorFolder(self.folder, NAME)

    def put(self, *contacts: Contact) -> None:
        """Make or change contacts."""
        for one in contacts:
            self.contacts[one["id"]] = one
            self._modified[one["id"]] = self.now

    def since(self, since: datetime | None) -> Iterator[Contact]:
        """What the platform returns."""
        self.asked.append(since)
        return (one for one in self.contacts.values() if since is None or self._modified[one["id"]] >= since)

    def refresh(self, **asked: Any) -> Refreshed:
        """Bring the mirror up to date."""
        self.now += timedelta(hours=1)
        return refresh(self.mirror, self.since, **{"account": ACCOUNT, "now": self.now, **asked})

    @property
    def mirrored(self) -> dict[int, int]:
        """What the mirror holds: contact → records."""
        _, reader = self.mirror.open_current()
        found: dict[int, int] = {}
        for some in reader.blocks():
            for number in some["contact"].tolist():
                found[number] = found.get(number, 0) + 1
        return dict(sorted(found.items()))
