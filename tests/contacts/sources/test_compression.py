"""Unpacking while reading."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import zstandard
from upath import UPath

from email_contacts.contacts.errors import PreparationError, SourceUndecodable, SourceUnreadable
from email_contacts.contacts.paths import AnyPath
from email_contacts.contacts.sources.compression import open_bytes, uncompressed_name
from email_contacts.contacts.sources.csv_rows import CsvRows
from email_contacts.contacts.sources.json_rows import JsonRows
from tests.contacts.conftest import WriteSource
from tests.contacts.sources.reading import rows_of

Pack = Callable[[bytes], bytes]
# Bytes that do not pack, so that any cut takes some of them away.
CONTENT = b"a,b\n" + b"".join(b"%d,%s\n" % (row, os.urandom(20).hex().encode()) for row in range(20_000))
SKIPPABLE = b"\x50\x2a\x4d\x18\x04\x00\x00\x00note"


@pytest.fixture(params=["gzip", "Zstandard"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def pack(kind: str) -> Pack:
    return gzip.compress if kind == "gzip" else zstandard.ZstdCompressor(write_checksum=True).compress


def read(source: AnyPath) -> bytes:
    with open_bytes(source) as file:
        return file.read()


def test_plain_bytes_are_left_alone(write: WriteSource) -> None:
    assert read(write(CONTENT)) == CONTENT
    assert read(write(b"")) == b""
    assert read(write(b"\x1f")) == b"\x1f"


def test_bytes_are_unpacked_whatever_the_name(write: WriteSource, pack: Pack) -> None:
    assert read(write(pack(CONTENT), "people.csv")) == CONTENT


def test_a_name_does_not_make_bytes_compressed(write: WriteSource) -> None:
    assert read(write(b"a,b\n", "people.csv.gz")) == b"a,b\n"


def test_parts_that_were_packed_one_by_one(write: WriteSource, pack: Pack) -> None:
    assert read(write(pack(CONTENT) + pack(b"1,2\n") + pack(b""))) == CONTENT + b"1,2\n"


def test_frames_without_data_are_skipped(write: WriteSource) -> None:
    pack = zstandard.ZstdCompressor().compress
    assert read(write(pack(b"a\n") + SKIPPABLE + pack(b"b\n") + SKIPPABLE)) == b"a\nb\n"


def test_files_of_object_stores(pack: Pack) -> None:
    source = UPath("memory://packed/people.csv")
    source.write_bytes(pack(CONTENT))
    assert read(source) == CONTENT


@pytest.mark.parametrize("left_out", [1, 9, 5_000])
def test_a_truncated_file_is_never_the_end(write: WriteSource, pack: Pack, kind: str, left_out: int) -> None:
    with pytest.raises(SourceUnreadable) as caught:
        read(write(pack(CONTENT)[:-left_out], "people.csv.packed"))
    assert str(caught.value) == (
        f"people.csv.packed is truncated: its {kind} data ends too early. Copy it again, or have it written "
        "again; rows may be missing."
    )


def test_a_second_part_that_is_truncated(write: WriteSource, pack: Pack) -> None:
    with pytest.raises(SourceUnreadable, match="truncated"):
        read(write(pack(CONTENT) + pack(CONTENT)[:-100]))


def test_a_head_that_is_all_there_is(write: WriteSource, pack: Pack) -> None:
    with pytest.raises(SourceUnreadable, match="truncated"):
        read(write(pack(CONTENT)[:6]))


def test_a_damaged_file(write: WriteSource, pack: Pack, kind: str) -> None:
    packed = bytearray(pack(CONTENT))
    packed[len(packed) // 2] ^= 0xFF
    with pytest.raises(SourceUnreadable, match=rf"contacts\.csv is damaged: its {kind} data") as caught:
        read(write(bytes(packed)))
    assert caught.value.__suppress_context__


def test_what_follows_the_packed_data(write: WriteSource, pack: Pack) -> None:
    with pytest.raises(SourceUnreadable, match="is damaged"):
        read(write(pack(CONTENT) + b"and more"))


def test_a_disk_that_fails_is_not_the_files_fault(write: WriteSource, pack: Pack) -> None:
    file = open_bytes(write(pack(CONTENT)))
    os.close(file.raw._packed.fileno())  # type: ignore[attr-defined]
    with pytest.raises(OSError, match="Bad file descriptor") as caught:
        file.read()
    assert not isinstance(caught.value, PreparationError)
    with pytest.raises(OSError, match="Bad file descriptor"):
        file.close()


def test_csv_and_ndjson_are_read_unpacked(write: WriteSource, pack: Pack) -> None:
    csv = CsvRows(write(pack(b"a,b\n1,2\n")), delimiter=None, encoding=None, longest_row=1000)
    ndjson = JsonRows(write(pack(b'{"a": 1}\n'), "x.ndjson.gz"), encoding=None, longest_row=1000)
    assert rows_of(csv) == [["1", "2"]]
    assert rows_of(ndjson) == [[1]]


def test_a_truncated_csv_is_an_error_and_not_fewer_rows(write: WriteSource, pack: Pack) -> None:
    source = write(pack(CONTENT)[:-9])
    rows = CsvRows(source, delimiter=None, encoding=None, longest_row=1000)
    with pytest.raises(SourceUnreadable, match="truncated"):
        rows_of(rows)


def test_a_line_that_is_not_utf_8_is_named_by_its_place_in_what_was_packed(
    write: WriteSource, pack: Pack
) -> None:
    source = write(pack(b"a,b\n" + b"1,2\n" * 200_000 + b"3,\xfc\n"))
    rows = CsvRows(source, delimiter=None, encoding=None, longest_row=1000)
    with pytest.raises(SourceUndecodable, match="line 200,002"):
        rows_of(rows)


def test_packed_twice(write: WriteSource, pack: Pack) -> None:
    with pytest.raises(SourceUnreadable, match="compressed twice, not text"):
        CsvRows(write(pack(pack(b"a\n1\n"))), delimiter=None, encoding=None, longest_row=1000)


def test_memory_is_bounded_whatever_it_unpacks_to(write: WriteSource, kind: str) -> None:
    size = 400_000_000
    if kind == "gzip":
        packed = gzip.compress(b"a,b\n" * 100_000, 1) * (size // 400_000)
    else:
        packed = zstandard.ZstdCompressor().compress(b"a,b\n" * (size // 4))
        read(write(zstandard.ZstdCompressor().compress(b"")))  # loads what it needs
    source = write(packed)
    resident = psutil.Process().memory_info
    before, found, most = resident().rss, 0, 0
    with open_bytes(source) as file:
        while block := file.read(1 << 20):
            found += len(block)
            most = max(most, resident().rss)
    assert found == size
    assert most - before < 64_000_000


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.zst", "a.csv.ZSTD", "a.csv"])
def test_names_without_the_ending_of_the_compression(name: str) -> None:
    assert uncompressed_name(name) == "a.csv"


def test_local_files_are_closed(tmp_path: Path, pack: Pack) -> None:
    (tmp_path / "x").write_bytes(pack(b"a"))
    file = open_bytes(tmp_path / "x")
    packed = file.raw._packed  # type: ignore[attr-defined]
    file.close()
    assert packed.closed
