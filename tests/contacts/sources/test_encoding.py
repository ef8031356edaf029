"""Deciding on an encoding."""

from __future__ import annotations

import codecs
import lzma
import zlib

import pytest

from email_contacts.contacts.errors import HeaderError, InvalidOption, SourceUndecodable, SourceUnreadable
from email_contacts.contacts.sources.encoding import encoding_of
from email_contacts.contacts.sources.rows import RowFault
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
        (zlib.compress(b"email\na@example.com\n" * 9), "compressed with zlib"),
        (lzma.compress(b"email\na@example.com\n" * 9, lzma.FORMAT_ALONE), "compressed with LZMA"),
        (b"\xff\xff\xff\xffp\0\0\0\x10\0\0\0\0\0\n\0\x0c\0", "an Arrow"),
        (b"ORC\n\x06\x12\x04\x08\x03P\0", "an ORC file"),
        (b"$FL2@(#) SPSS DATA FILE", "an SPSS file"),
        (b"\x85\x01\x0c\x03\xa1\xf2", "encrypted"),
        (b"BEGIN:VCALENDAR\r\n", "a calendar"),
        (b"\x0b\x00\x05\xff\xfe\x00\x00\x12\xe9\x00" * 20, "a binary file of an unknown kind"),
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
        "Zo\u00eb\x01,x".encode("utf-16-le"),
        "\u0100\u5c71\x01,email\n".encode("utf-16-be"),
        b"xy,email\n",
        b"ORC\nemail\n",
    ],
)
def test_what_only_begins_like_something_else(head: bytes) -> None:
    assert encoding_of(head, given=None, name="x") == "utf-8"


@pytest.mark.parametrize("given", ["cp1252", "latin-1", "iso-8859-15", "cp1251", "mac-roman", "cp850"])
@pytest.mark.parametrize("bad", [b"", b"M\xfcller\n"], ids=["UTF-8", "mixed"])
def test_utf_8_is_no_other_encoding(write: WriteSource, given: str, bad: bytes) -> None:
    """Any bytes are some text in it: each name would be sent as ``Zo\u00c3\u00ab``."""
    source = write(b"email,name\n" + "a@example.com,Zo\u00eb\n".encode() * 3 + b"b@example.com," + bad)
    with pytest.raises(InvalidOption, match=r"does not fit .*: it is UTF-8"):
        rows_of(opened(source, encoding=given))


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(
    "given", ["cp1252", "latin-1", "mac-roman", "shift_jis", "utf-8", "UTF8", "utf-8-sig", "gb18030", "big5"]
)
def test_an_encoding_that_fits_is_taken(write: WriteSource, given: str, rows: int) -> None:
    name = "\u5c71\u7530" if given in ("shift_jis", "gb18030", "big5") else "Zo\u00eb M\u00fcller"
    text = "email,name\n" + f"a@example.com,{name}\n" * rows
    source = write(text.encode("utf-8" if given == "utf-8-sig" else given))
    assert rows_of(opened(source, encoding=given)) == [["a@example.com", name]] * rows


def test_a_name_that_was_damaged_before_is_no_sign_of_utf_8(write: WriteSource) -> None:
    names = ["Zo\u00eb", "M\u00fcller", "Ren\u00c3\u00a9"]
    text = "email,name\n" + "".join(f"a@example.com,{name}\n" for name in names)
    found = rows_of(opened(write(text.encode("cp1252")), encoding="cp1252"))
    assert [row[1] for row in found if not isinstance(row, RowFault)] == names


def test_latin_1_has_no_quotes_of_windows(write: WriteSource) -> None:
    source = write("email,name\na@example.com,\u201cZo\u00eb\u201d\n".encode("cp1252"))
    with pytest.raises(InvalidOption, match=r'control characters there\. .* such as "cp1252" on Windows'):
        rows_of(opened(source, encoding="latin-1"))


@pytest.mark.parametrize(
    ("text", "encoding", "is_named"),
    [
        ("M\u00fcller, \u201cZo\u00eb\u201d", "cp1252", True),
        ("Cr\u00e9\u00e9e", "cp1252", True),
        ("\u0418\u0432\u0430\u043d", "cp1251", False),
        ("\u0418\u0432\u0430\u043d", "koi8-r", False),
        ("\uae40\ucca0\uc218", "euc-kr", False),
    ],
)
def test_windows_western_europe_is_named_only_where_it_may_be_it(
    write: WriteSource, text: str, encoding: str, is_named: bool
) -> None:
    source = write(f"email,name\na@example.com,{text}\n".encode(encoding))
    with pytest.raises(SourceUndecodable) as caught:
        rows_of(opened(source))
    assert ("cp1252" in str(caught.value)) is is_named


@pytest.mark.parametrize("order", ["le", "be"])
def test_utf_16_without_a_mark_is_told_with_its_order(write: WriteSource, order: str) -> None:
    with pytest.raises(HeaderError, match=f"utf-16-{order}"):
        rows_of(opened(write("email\na@example.com\n".encode(f"utf-16-{order}"))))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_wide_characters_are_no_binary_file(write: WriteSource, encoding: str) -> None:
    """Of U+4E00 one byte is null, and of U+4E01 one is a control character."""
    name = "\u4e00\u4e01\u9ad8" * 9
    source = write(f"email,n\na@example.com,{name}\n".encode(encoding))
    assert rows_of(opened(source, encoding=encoding)) == [["a@example.com", name]]
