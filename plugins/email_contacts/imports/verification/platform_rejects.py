"""The platform's own reject reports, joined back to the rows of the source.

A report names contacts by an identifier (api-contract §2.3; which columns it has is written nowhere). They
are looked for in the batch that was sent, and listed with their row's number as ``rejects.csv`` lists what
never was sent. A contact that is not found is listed without a number; none is left out.

Memory holds the identifiers of one report, and one batch, however long the source is. Must not import
Airflow; no identifier leaves here but masked.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields

from email_contacts.contacts.masking import mask
from email_contacts.imports.submission.batch_rows import identifiers_of
from email_contacts.imports.submission.named_rejects import Named, keys_of

MAX_LISTED = 100_000

FOUND = "the platform rejected this contact"
NOT_FOUND = "the platform rejected a contact that is not found in what was sent"
NAMELESS = "the platform rejected a contact, and its report does not say which"


@dataclass(frozen=True)
class PlatformReject:
    """A contact that the platform rejected.

    :param row: its row in the source; None where it was not found.
    :param key: the row's key in the source; always empty, for what is sent does not hold it.
    :param field: the identifier by which the report names it; empty where that is not known.
    :param rule: the platform's reason, such as ``invalid_emails``.
    :param message: what is known of it.
    :param value: the masked identifier.
    """

    row: int | None
    key: str
    field: str
    rule: str
    message: str
    value: str


def joined(
    named: Sequence[Named], contacts: Iterable[Mapping[str, object]], numbers: Sequence[int]
) -> Iterator[PlatformReject]:
    """Find the contacts that reports name among those of one batch.

    The platform takes rows in their order, so where several have the identifier, the last ones are meant.

    :param named: the contacts that the reports name.
    :param contacts: the batch's rows in their order; walked once.
    :param numbers: the row number of each in the source.
    :return: one for each that was named, in the same order.
    """
    places = _places(named, contacts)
    for one in named:
        found = places.get(one.key)
        place = found.popleft() if found else len(numbers)
        row = numbers[place] if place < len(numbers) else None
        message = FOUND if row is not None else NOT_FOUND if one.text else NAMELESS
        yield PlatformReject(row, "", one.attribute, one.reason, message, mask(one.text))


def listing(rejects: Iterable[PlatformReject]) -> bytes:
    """Write the list as CSV, with the columns of ``rejects.csv``."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in fields(PlatformReject))
    writer.writerows(astuple(one) for one in rejects)
    return text.getvalue().encode()


def _places(
    named: Iterable[Named], contacts: Iterable[Mapping[str, object]]
) -> dict[tuple[str, str], deque[int]]:
    """Where the contacts of a batch lie that were named: the last ones, no more than were named."""
    wanted = Counter(one.key for one in named if one.text)
    places: dict[tuple[str, str], deque[int]] = {}
    if not wanted:
        return places
    for place, contact in enumerate(contacts):
        for key in wanted.keys() & keys_of(identifiers_of(contact)):
            places.setdefault(key, deque(maxlen=wanted[key])).append(place)
    return places
