"""How much one run may change before a person is asked.

Knows counts only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from email_contacts.contacts.limits import RowLimit

if TYPE_CHECKING:
    from email_contacts.contacts.staging.manifest import Rows

BRAKES = ("max_changes", "max_rejects", "max_held_back", "max_removals", "max_opt_outs")


@dataclass(frozen=True)
class Brakes:
    """The limits of a run; each may be no limit.

    A share is one of the list's contacts, and for rejects and opt-outs one of the rows read. Of an empty list
    there is no share: a first run is not held by one.

    :param changes: contacts that are sent, because they are new or changed, or because all are sent.
    :param rejects: rows that break a rule.
    :param held_back: rows that the consent or the merge guard does not let through.
    :param removals: contacts gone from the source that would be removed from the list or blacklisted.
    :param opt_outs: contacts that would be blocklisted because their rows say no.
    """

    changes: RowLimit
    rejects: RowLimit
    held_back: RowLimit
    removals: RowLimit
    opt_outs: RowLimit

    @classmethod
    def parse(cls, said: Mapping[str, Any]) -> Brakes:
        """Read limits.

        :param said: some of ``BRAKES``, each a number of rows such as ``100`` or a share such as ``"5%"``.
        :raises email_contacts.contacts.errors.InvalidOption: for what is neither.
        """
        return cls(*(RowLimit.parse(said.get(name), name) for name in BRAKES))

    def exceeded(
        self, rows: Rows, *, list_size: int | None, removals: int = 0, opt_outs: int = 0
    ) -> tuple[str, ...]:
        """Say which limits a prepared run is over; a sentence each.

        :param rows: what was prepared.
        :param list_size: contacts of the list before the run; None or 0: no share of it is judged.
        :param removals: gone contacts that would be removed or blacklisted.
        :param opt_outs: contacts that would be blocklisted because their rows say no.
        """
        held_back = sum(rows.held_back.values())
        of_list, of_rows = (list_size or 0, "contacts of the list"), (rows.read, "rows read")
        judged = (
            ("max_changes", self.changes, rows.accepted, "contacts are to be sent", of_list),
            ("max_rejects", self.rejects, rows.rejected, "rows were rejected", of_rows),
            ("max_held_back", self.held_back, held_back, "rows are held back", of_list),
            (
                "max_removals",
                self.removals,
                removals,
                "gone contacts are to be removed or blacklisted",
                of_list,
            ),
            ("max_opt_outs", self.opt_outs, opt_outs, "contacts are to be blocklisted", of_rows),
        )
        return tuple(
            f"{count:,} {what}; {name} is {limit}"
            + ("" if limit.percent is None else f" of the {whole:,} {of_what}")
            for name, limit, count, what, (whole, of_what) in judged
            if (limit.percent is None or whole) and limit.is_passed(count, of=whole)
        )
