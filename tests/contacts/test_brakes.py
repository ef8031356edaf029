"""When a run is over its limits."""

from __future__ import annotations

from typing import Any

import pytest

from email_contacts.contacts.brakes import Brakes
from email_contacts.contacts.errors import InvalidOption

RUN = {"accepted": 300, "rejected": 10, "read": 310, "list_size": 1000}


@pytest.mark.parametrize(
    ("limits", "run", "over"),
    [
        ({}, {}, ()),
        ({"max_changes": 300}, {}, ()),
        ({"max_changes": "299"}, {}, ("300 contacts are to be sent; max_changes is 299",)),
        ({"max_changes": "30%"}, {}, ()),
        (
            {"max_changes": "29.9%"},
            {},
            ("300 contacts are to be sent; max_changes is 29.9% of the 1,000 contacts of the list",),
        ),
        # Of an empty or unknown list there is no share; a number holds all the same.
        ({"max_changes": "1%"}, {"list_size": 0}, ()),
        ({"max_changes": "1%"}, {"list_size": None}, ()),
        (
            {"max_changes": 10},
            {"list_size": 0},
            ("300 contacts are to be sent; max_changes is 10",),
        ),
        ({"max_changes": 0}, {"accepted": 0}, ()),
        ({"max_rejects": "4%"}, {}, ()),
        ({"max_rejects": "3%"}, {}, ("10 of 310 rows were rejected; max_rejects is 3%",)),
        ({"max_rejects": "50%"}, {"read": 0, "rejected": 0}, ()),
    ],
)
def test_a_run_is_over_a_limit(limits: dict[str, Any], run: dict[str, Any], over: tuple[str, ...]) -> None:
    assert Brakes.parse(limits).exceeded(**{**RUN, **run}) == over


def test_each_limit_is_judged() -> None:
    assert len(Brakes.parse({"max_changes": 1, "max_rejects": 1}).exceeded(**RUN)) == 2


@pytest.mark.parametrize("name", ["max_changes", "max_rejects"])
@pytest.mark.parametrize("said", ["many", "-1", "120%", True, 1.5])
def test_what_is_no_limit_is_refused_by_name(name: str, said: Any) -> None:
    with pytest.raises(InvalidOption, match=rf"^{name}="):
        Brakes.parse({name: said})
