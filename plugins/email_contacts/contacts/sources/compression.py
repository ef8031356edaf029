"""Opening a source's bytes, unpacked where they are gzip or Zstandard.

Knows bytes and their first four; not what they say. Compressed bytes are recognised by what they begin
with, never by a name: stores and browsers unpack files without renaming them.

Memory stays bounded for any unpacked size. A stream that ends early is an error, never the end of the
file: the standard library says so for gzip; for Zstandard pyarrow does, where ``zstandard``'s own reader
takes the end of the bytes for the end of the data.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, cast

from email_contacts.contacts.errors import SourceUnreadable
from email_contacts.contacts.paths import AnyPath, local_path

GZIP, ZSTANDARD = "gzip", "Zstandard"
SUFFIXES = (".gz", ".gzip", ".zst", ".zstd")
_MAGIC = {b"\x1f\x8b": GZIP, b"\x28\xb5\x2f\xfd": ZSTANDARD}
_BUFFER = 1 << 18


def open_raw(source: AnyPath) -> io.BufferedReader:
    """Open a source's bytes as they are, past ``fsspec`` when it is on a local disk."""
    local = local_path(source)
    if local is not None:
        return io.BufferedReader(io.FileIO(local), _BUFFER)
    return io.BufferedReader(RawStream(source.open("rb")), _BUFFER)


def open_bytes(source: AnyPath) -> BinaryIO:
    """Open a source for reading, unpacked.

    :param source: the file.
    :return: a buffered stream. Reading it raises ``SourceUnreadable`` when what is packed is damaged or ends
        too early.
    """
    file = open_raw(source)
    kind = compression_of(file)
    if kind is None:
        return file
    return io.BufferedReader(_Unpacked(file, kind, name=source.name), _BUFFER)


def compression_of(file: io.BufferedReader) -> str | None:
    """Return how a stream is compressed, by its first bytes; they stay to be read."""
    head = file.peek(4)
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)


def uncompressed_name(name: str) -> str:
    """Return a file's name without the ending that says it is compressed."""
    lower = name.lower()
    return next((name[: -len(suffix)] for suffix in SUFFIXES if lower.endswith(suffix)), name)


class RawStream(io.RawIOBase):
    """Any file object as a raw stream: object stores' files are not all of ``io``'s classes.

    :param file: opened for reading.
    :param head: what was read of it already, and comes first.
    """

    def __init__(self, file: BinaryIO, head: bytes = b"") -> None:
        self._file = file
        self._head = head

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill a buffer."""
        if self._head:
            block, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
        else:
            block = self._file.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            self._file.close()
        super().close()


class _Unpacked(io.RawIOBase):
    """What a compressed stream unpacks to."""

    def __init__(self, packed: BinaryIO, kind: str, *, name: str) -> None:
        self._packed = packed
        self._kind = kind
        self._name = name
        self._stream: Any = _UNPACKERS[kind](packed)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            return cast("int", self._stream.readinto(buffer))
        except EOFError:
            raise self._ended_early() from None
        except (gzip.BadGzipFile, zlib.error):
            raise self._damaged() from None
        except OSError as error:
            # An error of pyarrow's own is a bare OSError; one of the disk or the network has a number.
            if type(error) is not OSError or error.errno is not None:
                raise
            raise (self._ended_early() if "Truncated" in str(error) else self._damaged()) from None

    def close(self) -> None:
        if not self.closed:
            self._packed.close()
        super().close()

    def _ended_early(self) -> SourceUnreadable:
        return SourceUnreadable(
            f"{self._name} is truncated: its {self._kind} data ends too early. Copy it again, or have it "
            "written again; rows may be missing."
        )

    def _damaged(self) -> SourceUnreadable:
        return SourceUnreadable(
            f"{self._name} is damaged: its {self._kind} data cannot be unpacked. Copy it again, or have it "
            "written again."
        )


def _gzip(packed: BinaryIO) -> Any:
    return gzip.GzipFile(fileobj=packed, mode="rb")


def _zstandard(packed: BinaryIO) -> Any:
    import pyarrow as pa

    return pa.CompressedInputStream(pa.PythonFile(packed, mode="r"), "zstd")


_UNPACKERS: dict[str, Callable[[BinaryIO], Any]] = {GZIP: _gzip, ZSTANDARD: _zstandard}
