"""The folder of one snapshot: which one is in force, and what was sent since and not confirmed.

::

    current.json             which snapshot is in force; replaced in whole, and last
    snapshot-ID.bin          digests of the contacts that were confirmed
    in-doubt-ID.bin          who may have changed on the platform in a run that was not confirmed

Knows files; holds digests, and nothing else of anybody. What is in doubt is noted before anything is sent,
and forgotten once a later run that knew of it is confirmed: until then these contacts are sent again,
regardless of the snapshot.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, cast

import numpy as np

from email_contacts.contacts.paths import AnyPath, local_path
from email_contacts.contacts.snapshot.digests import BLAKE2B, BLAKE2B_AND_XXH3, DIGEST, Digests
from email_contacts.contacts.snapshot.errors import SnapshotDamaged, SnapshotMissing, SnapshotUnusable
from email_contacts.contacts.snapshot.pointer import Pointer
from email_contacts.contacts.snapshot.records import CONTACT, in_order
from email_contacts.contacts.snapshot.sealed_file import Format, SealedReader, SealedWriter

SNAPSHOT = Format("email-contacts snapshot", CONTACT)
IN_DOUBT = Format("email-contacts in doubt", DIGEST)
_POINTER = "email-contacts current snapshot"
_NAME = re.compile(r"(snapshot|in-doubt)-([0-9a-f]{32})\.bin")
# More than that are not kept in memory; everything is sent then.
MOST_IN_DOUBT = 2_000_000


@dataclass(frozen=True)
class Doubts:
    """What was sent in runs that were not confirmed.

    :param attempts: those runs.
    :param keys: who may have changed, sorted.
    :param of_all: why anybody may have; empty where that is not so.
    """

    attempts: tuple[str, ...]
    keys: Digests
    of_all: str = ""


class SnapshotFolder:
    """A folder that holds one snapshot, on a local disk or in a bucket.

    :param path: the folder; made when something is first written to it.
    :param name: of the snapshot: what was confirmed under another name is not compared with.
    """

    def __init__(self, path: AnyPath, name: str) -> None:
        self._path = path
        self._pointer = Pointer(path, _POINTER, missing=f"no run was confirmed yet in {path}")
        self.name = name

    @property
    def uri(self) -> str:
        """Where it is."""
        return str(self._path)

    def current(self) -> dict[str, Any]:
        """Read which snapshot is in force.

        :raises SnapshotMissing: when there is none.
        :raises SnapshotDamaged: when what says so cannot be read.
        """
        return self._pointer.read()

    def current_id(self) -> str:
        """Return the id of the snapshot that is in force; empty where there is none that can be read."""
        try:
            return str(self.current()["id"])
        except SnapshotUnusable:
            return ""

    def current_run(self) -> datetime | None:
        """Return when the run was due that was confirmed last; None where that is not known."""
        try:
            return datetime.fromisoformat(self.current()["run_after"]).astimezone(timezone.utc)
        except (SnapshotUnusable, KeyError, TypeError, ValueError):
            return None

    def lists_before(self, target: str, platform: str) -> tuple[int, ...]:
        """Return the lists that confirmed runs have filled before those of a target; none of another account.

        :param target: of this run: its connection, a colon, ids of lists.
        :param platform: the address of the platform; empty where that is not known.
        """
        try:
            with closing(self.open_current()) as reader:
                said = reader.header.get("made_with", {})
        except SnapshotUnusable:
            return ()
        (account, now), (its_account, before) = map(_parted, (target, str(said.get("target", ""))))
        if its_account != account or said.get("platform", platform) != platform:
            return ()
        return tuple(sorted((before | _parted(str(said.get("lists_before", "")))[1]) - now))

    def open_current(self) -> SealedReader:
        """Open the snapshot that is in force.

        :raises SnapshotUnusable: when there is none, or it belongs to another name.
        """
        reader = SealedReader(self._file(f"snapshot-{self.current()['id']}.bin"), SNAPSHOT)
        known = (BLAKE2B, BLAKE2B_AND_XXH3)
        if reader.header.get("name") != self.name or reader.header.get("digest") not in known:
            reader.close()
            raise SnapshotDamaged(f"the snapshot in {self._path} is not that of {self.name!r}")
        return reader

    def write(
        self, identity: str, made_with: dict[str, str], contacts: Iterable[Any], *, algorithm: str
    ) -> int:
        """Write a snapshot; it is not in force yet.

        :param identity: its id.
        :param made_with: what a later run has to have in common with it.
        :param contacts: records of ``CONTACT``, sorted.
        :param algorithm: of their digests.
        :return: how many contacts it has.
        """
        count = 0
        header = {"id": identity, "name": self.name, "digest": algorithm, "made_with": made_with}
        with closing(self._create(f"snapshot-{identity}.bin", SNAPSHOT, header)) as writer:
            for some in contacts:
                writer.add(some)
                count += len(some)
            writer.seal()
        return count

    def put_in_force(self, identity: str, **details: Any) -> None:
        """Make a snapshot the one that the next run is compared with.

        :param details: what else is to be known of it.
        """
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        self._make()
        self._pointer.write(id=identity, confirmed_at=now, **details)

    def note_in_doubt(
        self, attempt: str, keys: Iterable[Digests], *, is_all: bool, settles: Iterable[str] = ()
    ) -> None:
        """Note who is about to be sent.

        :param keys: who, sorted.
        :param is_all: that it is everybody; then ``keys`` are not looked at.
        :param settles: earlier attempts, whose contacts this one sends again.
        """
        header: dict[str, Any] = {"attempt": attempt, "name": self.name, "digest": BLAKE2B, "all": is_all}
        header["settles"] = list(settles)
        with closing(self._create(f"in-doubt-{attempt}.bin", IN_DOUBT, header)) as writer:
            for some in () if is_all else keys:
                writer.add(some)
            writer.seal()

    def doubts(self) -> Doubts:
        """Read who may have changed since the snapshot that is in force."""
        attempts: list[str] = []
        found: list[Digests] = [np.empty(0, DIGEST)]
        of_all, count = "", 0
        for attempt in sorted(self._ids("in-doubt")):
            attempts.append(attempt)
            try:
                reader = SealedReader(self._file(f"in-doubt-{attempt}.bin"), IN_DOUBT)
                if reader.header.get("all") or reader.header.get("name") != self.name:
                    of_all = "an earlier run sent everything, and was not confirmed"
                for some in reader.blocks():
                    count += len(some)
                    if count <= MOST_IN_DOUBT:
                        found.append(some)
            except SnapshotMissing:
                attempts.pop()  # confirmed in between
            except SnapshotDamaged as error:
                of_all = f"what an earlier run sent is not known: {error}"
        if count > MOST_IN_DOUBT:
            of_all = f"earlier runs that were not confirmed sent {count:,} contacts"
        return Doubts(tuple(attempts), in_order(np.concatenate(found)), of_all)

    def is_taken_over(self, attempt: str) -> bool:
        """Say whether a later attempt, which is not confirmed yet, sends again what this one sends."""
        for other in self._ids("in-doubt"):
            with (
                suppress(SnapshotUnusable),  # confirmed in between, or damaged, so that all is sent next time
                closing(SealedReader(self._file(f"in-doubt-{other}.bin"), IN_DOUBT)) as reader,
            ):
                if attempt in reader.header.get("settles", ()):
                    return True
        return False

    def forget(self, attempts: Iterable[str]) -> None:
        """Remove what is not in doubt any more, and the snapshots that are not in force."""
        kept = self.current_id()
        names = [f"in-doubt-{attempt}.bin" for attempt in attempts]
        names += [f"snapshot-{other}.bin" for other in self._ids("snapshot") if kept and other != kept]
        for name in names:
            with suppress(FileNotFoundError):
                self._file(name).unlink()

    def _ids(self, kind: str) -> Iterator[str]:
        if not self._path.is_dir():
            return
        for file in list(self._path.iterdir()):
            if (named := _NAME.fullmatch(file.name)) and named[1] == kind:
                yield named[2]

    def _create(self, name: str, kind: Format, header: dict[str, Any]) -> SealedWriter:
        self._make()
        return SealedWriter(self._file(name), kind, header)

    def _make(self) -> None:
        (local_path(self._path) or self._path).mkdir(mode=0o700, parents=True, exist_ok=True)

    def _file(self, name: str) -> AnyPath:
        return cast("AnyPath", self._path / name)


def _parted(target: str) -> tuple[str, set[int]]:
    """Part a target into its connection and its lists."""
    account, _, lists = target.rpartition(":")
    return account, {int(one) for one in lists.split(",") if one.isdecimal()}
