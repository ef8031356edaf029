"""The contacts that the platform's reject reports name, line by line.

Knows how people spell the columns of a report (api-contract §2.3: which it has is written nowhere), and in
which form identifiers are compared. Must not import Airflow; keeps, logs and shows no identifier.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from email_contacts.imports.submission.stored_values import PHONES

# What each reason is about (api-contract §2.3); of another one, any identifier may be meant.
ABOUT: Mapping[str, str] = {
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
    "smsnumber": "SMS",
    "phone": "SMS",
    "phonenumber": "SMS",
    "whatsapp": "WHATSAPP",
    "whatsappnumber": "WHATSAPP",
    "landline": "LANDLINE_NUMBER",
    "landlinenumber": "LANDLINE_NUMBER",
}
# A number of a line, or a word about it, could be taken for somebody's EXT_ID.
_NO_IDENTIFIERS = frozenset({"row", "line", "number", "index", "reason", "error", "message", "status"})
ANY = ""
# The address under which the platform shows a contact that has phone numbers only (api-contract §3.1).
_PHONE_DOMAIN = "@mailin-sms.com"
_PHONE = re.compile(r"(?:\+|00)?[\d\s()./-]{7,}")


@dataclass(frozen=True)
class Named:
    """The contact that a line of a report names. The identifier is kept out of ``repr``.

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
    """Read the contacts that a report names, line by line.

    :param reason: the platform's reason, which is the report's name.
    :param report: its rows, column → cell.
    """
    about = ABOUT.get(reason, ANY)
    for row in report:
        yield _named(reason, about, row)


def comparable(attribute: str, text: str) -> str:
    """The form in which identifiers are compared; ``+49…``, ``0049…`` and ``49…`` are one phone number.

    :param attribute: what kind of identifier it is; empty where any may be meant.
    """
    if attribute in PHONES or (attribute == ANY and _PHONE.fullmatch(text)):
        return re.sub(r"\D", "", text).lstrip("0")
    return text if attribute == "EXT_ID" else text.casefold()


def keys_of(identifiers: Mapping[str, str]) -> set[tuple[str, str]]:
    """By what a contact may be named in a report: each identifier, with its attribute and without.

    :param identifiers: the platform's attribute → identifier.
    """
    phones = [
        f"{comparable(name, identifiers[name])}{_PHONE_DOMAIN}" for name in PHONES if name in identifiers
    ]
    named = [*identifiers.items(), *(("EMAIL", one) for one in phones[:1] if "EMAIL" not in identifiers)]
    return {(kind, comparable(kind, text)) for name, text in named for kind in (name, ANY)}


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
