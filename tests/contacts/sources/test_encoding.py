"""Deciding on an encoding."""

from __future__ import annotations

import codecs

import pytest

from email_contacts.contacts.errors import InvalidOption, SourceUnreadable
from email_contacts.contacts.sources.encoding import encoding_of


@pytest.mark.parametrize(
    ("head", "given", "encoding"),
    [
        (b"email", None, "utf-8"),
        (b"email", "UTF8", "utf-8"),
        (b"email", "windows-1252", "cp1252"),
        (codecs.BOM_UTF8, None, "utf-8-sig"),
        (codecs.BOM_UTF8, "utf-8", "utf-8-sig"),
        (codecs.BOM_UTF16_LE, None, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16"),
    ],
)
def test_the_mark_or_the_caller_says_it(head: bytes, given: str | None, encoding: str) -> None:
    assert encoding_of(head, given=given, name="x") == encoding


def test_a_mark_that_says_otherwise() -> None:
    with pytest.raises(InvalidOption, match=r'encoding="cp1252" does not fit x: .* mark of utf-8'):
        encoding_of(codecs.BOM_UTF8, given="cp1252", name="x")


@pytest.mark.parametrize("given", ["klingon", "rot13", "zip", "a\0b"])
def test_what_is_no_encoding(given: str) -> None:
    with pytest.raises(InvalidOption, match=r"is not (known|an encoding of text)"):
        encoding_of(b"", given=given, name="x")


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x1f\x8b\x08", "gzip-compressed"),
        (b"\x28\xb5\x2f\xfd", "Zstandard-compressed"),
        (b"PK\x03\x04", "an Excel workbook"),
        (b"PAR1", "a Parquet file"),
    ],
)
def test_what_is_no_text(head: bytes, kind: str) -> None:
    with pytest.raises(SourceUnreadable, match=kind):
        encoding_of(head, given=None, name="x")
