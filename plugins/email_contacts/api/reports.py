"""Reads a reject report as it streams past, and keeps nothing of it.

Newer platforms say which rows of an import they refused by the URL of a CSV file (api-contract §2.3). Its
rows are personal data: they are counted, or handed on one at a time. Must not know routes or the API key.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping

import requests

from email_contacts.api import downloads
from email_contacts.api.attempt import Attempt, TooLarge
from email_contacts.api.base_url import origin
from email_contacts.api.certainty import Break
from email_contacts.api.connections import Connections
from email_contacts.api.errors import (
    ContactsApiError,
    InvalidRequest,
    NotFound,
    Unavailable,
    UnexpectedAnswer,
)
from email_contacts.api.sessions import NoAuth

#: A report of more bytes is not read to its end. It holds at most the rows of one import, which as a file
#: that the platform fetches may have any size.
MAX_REPORT_BYTES = 1_000_000_000
#: A row has the cells of one contact; text without a line break has none.
MAX_ROW_BYTES = 1_000_000
#: Seconds for a whole report, however little of it comes at a time.
MAX_REPORT_SECONDS = 900.0

# What a CSV never begins with: the pages, documents and archives that are sent in its place.
_NO_CSV = (b"<", b"{", b"[", b"%PDF", b"PK\x03\x04", b"\x1f\x8b")
_LONGEST_MARK = max(map(len, _NO_CSV))
_BLANK = b"\xef\xbb\xbf \t\r\n"


class _NotACsv(Exception):
    """What came is something else; the message says why, and shows none of it."""


def fetch_row_count(
    connections: Connections, session: requests.Session, url: str, *, base_url: str, timeout: float
) -> int:
    """Stream a report and count its data rows; see :meth:`ContactsClient.count_report_rows`."""
    return sum(1 for _ in fetch_rows(connections, session, url, base_url=base_url, timeout=timeout))


def fetch_rows(
    connections: Connections, session: requests.Session, url: str, *, base_url: str, timeout: float
) -> Iterator[Mapping[str, str]]:
    """Stream a report's data rows; see :meth:`ContactsClient.report_rows`."""
    _check_report_url(url, base_url=base_url)
    attempt = Attempt(seconds=MAX_REPORT_SECONDS, idle=timeout)
    failure: ContactsApiError
    try:
        # The platform's storage gets neither key nor JSON headers, and may not send us elsewhere.
        headers = {"accept-encoding": downloads.ACCEPT_ENCODING}
        request = session.prepare_request(requests.Request("GET", url, headers=headers, auth=NoAuth()))
        settings = session.merge_environment_settings(url, {}, True, None, None)
        with connections.exchange(request, attempt, settings) as response:
            if response.status_code == 200:
                _check_label(response.headers.get("content-type", ""))
                chunks = downloads.stream(response, attempt, limit=MAX_REPORT_BYTES)
                yield from read_rows(_lines(_checked(chunks)))
                return
            failure = _error_for_status(response.status_code)
    except (_NotACsv, csv.Error, TooLarge, downloads.Undecodable) as error:
        failure = UnexpectedAnswer(f"the reject report cannot be read: {error}")
    except Exception as error:  # noqa: BLE001  whatever a library makes of what the other side sent
        failure = Unavailable(f"the reject report could not be read: {Break.judge(error).reason}")
    # Out here: errors of requests show the URL, which opens the report to anyone who has it.
    raise failure


def read_rows(lines: Iterable[str]) -> Iterator[Mapping[str, str]]:
    """Read the rows of a CSV text after its header line: column → cell. Blank lines are no rows.

    :param lines: with their line ends; a quoted value may run over several.
    :raises csv.Error: for text that is not CSV, or has a row that is too long; the message shows none of it.
    """
    stream = iter(lines)
    first = next(stream, "").removeprefix("\ufeff")
    # A quote opens a value only right after the delimiter, so the wrong one would miscount.
    delimiter = max(";,\t", key=first.count)
    bounded = _BoundedRows(first, stream)
    rows = csv.reader(bounded, delimiter=delimiter)
    header: list[str] = []
    for row in rows:
        bounded.size = 0
        if row and header:
            yield dict(zip(header, row, strict=False))
        header = header or row


class _BoundedRows:
    """Hands lines to the CSV reader, which would gather a row over any number of them."""

    def __init__(self, first: str, rest: Iterator[str]) -> None:
        self._first: str | None = first
        self._rest = rest
        self.size = 0

    def __iter__(self) -> _BoundedRows:
        return self

    def __next__(self) -> str:
        line, self._first = next(self._rest) if self._first is None else self._first, None
        self.size += len(line)
        if self.size > MAX_ROW_BYTES:
            raise csv.Error(f"a row is longer than {MAX_ROW_BYTES:,} characters")
        return line


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Cut a byte stream into lines; a byte that is not UTF-8 stays one letter, for a cell may hold any."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        if len(rest) > MAX_ROW_BYTES:
            raise csv.Error(f"a line is longer than {MAX_ROW_BYTES:,} bytes")
        for line in whole:
            yield line.decode(errors="surrogateescape") + "\n"
    if rest:
        yield rest.decode(errors="surrogateescape")


def _checked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Look at the beginning of a report: a login page would be counted as rejected rows."""
    begun = b""
    for chunk in chunks:
        begun += chunk
        if len(begun.lstrip(_BLANK)) >= _LONGEST_MARK or len(begun) > MAX_ROW_BYTES:
            break
    if begun.lstrip(_BLANK).startswith(_NO_CSV) or b"\0" in begun:
        raise _NotACsv("it is not a CSV file; the link may have expired")
    yield begun
    yield from chunks


def _check_label(content_type: str) -> None:
    kind = content_type.lower().partition(";")[0].strip()
    if kind.endswith(("html", "json", "xml")) or kind.startswith(("image/", "audio/", "video/", "font/")):
        raise _NotACsv("its content type is not CSV; the link may have expired")


def _check_report_url(url: str, *, base_url: str) -> None:
    try:
        here = origin(url)
    except ValueError:
        raise InvalidRequest("the report's address is not an http(s) URL") from None
    if here[0] != "https" and here != origin(base_url):
        raise InvalidRequest(
            f"the report on {here[1]} would travel unencrypted; reports are read over https, "
            "or from the platform itself"
        )


def _error_for_status(status: int) -> ContactsApiError:
    if status in (403, 404, 410):
        return NotFound(f"the reject report is gone (status {status}); such links expire", status=status)
    if status == 429 or status >= 500:
        return Unavailable(f"the reject report could not be read: status {status}", status=status)
    return UnexpectedAnswer(f"the reject report was answered with status {status}", status=status)
