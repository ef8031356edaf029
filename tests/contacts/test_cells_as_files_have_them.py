"""Cells as spreadsheets, databases and people write them: who somebody is, text, and the header.

Each is a small CSV, prepared as any source is; near misses stand beside what is understood.
"""

from __future__ import annotations

from pathlib import Path
from unicodedata import normalize

import pytest

from email_contacts.contacts import AccountAttribute, Mapping
from email_contacts.contacts.errors import InvalidOption
from tests.contacts.cells import column, of, values


def test_an_attribute_is_sent_under_the_account_s_own_name(tmp_path: Path) -> None:
    found = of(tmp_path, "EMAIL,DOUBLE_OPT-IN\na@example.com,Yes\nb@example.com,2\n")
    assert values(found, "DOUBLE_OPT-IN") == ["Yes", "No"]
    mapped = of(tmp_path, "email,ok\na@example.com,1\n", columns={"ok": "double opt in"})
    assert values(mapped, "DOUBLE_OPT-IN") == ["Yes"]
    alone = of(tmp_path, "EMAIL,DOUBLE_OPT-IN\na@example.com,Yes\n", account_attributes=None)
    assert values(alone, "DOUBLE_OPT-IN") == ["Yes"]


@pytest.mark.parametrize(
    ("cell", "region", "sent"),
    [
        ("(202) 555-0101", None, "!phone"),
        ("202-555-0101", None, "!phone"),
        ("507 555 0101", None, "!phone"),
        ("(202) 555-0101", "US", "12025550101"),
        ("+1 (202) 555-0101", None, "12025550101"),
        ("4915123456789", None, "4915123456789"),
        ("4915123456789.0", None, "4915123456789"),
        ("'+447700900123", None, "447700900123"),
        ("'447700900123", None, "447700900123"),
        ('="447700900123"', None, "447700900123"),
        ("+49\u00a01512\u00a03456789", None, "4915123456789"),
        ("+33612345678.0", None, "!phone"),
        ("0612345678.0", "FR", "!phone"),
        ("612345678.0", "FR", "33612345678"),
        ("4915123456789.5", None, "!phone"),
        ("3.36123E+10", None, "!phone"),
        ("3,36123E+10", "FR", "!phone"),
        ("2024-01-11", "DE", "!phone"),
        ("31.12.1985", "DE", "!phone"),
        ("1/5/1990", "DE", "!phone"),
        ("2024-01-1122", "DE", "492024011122"),
        ("030.12.1985", "DE", "4930121985"),
    ],
)
def test_phone_numbers_of_spreadsheets_and_data_frames(
    tmp_path: Path, cell: str, region: str | None, sent: str
) -> None:
    assert column(tmp_path, "SMS", [cell], {} if region is None else {"region": region}) == [sent]


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("3.36123E+10", "scientific notation: the spreadsheet has destroyed the number"),
        ("030 12345", 'name that as "region" in the mapping'),
        ("N/A", 'list it under "nulls"'),
        ("31.12.1985", "It looks like a date"),
    ],
)
def test_a_phone_number_that_is_refused_says_why(tmp_path: Path, cell: str, says: str) -> None:
    assert says in of(tmp_path, f"email,sms\na@example.com,{cell}\n").rejects[0]["message"]


@pytest.mark.parametrize("cell", ["0000-00-00", "0000-00-00 00:00:00"])
def test_a_day_of_mysql_that_is_none_says_why(tmp_path: Path, cell: str) -> None:
    assert (
        'list it under "nulls"'
        in of(tmp_path, f"email,birthday\na@example.com,{cell}\n").rejects[0]["message"]
    )


