"""Columns that say who opted out: what the platform calls blacklisted (api-contract §1.7).

Knows such columns of a source, and single rows. An export of the platform has them; whoever is marked there
must not come back as a subscriber because a file is imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from email_contacts.contacts.column_names import EMAIL, SMS, WHATSAPP
from email_contacts.contacts.mapping.synonyms import folded
from email_contacts.contacts.sources.rows import EMPTY, Row
from email_contacts.contacts.values.normalising import boolean

_CHANNELS = {"emailblacklisted": EMAIL, "smsblacklisted": SMS, "whatsappblacklisted": WHATSAPP}
RULE = "blacklisted"


@dataclass(frozen=True)
class OptOut:
    """A column that says whether a contact opted out of a channel.

    :param place: its index in a row.
    :param column: its name.
    :param channel: the identifier that the channel uses.
    """

    place: int
    column: str
    channel: str

    def forbids(self, cells: Row, attributes: dict[str, Any]) -> bool:
        """Say whether a row must not be imported; so it must not where the cell is neither true nor false.

        :param attributes: what would be sent; who opted out of a channel that is not used may be imported.
        """
        cell = boolean(cells[self.place])
        is_used = self.channel == EMAIL or self.channel in attributes
        return is_used and cell is not False and cell != EMPTY

    @property
    def message(self) -> str:
        """Why a row is rejected, and what to do."""
        return (
            f'"{self.column}" says that the contact opted out; an import would subscribe it again. '
            "Leave such rows out of the source."
        )


def opt_outs(columns: Sequence[str]) -> tuple[OptOut, ...]:
    """Find such columns among those of a source."""
    channels = ((place, column, _CHANNELS.get(folded(column))) for place, column in enumerate(columns))
    return tuple(OptOut(place, column, channel) for place, column, channel in channels if channel is not None)
