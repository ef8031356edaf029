"""How many rows of a kind, such as rejected ones, a run may have.

Knows counts only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from email_contacts.contacts.errors import InvalidOption

_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*%").fullmatch
_COUNT = re.compile(r"[0-9]+").fullmatch


@dataclass(frozen=True)
class RowLimit:
    """A number of rows, or a share of a whole.

    :param rows: the most rows there may be, or None.
    :param percent: the most per cent of the whole there may be, or None.
    """

    rows: int | None = None
    percent: float | None = None

    @classmethod
    def parse(cls, said: int | str | None, name: str = "max_rejects") -> RowLimit:
        """Read a limit.

        :param said: ``100`` or ``"100"`` rows, ``"5%"`` of the whole, or None for no limit.
        :param name: what it limits, for the message.
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
            f'{name}={said!r} is neither a number of rows such as 100 nor a share such as "5%".'
        )

    def is_passed_for_good(self, rows: int) -> bool:
        """Return whether further rows cannot change it; a share can only be judged at the end."""
        return self.rows is not None and rows > self.rows

    def is_passed(self, rows: int, *, of: int) -> bool:
        """Return whether there are more rows than allowed.

        :param of: the whole, all of it being known.
        """
        if self.percent is not None:
            return rows * 100 > Decimal(str(self.percent)) * of  # as it was written: 0.57 is no float
        return self.is_passed_for_good(rows)

    def __str__(self) -> str:
        """Say it as it was given."""
        return str(self.rows) if self.percent is None else f"{self.percent:g}%"
