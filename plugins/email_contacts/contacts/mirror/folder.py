"""The folder of one mirror, and which version of it is in force.

::

    current.json       which version is in force; replaced in whole, and last
    mirror-ID.bin      a record for each identifier of each contact, sorted; the header has the watermark

Knows files. A version is written in whole before it is put in force, so an interruption leaves the one
before in force. That one is kept, for another task may still be reading it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from email_contacts.contacts.mirror.account_contacts import MIRRORED
from email_contacts.contacts.mirror.errors import MirrorUnusable
from email_contacts.contacts.mirror.identity_digests import BLAKE2B, SHA256
from email_contacts.contacts.paths import AnyPath, local_path
from email_contacts.contacts.snapshot.errors import SnapshotUnusable
from email_contacts.contacts.snapshot.pointer import Pointer
from email_contacts.contacts.snapshot.records import Records
from email_contacts.contacts.snapshot.sealed_file import Format, SealedReader, SealedWriter

MIRROR = Format("email-contacts mirror", MIRRORED)
_POINTER = "email-contacts current mirror"
_NAME = re.compile(r"mirror-([0-9a-f]{32})\.bin")


@dataclass(frozen=True)
class Version:
    """One version of a mirror.

    :param id: its id.
    :param as_of: when the sweep began that it is based on: what changed in the account until then is in it.
    :param full_sweep_at: when the last sweep over all contacts began.
    :param account: which account it is of.
    """

    id: str
    as_of: datetime
    full_sweep_at: datetime
    account: str

    def to_json(self) -> dict[str, Any]:
        """The part of the file's header that says this."""
        return {
            "id": self.id,
            "as_of": self.as_of.isoformat(),
            "full_sweep_at": self.full_sweep_at.isoformat(),
            "account": self.account,
        }

    @classmethod
    def from_json(cls, header: Any) -> Version:
        """Read it from a header.

        :raises MirrorUnusable: when it is not there.
        """
        try:
            return cls(
                str(header["id"]),
                datetime.fromisoformat(header["as_of"]),
                datetime.fromisoformat(header["full_sweep_at"]),
                str(header["account"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise MirrorUnusable("the mirror's header does not say when it was refreshed") from error


class MirrorFolder:
    """A folder that holds one mirror, on a local disk or in a bucket.

    :param path: the folder; made when something is first written to it.
    :param name: of the mirror, with which its digests are salted.
    """

    def __init__(self, path: AnyPath, name: str) -> None:
        self._path = path
        self._pointer = Pointer(path, _POINTER, missing=f"there is no mirror in {path} yet")
        self.name = name

    @property
    def uri(self) -> str:
        """Where it is."""
        return str(self._path)

    def open_current(self) -> tuple[Version, SealedReader]:
        """Open the version that is in force.

        :raises MirrorUnusable: when there is none, or it cannot be read.
        """
        return self.open(self.current_id())

    def open(self, identity: str) -> tuple[Version, SealedReader]:
        """Open a version.

        :raises MirrorUnusable: when it is not there, or cannot be read.
        """
        try:
            reader = SealedReader(self._file(identity), MIRROR)
        except SnapshotUnusable as error:
            raise MirrorUnusable(str(error)) from error
        try:
            known = (BLAKE2B, SHA256)
            if reader.header.get("name") != self.name or reader.header.get("digest") not in known:
                raise MirrorUnusable(f"the mirror in {self._path} is not that of {self.name!r}")
            return Version.from_json(reader.header), reader
        except BaseException:
            reader.close()
            raise

    def current_id(self) -> str:
        """Return the id of the version that is in force.

        :raises MirrorUnusable: when there is none, or what says so cannot be read.
        """
        try:
            return str(self._pointer.read()["id"])
        except SnapshotUnusable as error:
            raise MirrorUnusable(str(error)) from error

    def write(self, version: Version, blocks: Iterable[Records], *, algorithm: str) -> int:
        """Write a version; it is not in force yet.

        :param blocks: its records, sorted.
        :param algorithm: of their digests.
        :return: how many there are.
        """
        count = 0
        header = {"name": self.name, "digest": algorithm, **version.to_json()}
        (local_path(self._path) or self._path).mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(SealedWriter(self._file(version.id), MIRROR, header)) as writer:
            for some in blocks:
                writer.add(some)
                count += len(some)
            writer.seal()
        return count

    def put_in_force(self, version: Version, **details: Any) -> None:
        """Make a version the one that rows are looked up in; remove all but this and the one before.

        :param details: what else is to be known of it.
        """
        before = ""
        with suppress(MirrorUnusable):
            before = self.current_id()
        self._pointer.write(**version.to_json(), **details)
        for file in list(self._path.iterdir()):
            if (named := _NAME.fullmatch(file.name)) and named[1] not in (version.id, before):
                with suppress(FileNotFoundError):
                    file.unlink()

    def _file(self, identity: str) -> AnyPath:
        return cast("AnyPath", self._path / f"mirror-{identity}.bin")
