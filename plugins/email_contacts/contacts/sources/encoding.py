"""Which characters a source's bytes are: said by the caller or by a byte order mark, never guessed.

Knows bytes and encodings, not what the text says.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from email_contacts.contacts.errors import InvalidOption, SourceUndecodable, SourceUnreadable
from email_contacts.contacts.paths import AnyPath
from email_contacts.contacts.sources.compression import RawStream, open_bytes
from email_contacts.contacts.sources.other_kinds import other_kind_of

HEAD_BYTES = 1 << 16
_BLOCK = 1 << 18
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", ("utf-8", "utf-8-sig")),
    (codecs.BOM_UTF32_LE, "utf-32", ("utf-32", "utf-32-le")),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32", ("utf-32", "utf-32-be")),
    (codecs.BOM_UTF16_LE, "utf-16", ("utf-16", "utf-16-le")),
    (codecs.BOM_UTF16_BE, "utf-16", ("utf-16", "utf-16-be")),
)
_IN_EITHER_ORDER = ("utf-16", "utf-32")
_JSON_BEGINS = (b"{", b"[", b" ", b"\t", b"\r", b"\n")
_BAD_LINES_NAMED = 5
_LONGEST_LINE = 1 << 24
_USUAL_OTHER = "cp1252"
_ASCII, _BEYOND_ASCII = bytes(range(0x80)), bytes(range(0x80, 0x100))
_LATIN, _CONTROLS_OF_LATIN = ("iso8859-1", "iso8859-15"), bytes(range(0x80, 0xA0))
# Letters of Western Europe stand alone or in pairs; those of other alphabets, and of UTF-8, in a row.
_NOT_WESTERN = re.compile(rb"[\x80-\xff]{3}").search


def encoding_of(head: bytes, *, given: str | None, name: str) -> str:
    """Return how to decode a source.

    :param head: the first bytes of it.
    :param given: what the caller says, or None: then the byte order mark decides, else it is UTF-8.
    :param name: the source's name, for messages.
    :return: a codec's name; one that removes the byte order mark when there is one.
    :raises SourceUnreadable: when the bytes are no text: compressed, a workbook, Parquet.
    :raises InvalidOption: when no such encoding exists, or the byte order mark says otherwise or is missing.
    """
    other = other_kind_of(head)
    wanted = None if given is None else _codec_name(given)
    # In UTF-16 any bytes may be letters: what is known by nothing but its bytes is what the caller says.
    if other is not None and (other.pattern or not (wanted or "").startswith(_IN_EITHER_ORDER)):
        raise SourceUnreadable(f"{name} is {other.name}, not text. {other.advice}")
    for mark, codec, spellings in _MARKS:
        if head.startswith(mark):
            if wanted not in (None, *spellings):
                raise InvalidOption(
                    f'encoding="{given}" does not fit {name}: it begins with the byte order mark of '
                    f"{spellings[0]}. Leave the encoding out, or give {spellings[0]}."
                )
            return codec
    if wanted in _IN_EITHER_ORDER and head:
        raise InvalidOption(
            f'encoding="{given}" does not fit {name}: it begins without a byte order mark, and does not tell '
            f'the order of its bytes. Give "{wanted}-le", as on Windows, or "{wanted}-be".'
        )
    if wanted is not None and not head.isascii() and _has_single_bytes(wanted):
        _check_single_bytes(head, wanted, f'encoding="{given}" does not fit {name}')
    return wanted or "utf-8"


def _has_single_bytes(codec: str) -> bool:
    """Say whether each byte is a character, and those of ASCII are its own."""
    try:
        beyond = _BEYOND_ASCII.decode(codec, "replace")
        # Of an encoding of several bytes, as UTF-8, hardly any of them is one alone, and each is replaced.
        are_letters = beyond.count("\ufffd") * 2 < len(beyond) == len(_BEYOND_ASCII)
        return are_letters and _ASCII.decode(codec) == _ASCII.decode()
    except UnicodeError:
        return False


def _check_single_bytes(head: bytes, codec: str, fault: str) -> None:
    """Refuse an encoding to which any bytes are some text or other, where they are certainly another text.

    :raises InvalidOption: when they are UTF-8, or what Latin-1 has no letters for.
    """
    lines = head.splitlines()
    lines = [line for line in lines[:-1] or lines if not line.isascii()]  # the last may be cut within
    if sum(_fits(line, "utf-8") for line in lines) * 2 > len(lines):
        raise InvalidOption(
            f'{fault}: it is UTF-8, of which "\u00fc" would become "\u00c3\u00bc". Leave the encoding out.'
        )
    if codec in _LATIN and any(byte in head for byte in _CONTROLS_OF_LATIN):
        raise InvalidOption(
            f"{fault}: it holds bytes that are control characters there. Give the encoding in which it was "
            f'saved, such as "{_USUAL_OTHER}" on Windows.'
        )


def utf_16_of_json(head: bytes) -> str | None:
    """Return which UTF-16 a JSON text is, None where it is none: JSON begins in ASCII, without null bytes.

    :param head: the first bytes of it.
    """
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    first, second = head[:1], head[1:2]
    if first in _JSON_BEGINS and second == b"\0":
        return "utf-16-le"
    return "utf-16-be" if first == b"\0" and second in _JSON_BEGINS else None


class AsUtf8:
    """A text of another encoding as UTF-8.

    :param file: opened for reading bytes.
    :param head: what was read of it already.
    :param encoding: a codec's name.
    """

    def __init__(self, file: BinaryIO, head: bytes, *, encoding: str) -> None:
        raw = io.BufferedReader(RawStream(file, head), HEAD_BYTES)
        # newline="" leaves line ends as they are.
        self._text = io.TextIOWrapper(raw, encoding=encoding, newline="")

    def read(self, characters: int) -> bytes:
        """Read on; fewer characters only at the end.

        :raises UnicodeDecodeError: when the bytes are not in the encoding.
        """
        return self._text.read(characters).encode()

    def close(self) -> None:
        """Close the file."""
        self._text.close()


def _codec_name(given: str) -> str:
    try:
        info = codecs.lookup(given)
    except (LookupError, TypeError, ValueError) as error:
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

    :raises SourceUndecodable: in place of any UnicodeError. The cause is cut off: it carries the
        bytes, which are somebody's data.
    """
    try:
        yield
    except UnicodeError:
        raise _undecodable(source, encoding) from None


