"""The folders of snapshots and mirrors: found by a name, or given as a path or address.

Knows plain values and paths; no operator.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from email_contacts.arguments import InvalidArgument, as_text

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

# Argument → folder below the staging folder. No stage is in the way: those of a DAG are three levels deep.
FOLDERS = {"snapshot": "snapshots", "mirror": "mirrors"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}")


def named_folder(argument: str, given: Any, staging_root: str) -> ObjectStoragePath:
    """Find the folder of a snapshot or a mirror.

    :param argument: one of ``FOLDERS``.
    :param given: its name, or the path or address of its folder.
    :param staging_root: the connection's staging folder, which holds the named ones.
    :raises InvalidArgument: when it is empty, or the name cannot be that of a folder.
    """
    from airflow.sdk import ObjectStoragePath

    text = as_text(given, argument).strip().rstrip("/")
    if "://" in text or text.startswith("/"):
        return ObjectStoragePath(text)
    if text == "None":
        raise InvalidArgument(
            f"{argument}='None' is what a template makes of None; give the name, or '' for no {argument}"
        )
    if not _NAME.fullmatch(text):
        raise InvalidArgument(
            f"{argument}={text!r} must be a name of letters, digits, '_', '-' and '.', or a folder's address"
        )
    return ObjectStoragePath(staging_root) / FOLDERS[argument] / text
