"""Reads a reject report as it streams past, and keeps nothing of it.

Newer platforms say which rows of an import they refused by the URL of a CSV file (api-contract §2.3). Its
rows are personal data: they are counted, or handed on one at a time. Must not know routes or the API key.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping

import requests
from urllib3 import exceptions as urllib3_errors

from email_contacts.api.base_url import origin
from email_contacts.api.certainty import Break
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

_CHUNK_BYTES = 65_536


def fetch_row_count(session: requests.Session, url: str, *, base_url: str, timeout: float) -> int:
    """Stream a report and count its data rows; see :meth:`ContactsClient.count_report_rows`."""
    return sum(1 for _ in fetch_rows(session, url, base_url=base_url, timeout=timeout))


def fetch_rows(
    session: requests.Session, url: str, *, base_url: str, timeout: float
) -> Iterator[Mapping[str, str]]:
    """Stream a report's data rows; see :meth:`ContactsClient.report_rows`."""
    _check_report_url(url, base_url=base_url)
    try:
        # The platform's storage gets neither key nor JSON headers, and may not send us elsewhere.
        with session.get(url, stream=True, timeout=timeout, allow_redirects=False, auth=NoAuth()) as response:
            if response.status_code == 200:
                yield from read_rows(_lines(response.iter_content(_CHUNK_BYTES)))
                return
            failure = _error_for_status(response.status_code)
    except (requests.RequestException, urllib3_errors.HTTPError, OSError) as error:
        failure = Unavailable(f"the reject report could not be read: {Break.judge(error).reason}")
    except csv.Error as error:
        failure = UnexpectedAnswer(f"the rows of the reject report cannot be read: {error}")
    # Out here: errors of requests show the URL, which opens the report to whoever holds it.
    raise failure


def count_rows(lines: Iterable[str]) -> int:
    """Count the rows of a CSV text after its header line; blank lines are none.

    :param lines: with their line ends; a quoted value may run over several.
    :raises csv.Error: for text that is no CSV; the message shows none of it.
    """
    return sum(1 for _ in read_rows(lines))


def read_rows(lines: Iterable[str]) -> Iterator[Mapping[str, str]]:
    """Read the rows of a CSV text after its header line: column → cell. Blank lines are no rows.

    :param lines: with their line ends; a quoted value may run over several.
    :raises csv.Error: for text that is no CSV; the message shows none of it.
    """
    stream = iter(lines)
    first = next(stream, "").removeprefix("\ufeff")
    # A quote opens a value only right after the delimiter, so the wrong one would miscount.
    delimiter = max(";,\t", key=first.count)
    rows = csv.reader(_with_first(first, stream), delimiter=delimiter)
    header = next((row for row in rows if row), [])
    for row in rows:
        if row:
            yield dict(zip(header, row, strict=False))


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Cut a byte stream into lines; a byte that is not UTF-8 stays one letter, for a cell may hold any."""
    size = 0
    rest = b""
    for chunk in chunks:
        size += len(chunk)
        if size > MAX_REPORT_BYTES:
            raise csv.Error(f"it is larger than {MAX_REPORT_BYTES:,} bytes")
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode(errors="surrogateescape") + "\n"
    if rest:
        yield rest.decode(errors="surrogateescape")


def _with_first(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


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