def _undecodable(source: AnyPath, encoding: str) -> SourceUndecodable:
    """Read again from the start to find the places: the decoder itself only knows its own buffer."""
    if encoding in ("utf-8", "utf-8-sig"):
        return _bad_lines(source)
    decoder = codecs.getincrementaldecoder(encoding)()
    line, offset = 1, 0
    with open_bytes(source) as file:
        while True:
            block = file.read(_BLOCK)
            pending = len(decoder.getstate()[0])
            try:
                line += decoder.decode(block, final=not block).count("\n")
            except UnicodeError as error:
                if not isinstance(error, UnicodeDecodeError):
                    return SourceUndecodable(
                        f"{source.name} is not {encoding}, from line {line} on. "
                        "Give the encoding in which it was saved, or save it as UTF-8."
                    )
                good = error.object[: error.start]
                at = offset - pending + error.start
                line += good.decode(encoding, errors="ignore").count("\n")
                return SourceUndecodable(
                    f"{source.name} is not {encoding}: line {line} holds the byte "
                    f"0x{error.object[error.start]:02X} at offset {at}. "
                    "Give the encoding in which it was saved, or save it as UTF-8."
                )
            if not block:
                return SourceUndecodable(f"{source.name} is not {encoding}. It changed while it was read.")
            offset += len(block)


def _bad_lines(source: AnyPath) -> SourceUndecodable:
    """Count the lines that are not UTF-8, and find out whether the others need it."""
    number = bad = 0
    first: list[int] = []
    has_good, fits = False, True
    with open_bytes(source) as file:
        for line in _lines(file):
            number += 1
            try:
                line.decode()
                has_good = has_good or not line.isascii()
            except UnicodeDecodeError:
                bad += 1
                fits = fits and _fits(line, _USUAL_OTHER) and not _NOT_WESTERN(line)
                if len(first) < _BAD_LINES_NAMED:
                    first.append(number)
    if not bad:
        return SourceUndecodable(f"{source.name} is not UTF-8. It changed while it was read.")
    if has_good:
        advice = (
            "Other lines are well-formed UTF-8 with letters beyond ASCII, so the file is mixed, and another "
            "encoding would change the good ones: fix the bad lines, or remove them."
        )
    elif fits:
        advice = f'If it was saved by Excel or on Windows in Western Europe, give encoding="{_USUAL_OTHER}".'
    else:
        advice = "Give the encoding in which it was saved, or save it as UTF-8."
    return SourceUndecodable(
        f"{source.name} is not UTF-8 in {bad:,} of its {number:,} lines ({_listed(first, bad)}). {advice}"
    )


def _listed(lines: Sequence[int], count: int) -> str:
    """Say ``line 22``, ``lines 2 and 3`` or ``lines 2, 3, 5, 8, 9 and 12 more``."""
    if count == 1:
        return f"line {lines[0]:,}"
    last = f"{count - len(lines):,} more" if count > len(lines) else f"{lines[-1]:,}"
    shown = lines if count > len(lines) else lines[:-1]
    return f"lines {', '.join(f'{line:,}' for line in shown)} and {last}"


def _fits(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Cut a stream into lines, and a line without an end into pieces of a block each."""
    pending = b""
    while block := file.read(_BLOCK):
        *lines, pending = (pending + block).splitlines(keepends=True)
        yield from lines
        if len(pending) > _LONGEST_LINE:
            yield pending
            pending = b""
    if pending:
        yield pending
