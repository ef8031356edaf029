"""Kinds of files that are not read, recognised by their first bytes, with what to do about each.

Knows bytes only. Sources for the signatures: the formats' specifications, as collected by ``file(1)``.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

_UNPACK = "Unpack it first, or compress it with gzip or Zstandard."
_EXPORT = "Export it as CSV, NDJSON or Parquet."
_SAVE = "Save it as CSV (UTF-8), or as .xlsx."
# Control characters that no text has: tab, newline, form feed, return and escape are not among them.
_CONTROLS = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]")
_LOOKED_AT = 1 << 12
_MOSTLY = 8
# What may stand above the first statement of an SQL script.
_SQL_COMMENTS = rb"(\xef\xbb\xbf)?\s*((--[^\n]*\n|/\*((?!\*/).)*\*/;?)\s*)*"


@dataclass(frozen=True)
class OtherKind:
    """A kind of file that is not read.

    :param pattern: what a file of the kind begins with, a regular expression over bytes.
    :param name: what it is, with its article.
    :param advice: what to do.
    """

    pattern: bytes
    name: str
    advice: str


WORKBOOK = "an Excel workbook"
ZIP = rb"PK\x03\x04"
_KINDS = (
    OtherKind(rb"\x1f\x8b", "gzip-compressed twice", "Unpack it first."),
    OtherKind(rb"\x28\xb5\x2f\xfd", "Zstandard-compressed twice", "Unpack it first."),
    OtherKind(rb"\xfd7zXZ", "xz-compressed", _UNPACK),
    OtherKind(rb"BZh[1-9](1AY&SY|\x17\x72\x45\x38\x50\x90)", "bzip2-compressed", _UNPACK),
    OtherKind(rb"\x04\x22\x4d\x18", "LZ4-compressed", _UNPACK),
    OtherKind(rb"\xff\x06\x00\x00sNaPpY", "Snappy-compressed", _UNPACK),
    OtherKind(rb"\x1f\x9d", "compressed with compress", _UNPACK),
    OtherKind(rb"x[\x01\x9c\xda]", "compressed with zlib", _UNPACK),
    OtherKind(rb"LZIP\x01|\]\x00\x00[\x00-\x80]\x00", "compressed with LZMA", _UNPACK),
    OtherKind(rb"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    OtherKind(rb"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    OtherKind(rb".{257}ustar", "a tar archive", _UNPACK),
    OtherKind(rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis", "an OpenDocument file", _SAVE),
    OtherKind(
        rb"PK\x03\x04.{26}(\[Content_Types\]|_rels/|docProps/|xl/)",
        WORKBOOK,
        'Give source_format="xlsx", or let its name end in .xlsx.',
    ),
    OtherKind(ZIP, "a ZIP archive", _UNPACK),
    OtherKind(rb"\xd0\xcf\x11\xe0", "an old Excel workbook, or one with a password", _SAVE),
    OtherKind(rb"PAR1", "a Parquet file", 'Give source_format="parquet", or leave the format out.'),
    OtherKind(rb"Obj\x01", "an Avro file", _EXPORT),
    OtherKind(rb"ORC(?![\x09\x0a\x0d\x20-\x7e])|ORC\n[\x00-\x08]", "an ORC file", _EXPORT),
    OtherKind(rb"ARROW1|FEA1|\xff{4}..\x00\x00", "an Arrow (Feather) file", _EXPORT),
    OtherKind(rb"\$FL[23]@\(#\)", "an SPSS file", _EXPORT),
    OtherKind(rb"<stata_dta>|[\x6c-\x73][\x01\x02]\x01\x00", "a Stata file", _EXPORT),
    OtherKind(rb"\x00{12}\xc2\xea\x81\x60", "a SAS file", _EXPORT),
    OtherKind(rb"RD[AX][23]\n|[AX]\n\x00\x00\x00[\x02\x03]", "an R file", _EXPORT),
    OtherKind(rb"-----BEGIN PGP MESSAGE|\x85[\x01-\x04].\x03|Salted__", "encrypted", "Decrypt it first."),
    OtherKind(
        rb"SQLite format 3\x00", "a SQLite database", "Read it with a query, or export the table as CSV."
    ),
    OtherKind(rb"\x00\x01\x00\x00Standard (Jet|ACE) DB", "an Access database", _EXPORT),
    OtherKind(rb"\x89HDF", "an HDF5 file", _EXPORT),
    OtherKind(rb"\x80[\x02-\x05]", "a Python pickle", _EXPORT),
    OtherKind(rb"%PDF-", "a PDF document", _EXPORT),
    OtherKind(rb"\{\\rtf", "an RTF document", _EXPORT),
    OtherKind(rb"\x89PNG|GIF8|\xff\xd8\xff", "a picture", _EXPORT),
    OtherKind(
        rb"(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body|table|meta)\b",
        "an HTML page",
        f"Sign-in and error pages look like this, and so do some exports named .xls. {_SAVE}",
    ),
    OtherKind(rb"(\xef\xbb\xbf)?\s*<\?xml", "an XML document", _SAVE),
    OtherKind(
        _SQL_COMMENTS + rb"(INSERT\s+INTO\s+[\w`.\"\[]|(CREATE|DROP)\s+TABLE\s+[\w`.\"\[]|SET\s+[\w.@]+\s*=|"
        rb"BEGIN\s+TRANSACTION\b|COPY\s+[\w.\"]+\s*\([^()]*\)\s+FROM\s+STDIN\b)",
        "an SQL script",
        "Load it into a database and read that with a query, or export the table as CSV.",
    ),
    OtherKind(rb"(\xef\xbb\xbf)?\s*BEGIN:VCARD\b", "a vCard file", _EXPORT),
    OtherKind(rb"(\xef\xbb\xbf)?\s*BEGIN:VCALENDAR\b", "a calendar", _EXPORT),
)
_PATTERNS = [(re.compile(kind.pattern, re.DOTALL | re.IGNORECASE), kind) for kind in _KINDS]


def other_kind_of(head: bytes) -> OtherKind | None:
    """Return what a file is that is not read, or None when it may be text.

    :param head: the first bytes of it.
    """
    found = next((kind for pattern, kind in _PATTERNS if pattern.match(head)), None)
    if found is None and _CONTROLS.search(head[:_LOOKED_AT]) and not (_is_utf8(head) or _may_be_utf16(head)):
        return OtherKind(b"", "a binary file of an unknown kind", _EXPORT)
    return found


def _may_be_utf16(head: bytes) -> bool:
    """Return whether bytes may be UTF-16 or UTF-32: of ASCII, each other byte, or most of them, are null."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    few, many = sorted(head[first:_LOOKED_AT:2].count(0) for first in (0, 1))
    return many > _MOSTLY * few or 2 * (few + many) >= len(head[:_LOOKED_AT])


def _is_utf8(head: bytes) -> bool:
    """Return whether bytes are UTF-8, but for a character that is cut in two at their end."""
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return True
