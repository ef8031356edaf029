"""How the name of a column is compared, and what is sent for it.

Knows names only. People write "E-Mail", "e mail" and "E_MAIL" for one thing. The form in which names are
compared is never sent: an account may well have an attribute ``DOUBLE_OPT-IN``.
"""

from __future__ import annotations

import re
import unicodedata

from email_contacts.contacts.values.marks import BLANKS

EMAIL, EXT_ID, SMS, WHATSAPP, LANDLINE = "EMAIL", "EXT_ID", "SMS", "WHATSAPP", "LANDLINE_NUMBER"
# By any of these a contact is known; the first that it has counts (api-contract §2.1, §3).
IDENTIFIERS = (EMAIL, EXT_ID, SMS, WHATSAPP, LANDLINE)
PHONES = (SMS, WHATSAPP, LANDLINE)
_EMAIL_SPELLINGS = frozenset({"EMAIL", "E_MAIL", "EMAIL_ADDRESS", "E_MAIL_ADDRESS"})
_BETWEEN_WORDS = re.compile(r"[\s-]")


def canonical(name: str) -> str:
    """Return the form in which names are compared: upper case, trimmed, ``-`` and blanks as ``_``."""
    return _BETWEEN_WORDS.sub("_", spelled(name))


def attribute_of(column: str) -> str:
    """Return the attribute that a column is by its name alone.

    :return: an identifier for its usual spellings; else the name in upper case, blanks as ``_``.
    """
    name = canonical(column)
    if name in _EMAIL_SPELLINGS:
        return EMAIL
    return name if name in IDENTIFIERS else re.sub(r"\s", "_", spelled(column))


def spelled(name: str) -> str:
    """Return a name in upper case, without blanks around it; a letter and its accent are one character."""
    return unicodedata.normalize("NFC", name).strip(BLANKS).upper()
