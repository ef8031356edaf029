"""A list kept in step without a platform: prepare, send, remove who is gone, confirm."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from email_contacts.contacts.gone.on_list import GoneOnList, find_gone, write_spared
from email_contacts.contacts.mapping.document import Mapping
from email_contacts.contacts.options import Options
from email_contacts.contacts.preparation import prepare
from email_contacts.contacts.snapshot.changes import Changes, ChangesSince
from email_contacts.contacts.snapshot.confirming import confirm

MAPPING = Mapping.from_json(
    {
        "columns": {
            "email": "EMAIL",
            "ext_id": "EXT_ID",
            "sms": "SMS",
            "birthday": {"attribute": "BIRTHDAY", "type": "date"},
        }
    }
)
HEAD = "email,ext_id,sms,birthday\n"


@dataclass
class ListKept:
    """A list, and the contacts on it: as the platform returns them, by their address or EXT_ID.

    :param folder: where everything goes.
    """

    folder: Path
    contacts: list[dict[str, Any]] = field(default_factory=list)
    found: GoneOnList | None = None
    _days: int = 0

    def run(self, rows: str, *, is_confirmed: bool = True, **since: Any) -> Changes:
        """Sync a day's rows.

        :param rows: lines of a CSV with the header ``HEAD``.
        """
        self._days += 1
        source, stage = self.folder / "source.csv", self.folder / f"stage-{self._days}"
        source.write_text(HEAD + rows)
        asked = ChangesSince(folder=self.folder / "snapshot", name="shop", **{"gone": "remove", **since})
        manifest = prepare(source, stage, Options(mapping=MAPPING), changes_since=asked)
        for batch in manifest.batches:
            for contact in json.loads(Path(batch.uri).read_bytes()):
                self._import(contact)
        changes = manifest.changes
        assert changes is not None
        self.found = None
        if changes.to_settle:
            self.found = find_gone(stage, "shop", self.contacts, known_only_by=changes.known_only_by)
            self.contacts = [one for one in self.contacts if one["id"] not in self.found.ids]
            write_spared(stage, "shop", [self.found.spared])
        if is_confirmed:
            confirm(changes, self.folder / "snapshot", stage)
        return changes

    @property
    def addresses(self) -> set[str]:
        """Of those on the list."""
        return {one["email"] for one in self.contacts}

    def _import(self, sent: dict[str, Any]) -> None:
        email, ext_id = sent.get("email"), sent["attributes"].get("EXT_ID")
        for one in self.contacts:
            if (email and one["email"] == email) or (ext_id and one["attributes"].get("EXT_ID") == ext_id):
                one["email"] = email or one["email"]
                one["attributes"] |= sent["attributes"]
                return
        self.contacts.append({"id": len(self.contacts) + 1_000 * self._days, "email": "", **sent})
