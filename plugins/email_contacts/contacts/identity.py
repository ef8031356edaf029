"""Who a contact is, and which of several rows about one person counts.

Knows identities and row numbers. The last row wins, as it does on the platform when rows are imported one
after the other. Identities are kept as 128-bit digests: no address stays in memory, and that two of a billion
people share one has a chance below 1 in 10^20.
"""

from __future__ import annotations

from hashlib import blake2b

from email_contacts.contacts.mapping.binding import Contact


def identity_of(contact: Contact) -> str:
    """Say who a valid contact is: its e-mail, else its EXT_ID, else its SMS.

    The first letter keeps apart an EXT_ID that looks like an e-mail or a number.
    """
    if "email" in contact:
        return f"e{contact['email']}"
    attributes = contact["attributes"]
    return f"x{attributes['EXT_ID']}" if "EXT_ID" in attributes else f"s{attributes['SMS']}"


class IdentityIndex:
    """Row numbers by identity, in memory: about 130 bytes for each identity."""

    def __init__(self) -> None:
        self._last: dict[int, int] = {}
        self._successor: dict[int, int] = {}

    def __len__(self) -> int:
        """Count the rows that are superseded."""
        return len(self._successor)

    def add(self, identity: str, row: int) -> None:
        """Note that a row is about somebody; an earlier row about them is superseded.

        :param row: greater than every row before.
        """
        digest = int.from_bytes(blake2b(identity.encode(), digest_size=16).digest(), "big")
        earlier = self._last.setdefault(digest, row)
        if earlier != row:
            self._successor[earlier] = row
            self._last[digest] = row

    def superseded_by(self, row: int) -> int | None:
        """Say which row counts in place of this one, or None when this one counts."""
        successor = self._successor
        last = successor.get(row)
        if last is None:
            return None
        while (next_row := successor.get(last)) is not None:
            last = next_row
        # Shorten the way for those who come by it later: a name that fills the file would cost its square.
        while (next_row := successor[row]) != last:
            successor[row], row = last, next_row
        return last
