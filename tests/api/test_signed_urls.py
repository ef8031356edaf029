"""What of an address names a file, and what only opens it for a while."""

from __future__ import annotations

import pytest

from email_contacts.api.signed_urls import without_signature

FILE = "https://bucket.example.com/contacts.csv"


@pytest.mark.parametrize(
    "signature",
    [
        "X-Amz-Algorithm=A&X-Amz-Credential=k%2F1&X-Amz-Date=1&X-Amz-Expires=60&X-Amz-Signature=aa",
        "X-Goog-Algorithm=A&X-Goog-Date=1&X-Goog-Signature=aa",
        "AWSAccessKeyId=k&Expires=1&Signature=aa%3D",
        "GoogleAccessId=k&Expires=1&Signature=aa",
        "Expires=1&Signature=aa&Key-Pair-Id=k",
        "sv=2024-11-04&st=1&se=2&sr=b&sp=r&sig=aa%3D",
    ],
)
def test_a_signature_is_left_out_and_what_names_the_file_stays(signature: str) -> None:
    assert without_signature(f"{FILE}?{signature}") == FILE
    assert without_signature(f"{FILE}?versionId=7&{signature}&b=%2F") == f"{FILE}?versionId=7&b=%2F"


@pytest.mark.parametrize(
    "query",
    ["", "?", "?id=7", "?token=names-the-file", "?expires=1&policy=b", "?se=north&st=1", "?a&&b=#sig"],
)
def test_an_address_that_is_not_signed_stays_as_it_is(query: str) -> None:
    assert without_signature(FILE + query) == FILE + query
