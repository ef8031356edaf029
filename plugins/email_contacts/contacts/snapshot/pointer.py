"""``current.json``: which version of what a folder holds is in force.

Knows JSON and files. It is replaced in whole, and last: an interruption leaves the version before in force.
"""

from __future__ import annotations

import json
from typing import Any, cast

from email_contacts.contacts.paths import AnyPath
from email_contacts.contacts.snapshot.errors import SnapshotDamaged, SnapshotMissing
from email_contacts.contacts.staging.stage import write_whole

_NAME, _VERSION = "current.json", 1


class Pointer:
    """Says which version is in force.

    :param folder: which holds the versions.
    :param kind: what it says of itself as ``format``.
    :param missing: what is said where nothing is in force yet.
    """

    def __init__(self, folder: AnyPath, kind: str, *, missing: str) -> None:
        self._path = cast("AnyPath", folder / _NAME)
        self._kind, self._missing = kind, missing

    def read(self) -> dict[str, Any]:
        """Read which version is in force: ``id``, and what else was written.

        :raises SnapshotMissing: when none is.
        :raises SnapshotDamaged: when what says so cannot be read.
        """
        try:
            with self._path.open("rb") as file:
                said = json.loads(file.read())
        except FileNotFoundError as error:
            raise SnapshotMissing(self._missing) from error
        except ValueError as error:
            raise SnapshotDamaged(f"{self._path} is not JSON") from error
        if not isinstance(said, dict) or said.get("format") != self._kind or "id" not in said:
            raise SnapshotDamaged(f"{self._path} does not say which version is in force")
        return said

    def write(self, **said: Any) -> None:
        """Put a version in force.

        :param said: ``id``, and what else is to be known of it.
        """
        document = {"format": self._kind, "version": _VERSION, **said}
        write_whole(self._path, json.dumps(document, indent=2).encode() + b"\n")
