"""Which snapshot a preparation compares its contacts with, as a value object of rendered arguments.

Knows plain values and paths; no operator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from email_contacts.arguments import InvalidArgument, as_choice, as_flag, as_ids
from email_contacts.contacts.choices import GONE, KEEP
from email_contacts.operators._named_folders import named_folder

if TYPE_CHECKING:
    from email_contacts.contacts.snapshot.changes import ChangesSince

SNAPSHOT_FIELDS = ("snapshot", "snapshot_target", "full_sync", "retry_rejects", "gone", "max_unidentified")


@dataclass(frozen=True, kw_only=True)
class SnapshotArguments:
    """Which snapshot to compare with.

    :param snapshot: its name, or the path or address of its folder; empty: none, and every row is sent.
    :param snapshot_target: ids of the lists that the contacts go to.
    :param full_sync: send everything.
    :param retry_rejects: send again what the platform rejected.
    :param gone: what to do with contacts that are no longer in the source.
    :param max_unidentified: how many rejected rows without a readable identifier are tolerated then.
    :param conn_id: the platform's connection; a list id has no meaning in another account.
    :param platform: the address of the platform, to which the connection may lead elsewhere one day.
    :param run_after: when the run was due.
    """

    snapshot: Any
    snapshot_target: Any = ()
    full_sync: Any = False
    retry_rejects: Any = False
    gone: Any = "keep"
    max_unidentified: Any = 0
    conn_id: str = ""
    platform: str = ""
    run_after: str = ""

    def since(self, staging_root: str) -> ChangesSince | None:
        """Say what to compare with; None: nothing.

        :param staging_root: the connection's staging folder, in which named snapshots lie.
        :raises InvalidArgument: when the name can be no name of a folder; for ``gone`` without a snapshot.
        """
        from email_contacts.contacts.snapshot.changes import ChangesSince

        gone = as_choice(self.gone, "gone", GONE)
        if self.snapshot is None or self.snapshot == "":
            if gone != KEEP:
                raise InvalidArgument(
                    f"gone={gone!r} needs a snapshot, which says who was in the source before; without one "
                    "nobody would ever be removed. Give snapshot, or leave gone out"
                )
            return None
        folder = named_folder("snapshot", self.snapshot, staging_root)
        lists = as_ids(self.snapshot_target, "snapshot_target") if self.snapshot_target else []
        return ChangesSince(
            folder=cast("Any", folder),
            name=folder.name,
            target=f"{self.conn_id}:{','.join(map(str, sorted(lists)))}",
            platform=self.platform,
            full=as_flag(self.full_sync, "full_sync"),
            retry_rejects=as_flag(self.retry_rejects, "retry_rejects"),
            gone=gone,
            max_unidentified=self.max_unidentified,
            run_after=self.run_after,
        )
