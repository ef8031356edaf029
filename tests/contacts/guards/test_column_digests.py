"""Identifiers of many rows are digested as those of the account's contacts are."""

from __future__ import annotations

from hashlib import sha256

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from email_contacts.contacts.column_names import IDENTIFIERS
from email_contacts.contacts.guards.column_digests import digests_of
from email_contacts.contacts.mirror.identity_digests import BLAKE2B, SHA256, IdentityDigester
from email_contacts.contacts.snapshot.contact_keys import key_of


@settings(deadline=None)
@given(
    name=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8),
    attribute=st.sampled_from(IDENTIFIERS),
    values=st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=5),
    algorithm=st.sampled_from([BLAKE2B, SHA256]),
)
def test_a_column_has_the_digests_of_its_identifiers(
    name: str, attribute: str, values: list[str], algorithm: str
) -> None:
    digester = IdentityDigester(name, algorithm)
    made = digests_of(digester, attribute, pl.Series(values, dtype=pl.String))
    assert made.tolist() == digester.keys([key_of(attribute, value) for value in values]).tolist()


@pytest.mark.parametrize("name", ["a", "b"])
def test_they_are_those_of_sha256_with_the_name_before_it(name: str) -> None:
    (made,) = IdentityDigester(name).keys([b"EMAIL\0a@example.com"])
    expected = sha256(name.encode() + b"\0EMAIL\0a@example.com").digest()
    assert int(made["high"]).to_bytes(8, "big") + int(made["low"]).to_bytes(4, "big") == expected[:12]
