"""Which platform an import was sent to."""

from __future__ import annotations

import pytest

from email_contacts.imports.errors import SentElsewhere
from email_contacts.imports.submission.platform_address import check_sent_to, platform_address


@pytest.mark.parametrize(
    ("base_url", "address"),
    [
        ("https://api.example.com", "api.example.com"),
        ("https://API.example.com:443", "api.example.com"),
        ("http://api.example.com:80/", "api.example.com"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("https://gateway.example.com/contacts/", "gateway.example.com/contacts"),
    ],
)
def test_one_platform_has_one_address_however_it_is_written(base_url: str, address: str) -> None:
    assert platform_address(base_url) == address


def test_a_submission_of_another_platform_is_refused_and_one_that_names_none_passes() -> None:
    here = "https://api.example.com"
    check_sent_to([{"process_id": 1}, {"process_id": 2, "sent_to": "api.example.com"}], here)
    with pytest.raises(SentElsewhere, match=r"process 3.*old\.example\.com.*api\.example\.com"):
        check_sent_to([{"process_id": 3, "sent_to": "old.example.com"}], here)