@pytest.mark.parametrize(
    ("cell", "sent"),
    [
        ("1001.0", "1001"),
        ("1001.00", "1001"),
        ("007.0", "007.0"),
        ("1.5.0", "1.5.0"),
        ("12E4", "12E4"),
        ("7.01235E+12", "!ext_id"),
        ("1.234567890123E12", "!ext_id"),
        ("1.0E10", "!ext_id"),
        ("1.5e-07", "!ext_id"),
        ("1.5E3-7", "1.5E3-7"),
        ("1E-05", "1E-05"),
        ("12345678901234567.0", "!ext_id"),
        ("'7012345678901", "7012345678901"),
        ('="0042"', "0042"),
        ("NULL", None),
        ("none", None),
        ("#REF!", None),
        ("########", None),
        ("#Name?", None),
        ("#NV", None),
        ("#¡VALOR!", None),
        ("<NA>", None),
        ("NA", None),
        ("[NULL]", None),
        ("NaT", None),
        (".", None),
        ("?", None),
        ("(blank)", None),
        ("00000000-0000-0000-0000-000000000000", None),
        ("n.a.", None),
        ("Unknown", None),
        ("(not set)", None),
        ("Unknown-7", "Unknown-7"),
        ("00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000001"),
        ("#1", "#1"),
        ("#REF", "#REF"),
        ("NAT", "NAT"),
        ("Nulla", "Nulla"),
    ],
)
def test_identifiers_of_spreadsheets_and_data_frames(tmp_path: Path, cell: str, sent: str | None) -> None:
    assert column(tmp_path, "EXT_ID", [cell]) == [sent]


def test_null_is_nobody(tmp_path: Path) -> None:
    found = of(tmp_path, "ext_id,sms\nNULL,+4915123456789\nNULL,+4915123456790\nNULL,\n")
    assert [contact["attributes"] for contact in found.contacts] == [
        {"SMS": "4915123456789"},
        {"SMS": "4915123456790"},
    ]
    assert found.rules == [(3, "", "identifier")]


def test_words_for_nothing_are_named_for_the_document_and_for_a_column(tmp_path: Path) -> None:
    rows = (
        "email,FIRSTNAME,LASTNAME\na@example.com,NULL,NULL\nb@example.com,\\N,\\N\nc@example.com,Null,N/A\n"
    )
    found = of(tmp_path, rows)
    assert values(found, "FIRSTNAME") == ["NULL", None, "Null"]
    mapping = Mapping.from_json(
        {
            "columns": {"email": "EMAIL", "FIRSTNAME": "FIRSTNAME"}
            | {"LASTNAME": {"attribute": "LASTNAME", "nulls": ["N/A"]}},
            "nulls": ["NULL"],
        }
    )
    found = of(tmp_path, rows, mapping=mapping)
    assert values(found, "FIRSTNAME") == [None, None, "Null"]
    assert values(found, "LASTNAME") == ["NULL", None, None]
    kept = of(tmp_path, rows, columns={n: {"attribute": n, "nulls": []} for n in ("FIRSTNAME", "LASTNAME")})
    assert values(kept, "LASTNAME") == ["NULL", "\\N", "N/A"]


def test_five_identifiers(tmp_path: Path) -> None:
    rows = (
        "EMAIL,WHATSAPP,LANDLINE_NUMBER\na@example.com,+49 (0)151 23456789,030 12345\n"
        "b@example.com,+4915123456789,\nc@example.com,4915123456789,tel. 5\nd@example.com,4915123456789,\n"
        ",,+493012345678\n,,00493012345678\n,+447700900123,\n"
    )
    found = of(tmp_path, rows)
    assert found.rules == [(1, "LANDLINE_NUMBER", "phone"), (3, "LANDLINE_NUMBER", "phone")]
    assert found.duplicates == [(5, 6)]
    assert [contact["attributes"] for contact in found.contacts] == [
        {"WHATSAPP": "4915123456789"},
        {"WHATSAPP": "4915123456789"},
        {"LANDLINE_NUMBER": "493012345678"},
        {"WHATSAPP": "447700900123"},
    ]
    assert found.manifest.conflicts == 2


def test_an_option_with_a_comma_is_not_lost_in_a_csv(tmp_path: Path) -> None:
    rows = "EMAIL;GENRES\nd@example.com;Books, used|Music\n"
    assert values(of(tmp_path, rows), "GENRES") == [["Books, used", "Music"]]
    for body in ("file_body", "file_url"):
        with pytest.raises(InvalidOption, match='GENRES has the option "Books, used"'):
            of(tmp_path, rows, body=body)
        unknown = of(
            tmp_path,
            rows + "e@example.com;Music\n",
            body=body,
            account_attributes=(AccountAttribute("GENRES", "multiple_choice"),),
        )
        assert unknown.rules == [(1, "GENRES", "multiple_choice")]
        assert unknown.manifest.rows.accepted == 1


