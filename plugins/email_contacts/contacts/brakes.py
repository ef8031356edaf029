"""How much one run may change before a person is asked.

Knows counts only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from email_contacts.contacts.limits import RowLimit

BRAKES = ("max_changes", "max_rejects")


@dataclass(frozen=True)
class Brakes:
    """The limits of a run; each may be no limit.

    A share is one of the list's contacts, and for rejects one of the rows read. Of an empty list there is no
    share: a first run is not held by one.

    :param changes: contacts that are sent, because they are new or changed, or because all are sent.
    :param rejects: rows that break a rule.
    """

    changes: RowLimit
    rejects: RowLimit

    @classmethod
    def parse(cls, said: Mapping[str, Any]) -> Brakes:
        """Read limits.

        :param said: some of ``BRAKES``, each a number of rows such as ``100`` or a share such as ``"5%"``.
        :raises email_contacts.contacts.errors.InvalidOption: for what is neither.
        """
        return cls(*(RowLimit.parse(said.get(name), name) for name in BRAKES))

    def exceeded(self, *, accepted: int, rejected: int, read: int, list_size: int | None) -> tuple[str, ...]:
        """Say which limits a prepared run is over; a sentence each.

        :param accepted: contacts to be sent.
        :param list_size: contacts of the list before the run; None or 0: no share of it is judged.
        """
        over = []
        has_whole = self.changes.percent is None or bool(list_size)
        if has_whole and self.changes.is_passed(accepted, of=list_size or 0):
            whole = "" if self.changes.percent is None else f" of the {list_size:,} contacts of the list"
            over.append(f"{accepted:,} contacts are to be sent; max_changes is {self.changes}{whole}")
        if self.rejects.is_passed(rejected, of=read):
            over.append(f"{rejected:,} of {read:,} rows were rejected; max_rejects is {self.rejects}")
        return tuple(over)
