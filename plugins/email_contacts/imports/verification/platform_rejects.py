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
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields

from email_contacts.contacts.masking import mask
from email_contacts.imports.submission.batch_rows import identifiers_of
from email_contacts.imports.submission.stored_values import PHONES

MAX_LISTED = 100_000

FOUND = "the platform rejected this contact"
NOT_FOUND = "the platform rejected a contact that is not found in what was sent"
NAMELESS = "the platform rejected a contact, and its report does not say which"

# What each reason is about (api-contract §2.3); of another one, any identifier may be meant.
_ABOUT: Mapping[str, str] = {
    "invalid_emails": "EMAIL",
    "duplicate_email_id": "EMAIL",
    "duplicate_ext_id": "EXT_ID",
    "duplicate_phone_id": "SMS",
    "duplicate_whatsapp_id": "WHATSAPP",
    "duplicate_landline_number_id": "LANDLINE_NUMBER",
}
# The columns of a report by what they hold, as people spell them.
_COLUMNS: Mapping[str, str] = {
    "email": "EMAIL",
    "emailid": "EMAIL",
    "emailaddress": "EMAIL",
    "extid": "EXT_ID",
    "sms": "SMS",
    "phone": "SMS",
    "whatsapp": "WHATSAPP",
    "landlinenumber": "LANDLINE_NUMBER",
}
# A number of a line, or a word about it, could be taken for somebody's EXT_ID.
_NO_IDENTIFIERS = frozenset({"row", "line", "number", "index", "reason", "error", "message", "status"})
_ANY = ""


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


@dataclass(frozen=True)
class Named:
    """Whom a line of a report names. The identifier is kept out of ``repr``.

    :param attribute: what kind of identifier it is; empty where any may be meant.
    :param text: the identifier; empty where there is none.
    """

    reason: str
    attribute: str
    text: str

    def __repr__(self) -> str:
        return f"Named({self.reason!r}, {self.attribute!r})"

    @property
    def key(self) -> tuple[str, str]:
        """By what it is looked for."""
        return self.attribute, comparable(self.attribute, self.text)


def named_in(reason: str, report: Iterable[Mapping[str, str]]) -> Iterator[Named]:
    """Read whom a report names, line by line.

    :param reason: the platform's reason, which is the report's name.
    :param report: its rows, column → cell.
    """
    about = _ABOUT.get(reason, _ANY)
    for row in report:
        yield _named(reason, about, row)


def joined(
    named: Sequence[Named], contacts: Iterable[Mapping[str, object]], numbers: Sequence[int]
) -> Iterator[PlatformReject]:
    """Find the contacts that reports name among those of one batch.

    The platform takes rows in their order, so where several have the identifier, the last ones are meant.

    :param named: whom the reports name.
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


def _named(reason: str, about: str, row: Mapping[str, str]) -> Named:
    plain = ""
    others: list[tuple[str, str]] = []
    for column, cell in row.items():
        name, text = re.sub(r"[^a-z]", "", column.lower()), cell.strip()
        if not text or name in _NO_IDENTIFIERS:
            continue
        attribute = _COLUMNS.get(name)
        if attribute is None:
            plain = plain or text
        elif attribute == about:
            return Named(reason, attribute, text)
        else:
            others.append((attribute, text))
    # A column of identifiers says more than one with an undocumented name.
    return Named(reason, *(others[0] if others else (about, plain)))


def _places(
    named: Iterable[Named], contacts: Iterable[Mapping[str, object]]
) -> dict[tuple[str, str], deque[int]]:
    """Where the contacts of a batch lie that were named: the last ones, no more than were named."""
    wanted = Counter(one.key for one in named if one.text)
    places: dict[tuple[str, str], deque[int]] = {}
    if not wanted:
        return places
    kinds = {attribute for attribute, _ in wanted}
    for place, contact in enumerate(contacts):
        for attribute, text in identifiers_of(contact).items():
            for kind in (attribute, _ANY):
                key = (kind, comparable(kind, text))
                if kind in kinds and key in wanted:
                    found = places.setdefault(key, deque(maxlen=wanted[key]))
                    if not found or found[-1] != place:
                        found.append(place)
    return places


def comparable(attribute: str, text: str) -> str:
    """The form in which identifiers are compared; ``+49…``, ``0049…`` and ``49…`` are one phone number.

    :param attribute: what kind of identifier it is; empty where any may be meant.
    """
    if attribute in PHONES:
        return re.sub(r"\D", "", text).lstrip("0")
    return text if attribute == "EXT_ID" else text.casefold()
