"""Which characters a source's bytes are: said by the caller or by a byte order mark, never guessed.

Knows bytes and encodings, not what the text says.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import contextmanager

from email_contacts.contacts.errors import InvalidOption, SourceUndecodable, SourceUnreadable
from email_contacts.contacts.paths import AnyPath
from email_contacts.contacts.sources.compression import open_bytes

HEAD_BYTES = 1 << 16
_BLOCK = 1 << 18
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", ("utf-8", "utf-8-sig")),
    (codecs.BOM_UTF16_LE, "utf-16", ("utf-16", "utf-16-le")),
    (codecs.BOM_UTF16_BE, "utf-16", ("utf-16", "utf-16-be")),
)
_NOT_TEXT = (
    (b"\x1f\x8b", "gzip-compressed twice", "Unpack it first."),
    (b"\x28\xb5\x2f\xfd", "Zstandard-compressed twice", "Unpack it first."),
    (b"\xfd7zXZ", "xz-compressed", "Unpack it first, or compress it with gzip or Zstandard."),
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook", "Save it as CSV (UTF-8) first."),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "Save it as CSV (UTF-8) first."),
    (b"PAR1", "a Parquet file", 'Give source_format="parquet", or leave the format out.'),
)


def encoding_of(head: bytes, *, given: str | None, name: str) -> str:
    """Say how to decode a source.

    :param head: the first bytes of it.
    :param given: what the caller says, or None: then the byte order mark decides, else it is UTF-8.
    :param name: the source's name, for messages.
    :return: a codec's name; one that removes the byte order mark when there is one.
    :raises SourceUnreadable: when the bytes are no text: compressed, a workbook, Parquet.
    :raises InvalidOption: when no such encoding exists, or the byte order mark says otherwise.
    """
    for magic, kind, mend in _NOT_TEXT:
        if head.startswith(magic):
            raise SourceUnreadable(f"{name} is {kind}, not text. {mend}")
    wanted = None if given is None else _codec_name(given)
    for mark, codec, spellings in _MARKS:
        if head.startswith(mark):
            if wanted not in (None, *spellings):
                raise InvalidOption(
                    f'encoding="{given}" does not fit {name}: it begins with the byte order mark of '
                    f"{spellings[0]}. Leave the encoding out, or give {spellings[0]}."
                )
            return codec
    return wanted or "utf-8"


def _codec_name(given: str) -> str:
    try:
        info = codecs.lookup(given)
    except (LookupError, ValueError) as error:
        raise InvalidOption(
            f'encoding="{given}" is not known. Usual ones are "utf-8", "cp1252" and "utf-16".'
        ) from error
    # Python also registers codecs between bytes and bytes ("zip") and text and text ("rot13").
    if not getattr(info, "_is_text_encoding", True):
        raise InvalidOption(
            f'encoding="{given}" is not an encoding of text. Usual ones are "utf-8", "cp1252".'
        )
    return info.name


@contextmanager
def undecodable_bytes_named(source: AnyPath, encoding: str) -> Iterator[None]:
    """Turn a decoding error inside into one that names line and byte.

    :raises SourceUndecodable: in place of any UnicodeDecodeError. The cause is cut off: it carries the
        bytes, which are somebody's data.
    """
    try:
        yield
    except UnicodeDecodeError:
        raise _undecodable(source, encoding) from None


def _undecodable(source: AnyPath, encoding: str) -> SourceUndecodable:
    """Read again from the start to find the place: the decoder itself only knows its own buffer."""
    # The mark itself decodes well in plain UTF-8, and the positions then count from the file's start.
    codec = "utf-8" if encoding == "utf-8-sig" else encoding
    decoder = codecs.getincrementaldecoder(codec)()
    line, offset = 1, 0
    with open_bytes(source) as file:
        while True:
            block = file.read(_BLOCK)
            pending = len(decoder.getstate()[0])
            try:
                line += decoder.decode(block, final=not block).count("\n")
            except UnicodeDecodeError as error:
                good = error.object[: error.start]
                at = offset - pending + error.start
                line += good.decode(codec, errors="ignore").count("\n")
                return SourceUndecodable(
                    f"{source.name} is not {encoding.removesuffix('-sig')}: line {line} holds the byte "
                    f"0x{error.object[error.start]:02X} at offset {at}. {_other_encoding(encoding)}"
                )
            if not block:
                return SourceUndecodable(f"{source.name} is not {encoding}. It changed while it was read.")
            offset += len(block)


def _other_encoding(tried: str) -> str:
    if tried.startswith("utf"):
        return 'If it was saved by Excel or on Windows, give encoding="cp1252".'
    return "Give the encoding in which it was saved, or save it as UTF-8."
