"""Digests, which later versions and other machines have to make the same."""

from __future__ import annotations

import numpy as np
import pytest

from email_contacts.contacts.batches.contact_bytes import Chosen, Contacts
from email_contacts.contacts.snapshot.content_digests import ContentDigester
from email_contacts.contacts.snapshot.digests import BLAKE2B, BLAKE2B_AND_XXH3, Digester

CONTACTS = [b"", b"a;b", b'{"email":"ann@example.com"},', bytes(range(256)) * 2]


def chosen(contacts: list[bytes], kept: list[bool]) -> Chosen:
    lengths = np.array([len(one) for one in contacts], np.uint32)
    return Contacts([b"".join(contacts)], lengths, np.arange(1, len(contacts) + 1)).only(np.array(kept, bool))


@pytest.mark.parametrize("name", ["a", "b"])
def test_digests_are_those_of_blake2b_with_the_salt_of_the_name(name: str) -> None:
    from hashlib import blake2b, sha256

    salt = sha256(name.encode()).digest()[:16]
    (made,) = Digester(name).keys([b"EMAIL\0a@example.com"])
    expected = bytearray(blake2b(b"EMAIL\0a@example.com", digest_size=12, salt=salt).digest())
    expected[8] &= 0xFE  # the last bit is left to the record
    assert made.tobytes() == bytes(expected)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "a",
            [
                "13a95c870746f25f98e60094",
                "18661ef72abfffccffc9adef",
                "163c6aa7289980a86dccd540",
                "33877e9fa394707d5fee54fe",
            ],
        ),
        (
            "b",
            [
                "da858e16c1f7933dc4b435f6",
                "ca986b6ec533d506c7717d90",
                "bbb0eaac28564c3b67a90abc",
                "971bfa62cb129c1db7076e4d",
            ],
        ),
    ],
)
def test_contents_are_digested_as_xxhash_specifies(name: str, expected: list[str]) -> None:
    """The expected ones were made by the reference implementation, ``XXH3_128bits_withSeed``."""
    made = ContentDigester(name).of(chosen(CONTACTS, [True] * len(CONTACTS)))
    assert [one.tobytes().hex() for one in made] == expected


@pytest.mark.parametrize("algorithm", [BLAKE2B, BLAKE2B_AND_XXH3])
def test_a_content_has_the_same_digest_wherever_it_stands(algorithm: str) -> None:
    digester = ContentDigester("a", algorithm)
    every = digester.of(chosen(CONTACTS, [True] * 4))
    assert (digester.of(chosen(CONTACTS, [False, True, False, True])) == every[[1, 3]]).all()
    assert len(digester.of(chosen(CONTACTS, [False] * 4))) == 0
    assert len(digester.of(chosen([], []))) == 0


def test_those_of_another_snapshot_have_nothing_in_common() -> None:
    one, other = (ContentDigester(name).of(chosen(CONTACTS, [True] * 4)) for name in "ab")
    assert not set(one["high"].tolist()) & set(other["high"].tolist())


def test_earlier_snapshots_have_blake2b_of_contents_too() -> None:
    from hashlib import blake2b, sha256

    made = ContentDigester("a", BLAKE2B).of(chosen(CONTACTS, [True] * 4))
    salt = sha256(b"a").digest()[:16]
    assert [one.tobytes() for one in made] == [
        blake2b(one, digest_size=12, salt=salt).digest() for one in CONTACTS
    ]
