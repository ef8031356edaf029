"""Roots in an object store: bucket, prefix and the connection that opens it count."""

from __future__ import annotations

import pytest
from airflow.sdk import ObjectStoragePath

from email_contacts.contacts.errors import SourceForbidden
from email_contacts.contacts.sources.allowed_roots import AllowedRoots
from local.object_store import BUCKET, ObjectStore


@pytest.fixture
def roots(object_store: ObjectStore) -> AllowedRoots:
    """One prefix of a bucket, with a file, beside another prefix."""
    for name in ("exports", "exports-of-others"):
        object_store.path(name, "a.csv").write_bytes(b"email\n")
    return AllowedRoots([object_store.path("exports")])


@pytest.mark.parametrize("said", ["exports/a.csv", "exports", "exports/*.csv"])
def test_what_is_below_the_prefix_may_be_read(
    roots: AllowedRoots, object_store: ObjectStore, said: str
) -> None:
    roots.check(object_store.path(said), argument="source")


@pytest.mark.parametrize(
    "said",
    ["exports-of-others/a.csv", "exports/../exports-of-others/a.csv", "*/a.csv", "", "exports/.hidden"],
)
def test_what_is_elsewhere_in_the_bucket_is_refused(
    roots: AllowedRoots, object_store: ObjectStore, said: str
) -> None:
    with pytest.raises(SourceForbidden):
        roots.check(ObjectStoragePath(f"{object_store.uri}/{said}"), argument="source")


@pytest.mark.parametrize("authority", ["any_conn@", ""])
def test_another_connection_is_not_borrowed(roots: AllowedRoots, authority: str) -> None:
    with pytest.raises(SourceForbidden):
        roots.check(ObjectStoragePath(f"s3://{authority}{BUCKET}/exports/a.csv"), argument="source")
