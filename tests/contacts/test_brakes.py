"""When a run is over its limits."""

from __future__ import annotations

from typing import Any

import pytest

from email_contacts.contacts.brakes import BRAKES, Brakes
from email_contacts.contacts.errors import InvalidOption
from email_contacts.contacts.staging.manifest import Rows

SIZE = 1000


def rows(accepted: int = 300, rejected: int = 10, held_back: int = 40) -> Rows:
    reasons = {"opted_out": held_back} if held_back else {}
    read = accepted + rejected + held_back
    return Rows(read, accepted, rejected, duplicates=0, held_back=reasons)


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
        ({"max_rejects": "3%"}, {}, ()),
        (
            {"max_rejects": "2%"},
            {},
            ("10 rows were rejected; max_rejects is 2% of the 350 rows read",),
        ),
        ({"max_rejects": "50%"}, {"accepted": 0, "rejected": 0, "held_back": 0}, ()),
        ({"max_held_back": "4%"}, {}, ()),
        (
            {"max_held_back": "3%"},
            {},
            ("40 rows are held back; max_held_back is 3% of the 1,000 contacts of the list",),
        ),
        ({"max_held_back": 39}, {}, ("40 rows are held back; max_held_back is 39",)),
        ({"max_removals": 7}, {"removals": 7}, ()),
        # Exactly the limit, of a share that no float is.
        ({"max_removals": "0.57%"}, {"removals": 57, "list_size": 10_000}, ()),
        ({"max_opt_outs": "10%"}, {"opt_outs": 35, "list_size": 0}, ()),
        (
            {"max_opt_outs": "10%"},
            {"opt_outs": 36, "list_size": 0},
            ("36 contacts are to be blocklisted; max_opt_outs is 10% of the 350 rows read",),
        ),
        (
            {"max_removals": "0.5%"},
            {"removals": 7},
            (
                "7 gone contacts are to be removed or blacklisted; "
                "max_removals is 0.5% of the 1,000 contacts of the list",
            ),
        ),
    ],
)
def test_a_run_is_over_a_limit(limits: dict[str, Any], run: dict[str, Any], over: tuple[str, ...]) -> None:
    run = dict(run)
    given = {"list_size": SIZE} | {
        name: run.pop(name) for name in ("list_size", "removals", "opt_outs") if name in run
    }
    assert Brakes.parse(limits).exceeded(rows(**run), **given) == over


def test_each_limit_is_judged() -> None:
    limits = dict.fromkeys(BRAKES, 1)
    assert len(Brakes.parse(limits).exceeded(rows(), list_size=SIZE, removals=2, opt_outs=2)) == len(BRAKES)


@pytest.mark.parametrize("name", BRAKES)
@pytest.mark.parametrize("said", ["many", "-1", "120%", True, 1.5])
def test_what_is_no_limit_is_refused_by_name(name: str, said: Any) -> None:
    with pytest.raises(InvalidOption, match=rf"^{name}="):
        Brakes.parse({name: said})
