"""The body of an answer, read as it arrives and never beyond a limit.

Knows the encodings that are asked for; must not know what a body means. What is decoded is counted, and not
only what travelled: a gzip of a megabyte may hold a gigabyte.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import requests

from email_contacts.api.attempt import Attempt, TooLarge

#: What may travel compressed. Everything else would be decoded by libraries that know no limit.
ACCEPT_ENCODING = "gzip"

_CHUNK_BYTES = 65_536
# What may have arrived before any of it is decoded.
_AHEAD_BYTES = 4 * _CHUNK_BYTES
# A byte that travels as a chunk of its own takes six. What takes more is extensions, trailers, empty members.
_MOST_FRAMING = 6


class Undecodable(Exception):
    """A body that is not encoded as was asked for."""


def read(response: requests.Response, attempt: Attempt, *, limit: int) -> bytes:
    """Read a body to its end.

    :param limit: bytes it may have, decoded.
    :raises TooLarge: when it has more.
    :raises Undecodable: when it cannot be decoded.
    """
    body = bytearray()
    for chunk in stream(response, attempt, limit=limit):
        body += chunk
    return bytes(body)


def stream(response: requests.Response, attempt: Attempt, *, limit: int) -> Iterator[bytes]:
    """Read a body piece by piece; parameters and errors as in :func:`read`."""
    attempt.may_receive(_AHEAD_BYTES)
    size = 0
    for chunk in _decoded(response):
        size += len(chunk)
        attempt.may_receive(_MOST_FRAMING * len(chunk))
        if size > limit:
            raise TooLarge(f"the answer is larger than {limit:,} bytes")
        yield chunk


def _decoded(response: requests.Response) -> Iterator[bytes]:
    chunks = response.raw.stream(_CHUNK_BYTES, decode_content=False)
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return iter(chunks)
    if encoding in ("gzip", "x-gzip"):
        return _unzipped(chunks)
    raise Undecodable("the answer has a content encoding that was not requested")


def _unzipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    unzip = zlib.decompressobj(wbits=31)  # with the header and checksum of gzip
    is_empty = True
    for chunk in chunks:
        rest, is_empty = chunk, False
        while rest:
            # One member, as every server sends it: a flood of empty ones would be costly to take apart.
            if unzip.eof:
                raise Undecodable("the answer has data after the end of its gzip stream")
            try:
                yield unzip.decompress(rest, _CHUNK_BYTES)
            except zlib.error:
                raise Undecodable("the answer is labelled gzip, but is not gzip") from None
            rest = unzip.unused_data if unzip.eof else unzip.unconsumed_tail
    if not (unzip.eof or is_empty):
        raise Undecodable("the answer's gzip ends early")
