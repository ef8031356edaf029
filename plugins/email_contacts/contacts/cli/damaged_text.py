"""Text that carries what an export put around it or did to it: encoded twice, HTML, backslashes, quotes.

Knows the text cells of one column, and shows none. Such text is valid and would be sent as it is, so that
people would be greeted by ``Zo&euml;``; what it was meant to be is for the export to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from html.entities import html5

from email_contacts.contacts.sources.csv_header import OTHER_QUOTES

WRAPPED_SHARE = 0.2  # a nickname or a slogan may stand in quotes, a whole column does not
_LOST = "\ufffd"
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|([A-Za-z][A-Za-z0-9]{1,31}));").finditer
_TAG = re.compile(r"</?(?:a|b|br|div|em|font|i|p|span|strong|u)(?:\s[^<>]*)?/?>", re.IGNORECASE).search
_ESCAPE = re.compile(r"\\(?:[bfnrtv\\'\"]|u[0-9A-Fa-f]{4})").search
# Letters of MS-DOS (cp850: K”ln) and of old Macs (mac_roman: MŸller) that were read as those of Windows.
_OF_ANOTHER_PAGE = re.compile(r"[^\W\d_][„”‚ˆ‡¤¡¢][^\W\d_]|[^\W\d_][ŠŽŸ][a-z]").search
_QUOTES = ('""', *OTHER_QUOTES)


def damages(texts: Sequence[str]) -> Iterator[str]:
    """Say what an export seems to have done to text.

    :param texts: the cells of a column that are text and not empty.
    """
    for is_damaged, look, advice in _DAMAGES:
        if count := sum(map(is_damaged, texts)):
            cells = f"1 cell {look[0]}" if count == 1 else f"{count:,} cells {look[1]}"
            yield f"{cells}, and would be sent so. {advice}"
    wrapped = sum(map(_is_wrapped, texts))
    if wrapped > WRAPPED_SHARE * len(texts):
        yield (
            f"{wrapped:,} of {len(texts):,} cells stand in quotes, which would be sent. "
            'Export them without, or with " around the cells of a CSV.'
        )


def _is_encoded_twice(text: str) -> bool:
    """Say whether the characters of a text, taken as bytes, are text in UTF-8: ``Ã¼`` for ``ü``."""
    if text.isascii():
        return False
    for codec in ("cp1252", "latin-1"):
        try:
            text.encode(codec).decode("utf-8")
        except UnicodeError:
            continue
        return True
    return False


def _is_of_another_page(text: str) -> bool:
    return not text.isascii() and _OF_ANOTHER_PAGE(text) is not None


def _has_lost_letters(text: str) -> bool:
    return _LOST in text


def _has_html(text: str) -> bool:
    named = (found[1] for found in _REFERENCE(text))
    return any(name is None or f"{name};" in html5 for name in named) or _TAG(text) is not None


def _has_escapes(text: str) -> bool:
    return _ESCAPE(text) is not None


def _is_wrapped(text: str) -> bool:
    return len(text) > len("''") and text[0] + text[-1] in _QUOTES


_DAMAGES: tuple[tuple[Callable[[str], bool], tuple[str, str], str], ...] = (
    (
        _is_encoded_twice,
        ("looks encoded twice (Ã¼ for ü)", "look encoded twice (Ã¼ for ü)"),
        "Export the file again, as UTF-8.",
    ),
    (
        _is_of_another_page,
        ("has a sign in the place of a letter (K”ln)", "have signs in the place of letters (K”ln)"),
        "Give the encoding in which it was saved, such as cp850 or mac_roman; or export it as UTF-8.",
    ),
    (
        _has_lost_letters,
        ("has U+FFFD in the place of a letter that was lost", "have U+FFFD in the place of lost letters"),
        "Export the file again, as UTF-8.",
    ),
    (_has_html, ("holds HTML (&amp; or a tag)", "hold HTML (&amp; or tags)"), "Export the plain text."),
    (
        _has_escapes,
        (r"holds a backslash escape (\n)", r"hold backslash escapes (\n)"),
        'Export as CSV with " around the cells, which needs none.',
    ),
)
