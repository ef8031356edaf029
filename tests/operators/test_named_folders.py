"""Snapshots and mirrors are found by a name below the staging folder, or by their path or address."""

from __future__ import annotations

import pytest

from email_contacts.arguments import InvalidArgument
from email_contacts.operators._named_folders import named_folder


@pytest.mark.parametrize(
    ("argument", "given", "folder"),
    [
        ("snapshot", "customers", "file:///stage/snapshots/customers"),
        ("mirror", " email_contacts_default ", "file:///stage/mirrors/email_contacts_default"),
        ("mirror", "/data/mirror/", "/data/mirror"),
        ("snapshot", "file:///data/snapshot", "file:///data/snapshot"),
    ],
)
def test_a_name_is_below_the_staging_folder_and_an_address_is_taken_as_it_is(
    argument: str, given: str, folder: str
) -> None:
    assert str(named_folder(argument, given, "file:///stage")) == folder


@pytest.mark.parametrize("given", ["", None, "../other", ".hidden", "a/b", "a" * 201])
def test_what_cannot_be_the_name_of_a_folder_is_refused(given: object) -> None:
    with pytest.raises(InvalidArgument, match=r"^mirror="):
        named_folder("mirror", given, "file:///stage")
