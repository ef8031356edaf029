"""A staged CSV that the platform fetches itself, of any size: what it is, and a few rows of it.

Knows where the preparation wrote it and what its manifest says; must not import Airflow, and never reads the
file whole into memory. How an address for the platform is made of it is the caller's business.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from email_contacts.imports.submission.batch_rows import DELIMITER, csv_rows, identifiers_of, rows_in

if TYPE_CHECKING:
    from email_contacts.contacts.paths import AnyPath
    from email_contacts.contacts.staging.manifest import Batch

_CHUNK_BYTES = 1 << 20
# What is read at each place that a sample is taken from; a prepared row is far shorter.
_WINDOW_BYTES = 64 << 10


@dataclass(frozen=True)
class StagedFile:
    """A CSV in UTF-8, separated by semicolons, with a header line.

    :param path: where it is.
    :param fingerprint: SHA-256 of its bytes, hexadecimal.
    :param contacts: how many it holds; None where no manifest says so.
    """

    path: AnyPath
    fingerprint: str
    contacts: int | None = None

    @classmethod
    def at(cls, path: AnyPath) -> StagedFile:
        """Find out what a file is: from the manifest next to it, or by reading it through once."""
        batch = _in_manifest(path)
        if batch is not None:
            return cls(path, batch.fingerprint, batch.contacts)
        return cls(path, _hashed(path))

    def rows(self) -> Iterator[Mapping[str, str]]:
        """Walk all its rows, a block at a time."""
        return cast("Iterator[Mapping[str, str]]", rows_in(self.path))

    def sample(self, places: int) -> Iterator[Mapping[str, str]]:
        """Walk a row from each of some places, spread over the file; fewer where none can be told apart.

        Reading that starts amid a file may start inside a quoted cell. Only a line that has no quote, as many
        cells as the header and an e-mail address, if it has the column, is taken for a row.
        """
        size = _size(self.path)
        head = _text(_read(self.path, 0, _WINDOW_BYTES))
        if size <= _WINDOW_BYTES:
            rows = list(csv_rows(io.StringIO(head, newline="")))
            last = len(rows) - 1
            yield from rows if last < places else (rows[one * last // (places - 1)] for one in range(places))
            return
        header = next(csv.reader([head.partition("\n")[0]], delimiter=DELIMITER), [])
        for place in range(places):
            start = place * (size - _WINDOW_BYTES) // (places - 1)
            text = _text(_read(self.path, start, _WINDOW_BYTES))
            # The first line is the header, or cut; the last one may be cut, too.
            lines = text.split("\n")[1:-1]
            if (row := next(_plain_rows(lines, header), None)) is not None:
                yield row


def _plain_rows(lines: list[str], header: list[str]) -> Iterator[Mapping[str, str]]:
    for line in lines:
        cells = line.rstrip("\r").split(DELIMITER)
        if '"' in line or len(cells) != len(header):
            continue
        row = dict(zip(header, cells, strict=True))
        named = identifiers_of(row)
        if named and "@" in named.get("EMAIL", "@"):
            yield row


def _in_manifest(path: AnyPath) -> Batch | None:
    from email_contacts.contacts.errors import NotAManifest
    from email_contacts.contacts.staging.manifest import Manifest
    from email_contacts.contacts.staging.stage import MANIFEST

    try:
        manifest = Manifest.read(cast("Any", path).parent / MANIFEST)
    except NotAManifest:
        return None
    named = [batch for batch in manifest.batches if batch.uri.rpartition("/")[2] == path.name]
    return named[0] if len(named) == 1 else None


def _hashed(path: AnyPath) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _size(path: AnyPath) -> int:
    return int(cast("Any", path).stat().st_size)


def _read(path: AnyPath, start: int, length: int) -> bytes:
    """Read so many bytes and no more: an object store's file would read megabytes ahead."""
    fs = getattr(path, "fs", None)
    if fs is not None:
        return bytes(fs.cat_file(cast("Any", path).path, start=start, end=start + length))
    with path.open("rb") as file:
        file.seek(start)
        return bytes(file.read(length))


def _text(window: bytes) -> str:
    return window.decode("utf-8", errors="replace")
