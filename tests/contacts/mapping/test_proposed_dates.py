"""Formats of dates that a proposal finds, and those that it asks for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from email_contacts.contacts import AccountAttribute
from tests.contacts.mapping.test_proposal import PEOPLE, proposed, read_back


@pytest.mark.parametrize(
    ("cells", "proposal"),
    [
        (["2020-12-31", "2020-01-02T10:00:00Z"], "type: date\nunknown"),
        (["31.12.2020"], 'format: "%d.%m.%Y"'),
        (["31/12/2020", "01/02/2020"], 'format: "%d/%m/%Y"'),
        (["12/31/2020", "01/02/2020"], 'format: "%m/%d/%Y"'),
        (["12-31-2020 10:00"], 'format: "%m-%d-%Y"'),
        (["2020/12/31 10:00:59"], "type: date\nunknown"),
        (["20201231"], "type: date\nunknown"),
    ],
)
def test_dates(cells: list[str], proposal: str) -> None:
    found = proposed({"mail": PEOPLE, "since": cells})
    assert proposal in found.replace("    ", "")


def test_days_that_are_their_month_tell_nothing() -> None:
    """As the first of January does, where it stands for a day that nobody knew."""
    text = proposed({"mail": PEOPLE, "born": ["01/01/1985", "01/01/1990", "02/02/1991"]})
    assert "Is 03/04 the 3rd of April or the 4th of March?" in text
    assert 'format: "%d %b %Y"' in proposed({"mail": PEOPLE, "born": ["1 May 1985", "2 May 1990"]})


@pytest.mark.parametrize("account", [None, (AccountAttribute("BORN", "date"),)])
def test_a_day_that_could_be_a_month_is_asked_not_guessed(
    account: Sequence[AccountAttribute] | None, tmp_path: Path
) -> None:
    text = proposed({"mail": PEOPLE, "born": ["01/02/2020", "11/12/1990"]}, account_attributes=account)
    name = "BIRTHDAY" if account is None else "BORN"
    for day in ("%d/%m/%Y", "%m/%d/%Y"):
        assert f'\n  # born: {{attribute: {name}, type: date, format: "{day}"}}\n' in text
    assert "Is 03/04 the 3rd of April or the 4th of March?" in text
    assert read_back(text, tmp_path, ["mail", "born"], account_attributes=account).dropped == ("born",)
    # One of the lines without its # is an answer.
    answered = text.replace(
        "  # born: {attribute: " + name + ', type: date, format: "%d',
        f'  born: {{attribute: {name}, type: date, format: "%d',
    )
    assert read_back(answered, tmp_path, ["mail", "born"], account_attributes=account).dropped == ()
