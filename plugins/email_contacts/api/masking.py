"""Platform text without personal data, fit for messages and logs.

Knows what an address and a number look like; must not import any other room.
"""

from __future__ import annotations

import logging
import re

_LONGEST = 300

# Up to what cannot be part of an unquoted address. "%40" is how an @ stands in a URL.
_ADDRESS = re.compile(r"[^\s<>\"(),;:]+(?:@|%40)[^\s<>\"(),;:]+", re.IGNORECASE)
# Seven digits or more, however they are grouped: phone numbers and external ids. Ids of lists are shorter.
_NUMBER = re.compile(r"\+?\d(?:[\s().\-/]{0,2}\d){6,}")

# Whatever follows /v3/contacts/ and is no route of its own names one contact (api-contract §6).
_IDENTIFIER = re.compile(r"(?<=/v3/contacts/)(?!(?:folders|lists|import|attributes)\b)[^/?\s]+")


def masked(text: str) -> str:
    """Take addresses and long numbers out of a text, put it on one line and cap its length.

    :return: e.g. ``"Invalid email address [e-mail]"``.
    """
    line = _NUMBER.sub("[number]", _ADDRESS.sub("[e-mail]", " ".join(text.split())))
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."


class MaskIdentifiers(logging.Filter):
    """Keeps contacts out of the request lines that ``urllib3`` logs at DEBUG.

    The API looks a contact up by a path that holds its e-mail address or phone number (api-contract §6), and
    a log level is no reason to write that down.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, with the identifiers in its arguments masked."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                _IDENTIFIER.sub("{identifier}", value) if isinstance(value, str) else value
                for value in record.args
            )
        return True
