"""Which attribute a column is by its name, where nobody wrote a mapping."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from email_contacts.contacts import AccountAttribute
from email_contacts.contacts.errors import NoIdentifierColumn
from email_contacts.contacts.mapping.binding import bind


def attributes_of(columns: Sequence[str], account: Sequence[AccountAttribute] | None = None) -> list[str]:
    found = bind(columns, source="s.csv", account_attributes=account, unknown_columns="drop")
    return [column.attribute for column in found.columns]


@pytest.mark.parametrize(
    "name",
    [
        "E-Mail-Adresse",
        "Primary Email Address",
        "Courriel",
        "user_email",
        "E-mail 1 - Value",
        "Correo electrónico",
    ],
)
@pytest.mark.parametrize("account", [None, [AccountAttribute("FIRSTNAME")]])
def test_an_identifier_is_known_by_its_synonyms(
    name: str, account: Sequence[AccountAttribute] | None
) -> None:
    assert attributes_of([name, "Mobiltelefon"], account) == ["EMAIL", "SMS"]


def test_of_two_that_fit_neither_is_taken() -> None:
    assert attributes_of(["email", "handy", "mobile"]) == ["EMAIL", "HANDY", "MOBILE"]
    with pytest.raises(NoIdentifierColumn, match="and none is taken: courriel, mail"):
        attributes_of(["courriel", "city", "mail"])


def test_a_synonym_is_not_taken_where_the_identifier_has_a_column_of_its_own() -> None:
    assert attributes_of(["email", "mail"]) == ["EMAIL", "MAIL"]


def test_what_numbers_anybody_is_no_identifier_by_itself() -> None:
    assert attributes_of(["email", "id", "Kundennummer", "phone"]) == ["EMAIL", "ID", "KUNDENNUMMER", "PHONE"]


def test_an_attribute_of_the_account_goes_first() -> None:
    account = [AccountAttribute("MOBILE"), AccountAttribute("ZIP")]
    assert attributes_of(["email", "mobile", "Zip/Postal Code"], account) == ["EMAIL", "MOBILE", "ZIP"]


def test_a_single_column_is_a_matter_of_the_delimiter() -> None:
    with pytest.raises(NoIdentifierColumn, match=r"It has only one column.*name that as the delimiter"):
        attributes_of(["email^name"])
