"""How many rejected rows a run may have.

Knows counts only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from email_contacts.contacts.errors import InvalidOption

_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*%").fullmatch
_COUNT = re.compile(r"[0-9]+").fullmatch


@dataclass(frozen=True)
class RejectLimit:
    """A number of rows, or a share of those read.

    :param rows: most rows that may be rejected, or None.
    :param percent: most per cent of the rows that may be rejected, or None.
    """

    rows: int | None = None
    percent: float | None = None

    @classmethod
    def parse(cls, said: int | str | None) -> RejectLimit:
        """Read a limit.

        :param said: ``100`` or ``"100"`` rows, ``"5%"`` of the rows, or None for no limit.
        :raises InvalidOption: when it is none of these.
        """
        if said is None:
            return cls()
        words = "" if isinstance(said, bool) else str(said).strip()
        if _COUNT(words):
            return cls(rows=int(words))
        percent = _PERCENT(words)
        if percent and float(percent[1]) <= 100:
            return cls(percent=float(percent[1]))
        raise InvalidOption(
            f'max_rejects={said!r} is neither a number of rows such as 100 nor a share such as "5%".'
        )

    def is_passed_for_good(self, rejected: int) -> bool:
        """Return whether further rows cannot change it; a share can only be judged at the end."""
        return self.rows is not None and rejected > self.rows

    def is_passed(self, rejected: int, *, read: int) -> bool:
        """Return whether more rows were rejected than allowed, all rows being read."""
        if self.percent is not None:
            return rejected * 100 > self.percent * read
        return self.is_passed_for_good(rejected)

    def __str__(self) -> str:
        """Say it as it was given."""
        return str(self.rows) if self.percent is None else f"{self.percent:g}%"