@pytest.mark.parametrize(
    ("cell", "sent"),
    [
        ("'t Hooft", "'t Hooft"),
        ("'90s kid", "'90s kid"),
        ("'=1+1", "=1+1"),
        ("'01234", "01234"),
        ('="01234"', "01234"),
        ("\u200bZoë\u2060\u00ad", "Zoë"),
        ("Zoë\x1a", "Zoë"),
        ("\x02Zoë \x03", "Zoë"),
        ("\ufeff Zoë\u00a0", "Zoë"),
        ("Zo\u200bë", "Zo\u200bë"),
        ("Null", "Null"),
        ("{a", "{a"),
    ],
)
def test_marks_and_invisible_characters_around_a_text(tmp_path: Path, cell: str, sent: str) -> None:
    assert column(tmp_path, "FIRSTNAME", [cell]) == [sent]


def test_the_end_of_a_file_of_ms_dos_is_no_part_of_an_identifier(tmp_path: Path) -> None:
    found = of(tmp_path, "email,ext_id\r\na@example.com,1\r\nb@example.com,2\x1a")
    assert [contact["attributes"]["EXT_ID"] for contact in found.contacts] == ["1", "2"]


def test_invisible_characters_around_an_address_and_in_it(tmp_path: Path) -> None:
    found = of(tmp_path, "\u200bemail\na@example.com\u200b\n\u200bb@example.com\nc\u200b@example.com\n")
    assert [contact["email"] for contact in found.contacts] == ["a@example.com", "b@example.com"]
    assert found.rules == [(3, "\u200bemail", "email")]
    assert "U+200B" in found.rejects[0]["message"]


def test_letters_and_accents_of_a_header_may_be_two_characters(tmp_path: Path) -> None:
    found = of(tmp_path, "email,Pre\u0301nom\nz@example.com,Zoe\n", columns={"Prénom": "FIRSTNAME"})
    assert values(found, "FIRSTNAME") == ["Zoe"]


def test_headers_as_people_write_them(tmp_path: Path) -> None:
    found = of(tmp_path, "First Name,E-mail address,Mobile phone\nAda,a@example.com,+447700900123\n")
    attributes = {"FIRSTNAME": "Ada", "SMS": "447700900123"}
    assert found.contacts == [{"email": "a@example.com", "attributes": attributes}]


@pytest.mark.parametrize("header", ["Given name,Forename", "First Name,FIRSTNAME", "Phone", "User id"])
def test_a_header_that_could_be_two_things_is_not_guessed(tmp_path: Path, header: str) -> None:
    found = of(tmp_path, f"email,{header}\na@example.com,a,b\n", unknown_columns="drop")
    assert set(found.manifest.unknown_columns) == set(header.split(",")) - {"FIRSTNAME"}


def test_words_are_the_same_whether_accents_are_characters_of_their_own(tmp_path: Path) -> None:
    """As the file systems and programs of macOS write them; names are sent as they are."""
    account = (
        AccountAttribute("CITY", "category", ("Orl\u00e9ans", normalize("NFD", "Besan\u00e7on"))),
        AccountAttribute("TASTES", "multiple_choice", ("Caf\u00e9", "Th\u00e9")),
        AccountAttribute("OK", "boolean"),
        AccountAttribute("NAME"),
    )
    columns = {
        "CITY": "CITY",
        "TASTES": "TASTES",
        "OK": {"attribute": "OK", "type": "boolean", "booleans": {"true": ["agr\u00e9\u00e9"]}},
        "NAME": {"attribute": "NAME", "nulls": ["vid\u00e9"]},
    }
    rows = "a@example.com,ORL\u00c9ANS,Caf\u00e9|Th\u00e9,agr\u00e9\u00e9,vid\u00e9\n"
    rows += 'b@example.com,Besan\u00e7on,"[""Caf\u00e9""]",Agr\u00e9\u00e9,Zo\u00eb\n'
    found = [
        of(
            tmp_path,
            f"email,CITY,TASTES,OK,NAME\n{text}",
            columns=columns,
            account_attributes=account,
        )
        for text in (normalize("NFC", rows), normalize("NFD", rows))
    ]
    assert [one.rules for one in found] == [[], []]
    (composed, decomposed) = ([contact["attributes"] for contact in one.contacts] for one in found)
    assert composed[0] == decomposed[0]
    assert decomposed[1] == {**composed[1], "NAME": normalize("NFD", "Zo\u00eb")}
