"""Finding the delimiter in the header."""

from __future__ import annotations

import pytest

from email_contacts.contacts.errors import InvalidOption, WrongDelimiter
from email_contacts.contacts.sources.delimiter import delimiter_of


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_the_candidate_that_cuts_the_header_is_found(delimiter: str) -> None:
    assert delimiter_of(delimiter.join(["email", "firstname"]), given=None, name="x") == delimiter


def test_what_is_in_quotes_does_not_count() -> None:
    assert delimiter_of('"name, first, middle";email\n', given=None, name="x") == ";"


def test_one_column_needs_none() -> None:
    assert delimiter_of("email\n", given=None, name="x") == ","
    assert delimiter_of("email\n", given=";", name="x") == ";"


def test_an_unusual_delimiter_can_be_given() -> None:
    assert delimiter_of("email^firstname", given="^", name="x") == "^"


def test_a_wrong_one_is_refused_and_the_right_one_named() -> None:
    with pytest.raises(WrongDelimiter) as caught:
        delimiter_of("email,firstname,country", given=";", name="people.csv")
    assert str(caught.value) == (
        'delimiter=";" does not split the header of people.csv: it gives one column, while "," makes 3. '
        'Give delimiter=",", or leave it out.'
    )


def test_two_that_fit_alike_are_not_guessed_between() -> None:
    with pytest.raises(WrongDelimiter, match='can be split by ";" or "," into 2 columns each'):
        delimiter_of("name, first;email", given=None, name="x")


@pytest.mark.parametrize("given", ["", ";;", '"', "\n"])
def test_what_is_no_delimiter(given: str) -> None:
    with pytest.raises(InvalidOption, match="is not one character that can separate cells"):
        delimiter_of("email;x", given=given, name="x")
