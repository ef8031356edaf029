"""What ``ImportContactsOperator`` is given, read and checked: a staged batch, a list to make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from email_contacts.arguments import InvalidArgument, as_id, as_text


def read_batch(uri: str) -> bytes:
    """Read a batch that ``PrepareContactsOperator`` staged.

    :raises InvalidArgument: when it is not there.
    """
    from airflow.sdk import ObjectStoragePath

    batch = ObjectStoragePath(uri)
    if not batch.is_file():
        raise InvalidArgument(
            f"batch_uri={uri!r} is not there; run the preparation again, on a stage that every worker reaches"
        )
    return bytes(batch.read_bytes())


def read_new_list(given: Mapping[str, Any]) -> tuple[str, int]:
    """Read the argument ``new_list``.

    :return: the list's name, and the id of its folder.
    :raises InvalidArgument: when it is not ``{"list_name": ..., "folder_id": ...}``.
    """
    if set(given) != {"list_name", "folder_id"}:
        raise InvalidArgument(
            f"new_list has the keys {sorted(given)}; it takes list_name and folder_id, both"
        )
    return as_text(given["list_name"], "new_list.list_name"), as_id(given["folder_id"], "new_list.folder_id")
