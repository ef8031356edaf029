"""Writing contacts that were read from the platform to one file in object storage, and where to."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from email_contacts.arguments import InvalidArgument, as_text

if TYPE_CHECKING:
    from airflow.sdk import Context

_CONTACTS_AT_ONCE = 1_000

log = logging.getLogger(__name__)


def task_name(context: Context) -> str:
    """Name a task instance, the same for every try of it."""
    ti = context["ti"]
    return f"{ti.dag_id}/{ti.run_id}/{ti.task_id}/{ti.map_index}"


def as_location(value: Any, name: str) -> str:
    """Read the path or the address of a file or folder that is written; it is returned as it was given.

    A relative one is below whichever folder the worker was started in; so is what renders from None.

    :raises InvalidArgument: when it is empty, relative, or names nothing but a scheme or the root.
    """
    text = as_text(value, name)
    scheme, separator, rest = text.strip().rpartition("://")
    if not separator and not rest.startswith("/"):
        raise InvalidArgument(
            f"{name}={text!r} is a relative path; give an absolute one, or an address such as s3://bucket/folder"
        )
    if not rest.strip("/") or (separator and not scheme):
        raise InvalidArgument(f"{name}={text!r} names no file or folder; give its whole path or address")
    return text


def write_contacts(contacts: Iterable[dict[str, Any]], path: str, *, writer: str) -> dict[str, Any]:
    """Write contacts as NDJSON, without holding more than some pages; the file is whole, or as it was before.

    They are written to ``NAME.XXXXXXXX.partial`` next to the target, which takes the target's name when it is
    complete. What a killed try leaves of it, the next try of the same task overwrites.

    :param path: where to write; the folder is made when it is missing.
    :param writer: who writes, the same for every try; two tasks never write to one partial file.
    :return: ``path`` and ``contacts`` (how many).
    :raises Exception: the error that ended the reading; the target is unchanged.
    """
    from airflow.sdk import ObjectStoragePath

    from email_contacts.exports.aside import take_place, written_aside
    from email_contacts.exports.tables import NdjsonTable

    target = cast("Any", ObjectStoragePath(path))
    aside = target.parent / f"{target.name}.{sha256(writer.encode()).hexdigest()[:8]}.partial"
    count = 0
    with written_aside(aside) as file:
        table, walked = NdjsonTable(file), iter(contacts)
        while some := list(islice(walked, _CONTACTS_AT_ONCE)):
            table.add(some)
            count += len(some)
    take_place(aside, target)
    log.info("wrote %d contacts to %s", count, path)
    return {"path": path, "contacts": count}
