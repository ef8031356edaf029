"""Days of a sync without a platform: prepare, say what became of it, confirm."""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from email_contacts.contacts.options import Options
from email_contacts.contacts.preparation import prepare
from email_contacts.contacts.snapshot.changes import Changes, ChangesSince
from email_contacts.contacts.snapshot.confirming import confirm
from email_contacts.contacts.staging.manifest import Manifest

NAME = "customers"
Rows = Mapping[str, str]  # address → first name


@dataclass(frozen=True)
class Day:
    """What one preparation came to."""

    manifest: Manifest
    stage: Path
    sent: dict[str, str]

    @property
    def changes(self) -> Changes:
        assert self.manifest.changes is not None
        return self.manifest.changes

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """New, changed, unchanged, gone."""
        return self.changes.new, self.changes.changed, self.manifest.rows.unchanged, self.changes.gone

    def row_of(self, address: str) -> int:
        """The number of a row in the source, which ``Days`` writes in the order of the addresses."""
        return list(json.loads((self.stage / "order.json").read_text())).index(address) + 1


class Days:
    """One audience, day after day.

    :param folder: where everything goes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.snapshot = folder / "snapshot"
        self._count = 0

    def prepare(self, rows: Rows, *, column: str = "FIRSTNAME", body: str = "json_body", **since: Any) -> Day:
        """Prepare a day's rows."""
        self._count += 1
        source, stage = self.folder / "source.csv", self.folder / f"stage-{self._count}"
        with source.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("email", column), *rows.items()])
        asked = ChangesSince(folder=self.snapshot, **{"name": NAME, **since})
        prepare(source, stage, Options(body=body), changes_since=asked)
        (stage / "order.json").write_text(json.dumps(list(rows)))
        manifest = Manifest.read(stage / "manifest.json")
        return Day(manifest, stage, sent_in(manifest) if body == "json_body" else {})

    def confirm(self, day: Day, *, rejected: Collection[str] = ()) -> bool:
        """Confirm a day, of whose contacts the platform rejected some."""
        rows = [day.row_of(address) for address in rejected]
        return confirm(day.changes, self.snapshot, day.stage, rejected_rows=rows)

    def run(self, rows: Rows, **since: Any) -> Day:
        """Prepare a day's rows and confirm them."""
        day = self.prepare(rows, **since)
        self.confirm(day)
        return day

    @property
    def files(self) -> list[str]:
        """Names of the files of the snapshot's folder, without ids."""
        return sorted(path.name.rsplit("-", 1)[0] for path in self.snapshot.iterdir())


def sent_in(manifest: Manifest) -> dict[str, str]:
    """The contacts in the bodies: address → first name."""
    contacts = [contact for batch in manifest.batches for contact in json.loads(Path(batch.uri).read_bytes())]
    return {one["email"]: one["attributes"].get("FIRSTNAME", "") for one in contacts}
