"""Answers that never end, or take more than they may: what a hostile server plays."""

from __future__ import annotations

import gzip
import itertools
import time
import zlib
from collections.abc import Iterable, Iterator

from tests.api.scripted_server import Play, _Handler

CHUNKED = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
UNTIL_CLOSED = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n"
BLOCK = b" " * 65_536
#: Far beyond every limit, so that a client that knows none fills its memory visibly, and the test ends.
FLOOD = 3000


def sends(*parts: bytes | Iterable[bytes], slowly: bool = False) -> Play:
    """Send these bytes, one after the other, until the client has gone; slowly: a byte now and then."""

    def play(handler: _Handler) -> None:
        handler.close_connection = True
        for part in parts:
            for block in [part] if isinstance(part, bytes) else part:
                for piece in _bytes(block) if slowly else [block]:
                    if handler.server.stopping.is_set():
                        return
                    handler.wfile.write(piece)
                    if slowly:
                        time.sleep(0.02)

    return play


def _bytes(block: bytes) -> Iterator[bytes]:
    return (block[place : place + 1] for place in range(len(block)))


def coded(encoding: str, body: bytes, *, status: int = 200) -> bytes:
    """An answer with a body in some encoding."""
    head = f"HTTP/1.1 {status} OK\r\ncontent-type: application/json\r\ncontent-encoding: {encoding}\r\n"
    return head.encode() + f"content-length: {len(body)}\r\n\r\n".encode() + body


def forever(block: bytes) -> Iterator[bytes]:
    return itertools.repeat(block)


def flood(block: bytes) -> list[bytes]:
    """A list, since an iterator would be exhausted for the next test that plays it."""
    return [block] * FLOOD


def chunks(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


SLOW: dict[str, Play] = {
    "status line": sends(b"HTTP/1.1 200 ", forever(b"O"), slowly=True),
    "header": sends(b"HTTP/1.1 200 OK\r\nx: ", forever(b"a"), slowly=True),
    "100 Continue": sends(forever(b"HTTP/1.1 100 Continue\r\n\r\n"), slowly=True),
    "body": sends(UNTIL_CLOSED, forever(b" "), slowly=True),
    "body with a length": sends(
        b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n", forever(b" "), slowly=True
    ),
    "chunks": sends(CHUNKED, forever(chunks(b" ")), slowly=True),
    "trailers": sends(CHUNKED, chunks(b"{}"), b"0\r\n", forever(b"x: y\r\n"), slowly=True),
    "body of a refusal": sends(UNTIL_CLOSED.replace(b"200", b"400"), forever(b" "), slowly=True),
}

LARGE: dict[str, Play] = {
    "status line": sends(b"HTTP/1.1 200 ", flood(BLOCK)),
    "header line": sends(b"HTTP/1.1 200 OK\r\nx: ", flood(BLOCK)),
    "headers": sends(b"HTTP/1.1 200 OK\r\n", flood(b"x: y\r\n")),
    "large headers": sends(b"HTTP/1.1 200 OK\r\n", [b"x: " + b"y" * 60_000 + b"\r\n"] * 99, b"\r\n{}"),
    "100 Continue": sends(flood(b"HTTP/1.1 100 Continue\r\nx: y\r\n\r\n" * 100)),
    "body": sends(UNTIL_CLOSED, flood(BLOCK)),
    "chunks": sends(CHUNKED, flood(chunks(BLOCK))),
    "chunk extension": sends(CHUNKED, b"1;", flood(BLOCK)),
    "chunk size": sends(CHUNKED, flood(b"0" * 65_536)),
    "trailer line": sends(CHUNKED, chunks(b"{}"), b"0\r\nx: ", flood(BLOCK)),
    "trailers": sends(CHUNKED, chunks(b"{}"), b"0\r\n", flood(b"x: y\r\n" * 10_000)),
    "gzip bomb": sends(coded("gzip", gzip.compress(bytes(100_000_000), 1))),
    "gzip of gzip": sends(coded("gzip, gzip", gzip.compress(gzip.compress(b"{}")))),
    "gzip without contents": sends(coded("gzip", gzip.compress(b"") * 200_000)),
    "deflate": sends(coded("deflate", zlib.compress(bytes(100_000_000), 1))),
    "br": sends(coded("br", b"\xcf\xff\xff\x7f\xf8\x27\x00\xe2\xb1\x40\x20\xf7\xfe\x01" * 1000)),
    "zstd": sends(coded("zstd", b"\x28\xb5\x2f\xfd" + bytes(1000))),
}
