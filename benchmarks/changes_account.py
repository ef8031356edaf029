"""The account that the rows of ``changes_file`` are looked up in: the people of yesterday, as contacts.

Of each thousand one has opted out, one has its two identifiers at two different contacts, and fifty
unsubscribed from another list than the one that is written to.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

LIST, OTHER_LIST = 3, 7
ACCOUNT = "account"
_PERIOD, _OPTED_OUT, _OF_TWO, _UNSUBSCRIBED = 1000, 500, 600, 50


def expected_held_back(rows: int) -> dict[str, int]:
    """Return reason → rows that the guards have to find."""
    return {"opted_out": rows // _PERIOD, "would_merge": rows // _PERIOD}


def write_mirror(folder: Path, name: str, rows: int) -> None:
    """Write a mirror of the account, as a full sweep does.

    :param rows: of the file; the account has a contact for each, and one more for each thousand.
    """
    from email_contacts.contacts.mirror.folder import MirrorFolder
    from email_contacts.contacts.mirror.refreshing import refresh

    now = datetime.now(timezone.utc)
    refresh(MirrorFolder(folder, name), lambda _: _contacts(rows), account=ACCOUNT, now=now)


def _contacts(rows: int) -> Iterator[dict[str, Any]]:
    for number in range(rows):
        place = number % _PERIOD
        contact: dict[str, Any] = {"id": number + 1, "email": f"person{number}@example.com"}
        if place == _OF_TWO:
            yield {"id": rows + number + 1, "attributes": {"EXT_ID": f"X-{number}"}}
        else:
            contact["attributes"] = {"EXT_ID": f"X-{number}"}
        if place == _OPTED_OUT:
            contact["emailBlacklisted"] = True
        if place < _UNSUBSCRIBED:
            contact["listUnsubscribed"] = [OTHER_LIST]
        yield contact
