"""Which snapshot a preparation compares its contacts with, as a value object of rendered arguments.

Knows plain values and paths; no operator.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from email_contacts.arguments import InvalidArgument, as_choice, as_flag, as_ids, as_text
from email_contacts.contacts.choices import GONE

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

    from email_contacts.contacts.snapshot.changes import ChangesSince

# Below the staging folder; no stage of a DAG is called that, for a stage lies deeper.
SNAPSHOTS = "snapshots"
SNAPSHOT_FIELDS = ("snapshot", "snapshot_target", "full_sync", "retry_rejects", "gone", "max_unidentified")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}")


@dataclass(frozen=True, kw_only=True)
class SnapshotArguments:
    """Which snapshot to compare with.

    :param snapshot: its name, or the path or address of its folder; empty: none, and every row is sent.
    :param snapshot_target: ids of the lists that the contacts go to.
    :param full_sync: send everything.
    :param retry_rejects: send again what the platform rejected.
    :param gone: what to do with contacts that are no longer in the source.
    :param max_unidentified: how many rejected rows without a readable identifier are tolerated then.
    :param conn_id: the platform's connection; an list id has no meaning in another account.
    :param run_after: when the run was due.
    """

    snapshot: Any
    snapshot_target: Any = ()
    full_sync: Any = False
    retry_rejects: Any = False
    gone: Any = "keep"
    max_unidentified: Any = 0
    conn_id: str = ""
    run_after: str = ""

    def since(self, staging_root: str) -> ChangesSince | None:
        """Say what to compare with; None: nothing.

        :param staging_root: the connection's staging folder, in which named snapshots lie.
        :raises InvalidArgument: when the name can be no name of a folder.
        """
        from email_contacts.contacts.snapshot.changes import ChangesSince

        if self.snapshot is None or self.snapshot == "":
            return None
        folder = snapshot_folder(self.snapshot, staging_root)
        lists = as_ids(self.snapshot_target, "snapshot_target") if self.snapshot_target else []
        return ChangesSince(
            folder=cast("Any", folder),
            name=folder.name,
            target=f"{self.conn_id}:{','.join(map(str, sorted(lists)))}",
            full=as_flag(self.full_sync, "full_sync"),
            retry_rejects=as_flag(self.retry_rejects, "retry_rejects"),
            gone=as_choice(self.gone, "gone", GONE),
            max_unidentified=self.max_unidentified,
            run_after=self.run_after,
        )


def snapshot_folder(snapshot: Any, staging_root: str) -> ObjectStoragePath:
    """Find the folder of a snapshot.

    :param snapshot: its name, or the path or address of its folder.
    :raises InvalidArgument: when the name can be no name of a folder.
    """
    from airflow.sdk import ObjectStoragePath

    text = as_text(snapshot, "snapshot").strip().rstrip("/")
    if "://" in text or text.startswith("/"):
        return ObjectStoragePath(text)
    if not _NAME.fullmatch(text):
        raise InvalidArgument(
            f"snapshot={text!r} must be a name of letters, digits, '_', '-' and '.', or a folder's address"
        )
    return ObjectStoragePath(staging_root) / SNAPSHOTS / text
