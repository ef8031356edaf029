"""Platform text without personal data and without the API key, fit for messages and logs.

Knows what an address, a number and a key look like; must not import any other room. All of it takes time in
proportion to the text, which is cut first: a text is foreign, and as long as somebody likes.
"""

from __future__ import annotations

import base64
import logging
import re
import string
from collections.abc import Callable
from urllib.parse import quote

_LONGEST = 300
# What is looked at: enough to fill a message after addresses have become shorter.
_EXCERPT = 2000

# A word reaches up to what cannot be part of an unquoted address.
_WORD = re.compile(r"[^\s<>\"(),;:]+")
# "%40" is how an @ stands in a URL, "%2540" in one that is quoted in another.
_AT = re.compile(r"@|\uff20|%(?:25)*40")
_QUOTED_LOCAL_PART = re.compile(r"\"[^\"]{1,64}\"(?=@)")
# Seven digits or more, however they are grouped: phone numbers and external ids. Ids of lists are shorter.
_NUMBER = re.compile(r"\+?\d(?:[\s().\-/]{0,2}\d){6,}")

# So much of a key in one piece is taken for the key; a shorter key must be there as a whole.
_KEY_PIECE = 10
_LOWER = {ord(letter): letter.lower() for letter in string.ascii_uppercase}

# Whatever follows /v3/contacts/ and is no route of its own names one contact (api-contract §6).
_IDENTIFIER = re.compile(r"(?<=/v3/contacts/)(?!(?:folders|lists|import|attributes)\b)[^/?\s]+")

HIDDEN = "***"


def masked(text: str) -> str:
    """Take addresses and long numbers out of a text, put it on one line and cap its length.

    :return: e.g. ``"Invalid email address [e-mail]"``.
    """
    line = " ".join(printable(excerpt(text)).split())
    line = _WORD.sub(_without_address, _QUOTED_LOCAL_PART.sub("", line))
    line = _NUMBER.sub("[number]", line)
    return line if len(line) <= _LONGEST and len(text) <= _EXCERPT else f"{line[:_LONGEST]}..."


def excerpt(text: str) -> str:
    """Cut a text to what is worth a look. A word that would be cut is left out, as its end may be telling."""
    if len(text) <= _EXCERPT:
        return text
    cut = text[:_EXCERPT]
    if not _WORD.match(text[_EXCERPT]):
        return cut
    ends = [found.start() for found in _WORD.finditer(cut)]
    return cut[: ends[-1]] if ends else cut


def printable(text: str) -> str:
    """Replace what a log or terminal may trip over: control characters, lone surrogates."""
    return "".join(c if c.isprintable() or c.isspace() else "\ufffd" for c in text)


def _without_address(word: re.Match[str]) -> str:
    return "[e-mail]" if _AT.search(word[0]) else word[0]


def key_hider(key: str) -> Callable[[str], str]:
    """Make a function that takes a key out of texts, and all that contains a good piece of it.

    A refusal may quote the key that was sent: as it is, cut, or encoded as in URLs, base64 or hexadecimal.

    :return: hides the key, e.g. ``"Key *** not found"``; long texts are cut.
    """
    raw = key.encode()
    size = min(_KEY_PIECE, len(key))
    forms = {quote(key, safe=""), raw.hex()}
    for shift in range(3):
        # Base64 takes three bytes at a time: what it makes of the key depends on what stands before it.
        encoded = base64.b64encode(b"\0" * shift + raw + b"\0" * 3).decode()
        known = encoded[-(-8 * shift // 6) : 8 * (shift + len(raw)) // 6]
        forms |= {known, known.replace("+", "-").replace("/", "_")}
    # A short key is looked for as it is only: pieces of what it is encoded to stand in other words, too.
    pieces = {
        form[start : start + size].translate(_LOWER)
        for form in ({key, *forms} if size == _KEY_PIECE else {key})
        for start in range(len(form) - size + 1)
    }

    def hide(text: str) -> str:
        whole = excerpt(text)
        lower = whole.translate(_LOWER)
        shown: list[str] = []
        end = 0
        for start in range(len(lower) - size + 1):
            if lower[start : start + size] in pieces:
                shown += [whole[end:start], HIDDEN] if start > end or not shown else []
                end = start + size
        return "".join([*shown, whole[end:]])

    return hide


class MaskIdentifiers(logging.Filter):
    """Keeps contacts, and what a server sent in place of headers, out of what ``urllib3`` logs.

    The API looks a contact up by a path that holds its e-mail address or phone number (api-contract §6), and
    a log level does not justify writing that down.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, with its arguments masked and without the error that quotes the server."""
        if isinstance(record.args, tuple):
            record.args = tuple(map(_without_identifier, record.args))
        record.exc_info = record.exc_text = None
        return True


def _without_identifier(value: object) -> object:
    if isinstance(value, Exception):
        return type(value).__name__
    return _IDENTIFIER.sub("{identifier}", value) if isinstance(value, str) else value
