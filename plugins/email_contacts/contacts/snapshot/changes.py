"""What contacts are compared with, and what that came to.

Knows words and counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from email_contacts.contacts.choices import GONE, KEEP, check_choice
from email_contacts.contacts.limits import RowLimit
from email_contacts.contacts.paths import AnyPath

_SHOWN = 200


@dataclass(frozen=True, kw_only=True)
class ChangesSince:
    """Which snapshot the contacts are compared with, and how.

    :param folder: of the snapshot: ``pathlib.Path``, ``UPath`` or Airflow's ``ObjectStoragePath``.
    :param name: of the snapshot, such as that of an audience.
    :param target: where the contacts go, such as the lists' ids: what was confirmed for another target says
        nothing about this one.
    :param platform: the address of the platform; empty where that is not known.
    :param full: send everything, regardless of the snapshot.
    :param retry_rejects: send again what the platform rejected, also where it did not change.
    :param gone: contacts that are not in the source any more: ``"keep"`` them, ``"remove"`` them from the
        lists, or ``"blacklist"`` them.
    :param max_unidentified: rejected rows without a readable identifier, up to which something is done about
        gone contacts: a number, or a share of the rows read (``"0.1%"``). Each may be about one of them.
    :param run_after: when this run was due, ISO 8601 with an offset; empty where that is not known. Against
        the snapshot of a later run, such as when an old one is repeated, gone contacts are left alone.
    :raises InvalidOption: when ``gone`` is none of these, or ``max_unidentified`` is no limit.
    """

    folder: AnyPath
    name: str
    target: str = ""
    platform: str = ""
    full: bool = False
    retry_rejects: bool = False
    gone: str = KEEP
    max_unidentified: int | str = 0
    run_after: str = ""

    def __post_init__(self) -> None:
        check_choice("gone", self.gone, GONE)
        _ = self.limit

    @property
    def limit(self) -> RowLimit:
        """``max_unidentified``, of which None is none."""
        return RowLimit.parse(str(self.max_unidentified), "max_unidentified")


@dataclass(frozen=True)
class Changes:
    """What a comparison came to; holds counts and ids, and nothing personal.

    :param folder: of the snapshot.
    :param name: of the snapshot.
    :param attempt: the id of this comparison, and of the snapshot that it becomes.
    :param based_on: the id of the snapshot that was compared with; empty for none.
    :param made_with: what the next run has to have in common with this one.
    :param why_full: why everything is sent; empty where only changes are.
    :param new: contacts that were not confirmed before.
    :param changed: contacts that were; where everything is sent, also those that are as they were.
    :param gone: contacts that were confirmed, and are not in the source any more.
    :param rejected_before: contacts that are not sent because the platform rejected them as they are.
    :param settles: runs that were not confirmed, and whose contacts this one sends again.
    :param gone_digest: of who is gone; empty for nobody.
    :param when_gone: what to do with them: ``"keep"``, ``"remove"`` or ``"blacklist"``.
    :param gone_withheld: why they are left alone this time; empty if they are not.
    :param run_after: when the run was due, for the snapshot to say; empty where that is not known.
    :param unidentified: rejected rows without a readable identifier.
    :param known_only_by: the readable identifiers of rejected rows that have others which are not: such a row
        may be about a contact that has none of them.
    """

    folder: str
    name: str
    attempt: str
    based_on: str = ""
    made_with: dict[str, str] = field(default_factory=dict)
    why_full: str = ""
    new: int = 0
    changed: int = 0
    gone: int = 0
    rejected_before: int = 0
    settles: tuple[str, ...] = ()
    gone_digest: str = ""
    when_gone: str = KEEP
    gone_withheld: str = ""
    run_after: str = ""
    unidentified: int = 0
    known_only_by: tuple[tuple[str, ...], ...] = ()

    @property
    def to_settle(self) -> int:
        """How many gone contacts are to be removed or blacklisted before this run is confirmed."""
        return self.gone if self.when_gone != KEEP and not self.gone_withheld else 0

    @property
    def summary(self) -> dict[str, Any]:
        """What a receipt says of it."""
        said: dict[str, Any] = {"new": self.new, "changed": self.changed, "gone": self.gone}
        if self.when_gone != KEEP:
            said["when_gone"] = self.when_gone
            if self.unidentified:
                said["unidentified"] = self.unidentified
        reasons = {"why_full": self.why_full, "gone_withheld": self.gone_withheld}
        return said | {name: reason[:_SHOWN] for name, reason in reasons.items() if reason}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Changes:
        """Make it of its document; what a later version adds is left out."""
        known = {one.name: document[one.name] for one in fields(cls) if one.name in document}
        lists = {
            "settles": tuple(document.get("settles", ())),
            "known_only_by": tuple(map(tuple, document.get("known_only_by", ()))),
        }
        return cls(**known | lists)
