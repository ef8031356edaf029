"""Who has opted out of what, as a table."""

from __future__ import annotations

from typing import Any

import pytest

from email_contacts.exports.opt_outs import opt_outs

PERSON = {"id": 5, "email": "ada@example.com", "attributes": {"EXT_ID": "C-5"}}
ROW = {"email": "ada@example.com", "ext_id": "C-5", "list": None, "opted_out_at": None, "contact_id": 5}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, []),
        ({"emailBlacklisted": False, "smsBlacklisted": False, "listUnsubscribed": []}, []),
        ({"listUnsubscribed": None}, []),
        ({"emailBlacklisted": True}, [{"how": "email_blacklisted"}]),
        ({"smsBlacklisted": True}, [{"how": "sms_blacklisted"}]),
        ({"whatsappBlacklisted": True}, [{"how": "whatsapp_blacklisted"}]),
        (
            {"emailBlacklisted": True, "smsBlacklisted": True, "listUnsubscribed": [3, 8]},
            [
                {"how": "email_blacklisted"},
                {"how": "sms_blacklisted"},
                {"how": "unsubscribed_from_list", "list": 3},
                {"how": "unsubscribed_from_list", "list": 8},
            ],
        ),
    ],
)
def test_each_choice_is_a_row(facts: dict[str, Any], expected: list[dict[str, Any]]) -> None:
    assert list(opt_outs({**PERSON, **facts})) == [{**ROW, **one} for one in expected]


def test_a_contact_without_address_and_id_of_ones_own_is_known_by_the_id_of_the_platform() -> None:
    (row,) = opt_outs({"id": 6, "smsBlacklisted": True})
    assert (row["email"], row["ext_id"], row["contact_id"]) == (None, None, 6)
