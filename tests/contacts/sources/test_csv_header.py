"""Lines above the header: a refusal names the line that looks like the header, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from email_contacts.contacts import Options, prepare
from email_contacts.contacts.errors import HeaderError, NoIdentifierColumn

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
