"""Deciding on an encoding."""

from __future__ import annotations

import codecs

import pytest

from email_contacts.contacts.errors import InvalidOption, SourceUndecodable, SourceUnreadable
from email_contacts.contacts.sources.encoding import encoding_of
from tests.contacts.conftest import WriteSource
from tests.contacts.sources.reading import opened, rows_of


@pytest.mark.parametrize(
    ("head", "given", "encoding"),
    [
        (b"email", None, "utf-8"),
        (b"email", "UTF8", "utf-8"),
        (b"email", "windows-1252", "cp1252"),
        (codecs.BOM_UTF8, None, "utf-8-sig"),
        (codecs.BOM_UTF8, "utf-8", "utf-8-sig"),
        (codecs.BOM_UTF16_LE, None, "utf-16"),
        (codecs.BOM_UTF32_LE, None, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32-be", "utf-32"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16"),
    ],
)
def test_the_mark_or_the_caller_says_it(head: bytes, given: str | None, encoding: str) -> None:
    assert encoding_of(head, given=given, name="x") == encoding


def test_a_mark_that_says_otherwise() -> None:
    with pytest.raises(InvalidOption, match=r'encoding="cp1252" does not fit x: .* mark of utf-8'):
        encoding_of(codecs.BOM_UTF8, given="cp1252", name="x")


@pytest.mark.parametrize(("given", "order"), [("utf-16", "utf-16-le"), ("UTF32", "utf-32-be")])
def test_an_encoding_that_needs_a_mark(write: WriteSource, given: str, order: str) -> None:
    source = write("email\na@example.com\n".encode(order))
    with pytest.raises(InvalidOption, match=rf"without a byte order mark.* \"{given[:3].lower()}"):
        opened(source, encoding=given)
    assert rows_of(opened(source, encoding=order)) == [["a@example.com"]]
    assert encoding_of(b"", given=given, name="x") == order[:-3]


def test_a_codec_that_does_not_say_where_it_fails(write: WriteSource) -> None:
    with pytest.raises(SourceUndecodable, match="is not punycode"):
        rows_of(opened(write("email\na-!@example.com\n"), encoding="punycode"))


@pytest.mark.parametrize("given", ["klingon", "rot13", "zip", "a\0b"])
def test_what_is_no_encoding(given: str) -> None:
    with pytest.raises(InvalidOption, match=r"is not (known|an encoding of text)"):
        encoding_of(b"", given=given, name="x")


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x1f\x8b\x08", "gzip-compressed"),
        (b"\x28\xb5\x2f\xfd", "Zstandard-compressed"),
        (b"PK\x03\x04" + b"\0" * 26 + b"[Content_Types].xml", "an Excel workbook"),
        (b"PK\x03\x04" + b"\0" * 26 + b"people.csv", "a ZIP archive"),
        (b"PK\x03\x04" + b"\0" * 26 + b"mimetypeapplication/vnd.oasis.opendocument", "an OpenDocument"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook"),
        (b"BZh91AY&SY", "bzip2-compressed"),
        (b"\xfd7zXZ\0", "xz-compressed"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"Obj\x01\x04", "an Avro file"),
        (b"ORC\x00\x01", "an ORC file"),
        (b"SQLite format 3\0", "a SQLite database"),
        (b"%PDF-1.7", "a PDF document"),
        (b"name" + b"\0" * 253 + b"ustar", "a tar archive"),
        (b"  <!DOCTYPE HTML><html>", "an HTML page"),
        (b"<?xml version='1.0'?>", "an XML document"),
        (b"INSERT INTO people VALUES ('a@example.com');", "an SQL script"),
        (b"--\n-- MySQL dump 10.13\n--\n/*!40101 SET x */;\nDROP TABLE IF EXISTS `people`;", "an SQL script"),
        (b"\n-- dump\nSET statement_timeout = 0;\n", "an SQL script"),
        (b"copy public.people (email, name) from stdin;\na@example.com\tAda\n", "an SQL script"),
        (b"\xef\xbb\xbfBEGIN:VCARD\r\nVERSION:3.0\r\n", "a vCard file"),
        (b"\x01\x02\xff\xfe", "a binary file of an unknown kind"),
        (b"PAR1", "a Parquet file"),
    ],
)
def test_what_is_no_text(head: bytes, kind: str) -> None:
    with pytest.raises(SourceUnreadable, match=kind):
        encoding_of(head, given=None, name="x")


@pytest.mark.parametrize(
    "head",
    [
        b"ORCID,email\n",
        b"BZh,email\n",
        b"Object,email\n",
        "Zo\u00eb\x01,x".encode(),
        b"PK,email\n",
        b"Insert into,email\n",
        b"set,email\n",
        b"Copy (yes/no),email\n",
        b"-- exported\nemail,name\n",
        b"Begin,email\n",
        b"/* */ " * 2_000 + b"email\n",
        b"\xe9,x",
    ],
)
def test_what_only_begins_like_something_else(head: bytes) -> None:
    assert encoding_of(head, given=None, name="x") == "utf-8"
