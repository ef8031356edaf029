"""The folder that exports go to, and the files of one export in it.

::

    contacts/date=2026-11-28/20261128T023000417Z-1f0c9a3e.parquet
    opt_outs/date=2026-11-28/20261128T023000417Z-1f0c9a3e.parquet
    _manifests/20261128T023000417Z-1f0c9a3e.json                  written last
    _incomplete/20261128T023000417Z-1f0c9a3e-contacts.parquet     until it is whole

Knows names; not what the files hold. Readers of partitioned tables pass over names that begin with ``_``.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta, timezone
from typing import Any, BinaryIO, cast

from email_contacts.contacts.paths import AnyPath
from email_contacts.exports.aside import remove, take_place, written_aside

CONTACTS = "contacts"
OPT_OUTS = "opt_outs"
TABLES = (CONTACTS, OPT_OUTS)


def new_export_id(*, before: str = "") -> str:
    """Name an export: names sort by when they were given, in UTC, and no two are the same.

    :param before: the name of the export that this one continues; the clock that gave it may have been ahead,
        and it must not sort behind this one, for readers take a contact from its last file.
    """
    given = datetime.now(timezone.utc)
    if (ahead := _given_at(before)) and ahead >= given.replace(microsecond=given.microsecond // 1000 * 1000):
        given = ahead + timedelta(milliseconds=1)
    return f"{given:%Y%m%dT%H%M%S}{given.microsecond // 1000:03d}Z-{secrets.token_hex(4)}"


def _given_at(export_id: str) -> datetime | None:
    try:
        return datetime.strptime(export_id.partition("Z")[0], "%Y%m%dT%H%M%S%f").replace(tzinfo=timezone.utc)
    except ValueError:
        return None


class Destination:
    """Where one export writes.

    :param path: the folder of all exports.
    :param export_id: as :func:`new_export_id` names it; the date in it is that of the partition.
    :param ending: of the tables' files, such as ``parquet``.
    """

    def __init__(self, path: AnyPath, export_id: str, ending: str) -> None:
        self._path = path
        self._export_id = export_id
        self._ending = ending

    def table(self, name: str) -> AnyPath:
        """The path of a table's file, once it is published."""
        day = datetime.strptime(self._export_id[:8], "%Y%m%d").date()  # in UTC
        folder = self._path / name / f"date={day.isoformat()}"
        return cast("AnyPath", folder / f"{self._export_id}.{self._ending}")

    @property
    def manifest(self) -> AnyPath:
        """The path of the manifest."""
        return cast("AnyPath", self._path / "_manifests" / f"{self._export_id}.json")

    def create(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Open the file of a table, aside."""
        return written_aside(self._aside(name))

    def publish(self, name: str) -> None:
        """Move the file of a table, which is whole, to its place."""
        take_place(self._aside(name), self.table(name))

    def seal(self, document: Mapping[str, Any]) -> None:
        """Write the manifest: from now on the export is complete for readers."""
        aside = self._aside("manifest")
        with written_aside(aside) as file:
            file.write(json.dumps(document, indent=2).encode() + b"\n")
        take_place(aside, self.manifest)

    def withdraw(self) -> None:
        """Remove all files of the export, the manifest first; those that are not there are passed over."""
        for path in (self.manifest, *map(self.table, TABLES), *map(self._aside, (*TABLES, "manifest"))):
            remove(path)

    def _aside(self, name: str) -> AnyPath:
        return cast("AnyPath", self._path / "_incomplete" / f"{self._export_id}-{name}.{self._ending}")
