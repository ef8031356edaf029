"""The text of a file as UTF-8 bytes that can be taken in blocks or line by line, in turn.

Knows bytes, lines and encodings; nothing of cells.
"""

from __future__ import annotations

from email_contacts.contacts.paths import AnyPath
from email_contacts.contacts.sources.compression import open_bytes
from email_contacts.contacts.sources.encoding import HEAD_BYTES, AsUtf8, encoding_of

BLOCK_BYTES = 1 << 21
_AS_THEY_ARE = ("utf-8", "utf-8-sig", "ascii")
_LINES_PEEKED_AT = 20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class LineFeed:
    """An opened file.

    :param source: the file.
    :param encoding: a codec's name; None for what the byte order mark says, else UTF-8.
    :raises PreparationError: as ``encoding_of`` does.
    """

    def __init__(self, source: AnyPath, *, encoding: str | None) -> None:
        file = open_bytes(source)
        try:
            head = file.read(HEAD_BYTES)
            self.encoding = encoding_of(head, given=encoding, name=source.name)
        except BaseException:
            file.close()
            raise
        self._file = file if self.encoding in _AS_THEY_ARE else AsUtf8(file, head, encoding=self.encoding)
        if self.encoding not in _AS_THEY_ARE:
            head = b""
        elif self.encoding == "utf-8-sig":
            head = head.removeprefix(_BYTE_ORDER_MARK)
        self._is_ascii = self.encoding == "ascii"
        self._buffer, self._at, self._rest = head, 0, b""
        self._is_last = False
        self.offset = 0
        self.line = 0

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def pending(self) -> bytes:
        """What was read and not taken yet; at the file's end a newline that is missing is added."""
        if self._at:
            self._buffer, self._at = self._buffer[self._at :], 0
        return self._buffer

    def peek_lines(self) -> list[str]:
        """Return the first lines without taking them, as far as they are text; for advice only."""
        if not self._buffer:
            self.grow()
        return self._buffer[:HEAD_BYTES].decode("utf-8", "replace").splitlines()[:_LINES_PEEKED_AT]

    def fill(self, blocks: int = 1) -> bool:
        """Read on unless some blocks are pending; tell whether anything is."""
        while True:
            lacking = blocks * BLOCK_BYTES - (len(self._buffer) - self._at) - len(self._rest)
            if lacking <= 0 or not self.grow(lacking):
                break
        return len(self._buffer) > self._at

    def grow(self, size: int | None = None) -> bool:
        """Read on; tell whether there was more."""
        if self._is_last:
            return False
        block = self._file.read(BLOCK_BYTES if size is None else size)
        pending, rest = self.pending, self._rest
        # The start of a line waits for its end: so whole lines need not be copied to be cut off.
        end = block.rfind(b"\n") + 1 or len(block)
        if not block:
            self._is_last = True
            last = rest or pending
            block = b"\n" if last and not last.endswith((b"\n", b"\r")) else b""
            end = len(block)
        self._buffer, self._rest = b"".join((pending, rest, memoryview(block)[:end])), block[end:]
        return len(self._buffer) > len(pending)

    def skip(self, count: int, *, lines: int) -> None:
        """Take bytes that were pending.

        :param lines: newlines in them; lone carriage returns end lines as well, but such blocks are not
            skipped.
        """
        self.line += lines
        self._at += count
        self.offset += count

    def read_line(self, most: int) -> str:
        r"""Take a line with its end, which is ``\n``, ``\r\n`` or ``\r``.

        :param most: characters; of a longer line only its start, which is longer than this, is taken.
        :return: an empty text at the end of the file.
        :raises UnicodeDecodeError: when the bytes are not in the encoding.
        """
        end = self._line_end()
        while end < 0 and len(self._buffer) - self._at <= 4 * most and self.grow():
            end = self._line_end()
        stop = end if end >= 0 else len(self._buffer)
        # Where the line is cut short, so may be its last character.
        errors = "strict" if end >= 0 or self._is_last else "ignore"
        line = self._buffer[self._at : stop].decode("ascii" if self._is_ascii else "utf-8", errors)
        self.line += bool(line)
        self.offset += stop - self._at
        self._at = stop
        return line

    def _line_end(self) -> int:
        """Find the end of the first pending line, or -1 while it is not there."""
        newline = self._buffer.find(b"\n", self._at)
        lone = self._buffer.find(b"\r", self._at, newline if newline >= 0 else len(self._buffer))
        if lone < 0 or lone + 1 == newline:
            return newline + 1 or -1
        if lone + 1 < len(self._buffer):
            return lone + 1
        return lone + 1 if self._is_last else -1
