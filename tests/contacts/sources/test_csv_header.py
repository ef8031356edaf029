"""Lines above the header: a refusal names the line that looks like the header, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from email_contacts.contacts import Mapping, Options, prepare
from email_contacts.contacts.errors import HeaderError, NoIdentifierColumn
from email_contacts.contacts.sources.csv_header import has_quote_behind_a_blank

HEADER = "First Name,Last Name,Email Address,Company\n"
ROW = "Jane,Doe,jane@example.com,Example\n"


def refusal(folder: Path, text: str) -> str:
    source = folder / "contacts.csv"
    source.write_text(text)
    with pytest.raises((HeaderError, NoIdentifierColumn)) as refused:
        prepare(source, folder / "stage", Options())
    return str(refused.value)


@pytest.mark.parametrize(
    ("above", "line"),
    [
        ("Customers of May\n", 2),
        ("Exported,2024-05-01\n\n", 3),
        ("\n\nExported,2024-05-01\n\n", 5),
        ("2024-05-01\n", 2),
        ("Notes:\n", 2),  # a title may be a name that columns usually have
        ('Notes:\n"Some, of these, are missing"\n\n', 4),
        ("Company,Example Ltd\nCountry,GB\n\n", 4),
    ],
)
def test_a_line_that_looks_like_the_header_is_named(tmp_path: Path, above: str, line: int) -> None:
    assert f"give header_row={line}." in refusal(tmp_path, above + HEADER + ROW)
    options = Options(header_row=line, unknown_columns="drop")
    assert prepare(tmp_path / "contacts.csv", tmp_path / "stage", options).rows.accepted == 1


@pytest.mark.parametrize(
    "text",
    [
        "First Name,Channel\nJane,email\nJohn,phone\n",
        "First Name,Last Name,Contact by\nJane,Doe,email\n",
        "Company,City\nExample,Paris\n",
    ],
)
def test_a_row_that_holds_a_usual_name_is_not_taken_for_the_header(tmp_path: Path, text: str) -> None:
    assert "looks like the header" not in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('"email,firstname"\n"ada@example.com,Ada"\n', "each line stands in quotes as a whole"),
        ('"Email;First name"\n"ada@example.com;Ada"\n', "each line stands in quotes as a whole"),
        ("'ext_id','firstname'\n'1','Ada'\n", "quotes that are not those of a CSV"),
        ("“email”;“firstname”\n“ada@example.com”;“Ada”\n", "quotes that are not those of a CSV"),
    ],
)
def test_quotes_that_are_not_around_the_names(tmp_path: Path, text: str, says: str) -> None:
    said = refusal(tmp_path, text)
    assert says in said
    assert "Ada" not in said


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("email,'s Name\nada@example.com,Ada\n", Options(unknown_columns="drop")),
        ("'email',firstname\nada@example.com,Ada\n", Options()),
        (
            '"email, work"\nada@example.com\n',
            Options(mapping=Mapping.from_json({"columns": {"email, work": "EMAIL"}})),
        ),
    ],
)
def test_quotes_and_commas_within_a_name(tmp_path: Path, text: str, options: Options) -> None:
    source = tmp_path / "contacts.csv"
    source.write_text(text, encoding="utf-8")
    assert prepare(source, tmp_path / "stage", options).rows.accepted == 1


@pytest.mark.parametrize(
    ("row", "is_so"),
    [
        ('a,\t"J"', True),
        ('\u00a0"x",b', True),
        ('"a""b",\t"c"', True),
        ('a,  \t "J"', True),
        ('"a",\n\t"b"', True),
        ('"a,\n",\u200b"b"', True),
        ('a,"\t""J"""', False),
        ('a, "J"', False),
        ('"a,\t""b"",c"', False),
        ('x\t"y"', False),
        ('"a"\t"b"', False),
        ("a,\tb", False),
    ],
)
def test_a_quote_that_would_be_sent_is_told_from_content(row: str, is_so: bool) -> None:
    assert has_quote_behind_a_blank(row, ",") is is_so
