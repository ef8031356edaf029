"""Writing contacts that were read from the platform to object storage."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)


def task_name(context: Context) -> str:
    """Name a task instance, the same for every try of it."""
    ti = context["ti"]
    return f"{ti.dag_id}/{ti.run_id}/{ti.task_id}/{ti.map_index}"


def write_contacts(contacts: Iterable[dict[str, Any]], path: str, *, writer: str) -> dict[str, Any]:
    """Write contacts as NDJSON, without holding more than a page; the file is whole, or as it was before.

    They are written to ``NAME.XXXXXXXX.partial`` next to the target, which takes the target's name when it is
    complete. What a killed try leaves of it, the next try of the same task overwrites.

    :param path: where to write; the folder is made when it is missing.
    :param writer: who writes, the same for every try; two tasks never write to one partial file.
    :return: ``path`` and ``contacts`` (how many).
    :raises Exception: the error that ended the reading; the target is unchanged.
    """
    import orjson
    from airflow.sdk import ObjectStoragePath

    target = ObjectStoragePath(path)
    aside = target.parent / f"{target.name}.{sha256(writer.encode()).hexdigest()[:8]}.partial"
    target.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    try:
        with aside.open("wb") as file:  # type: ignore[no-untyped-call]
            for contact in contacts:
                file.write(orjson.dumps(contact, option=orjson.OPT_APPEND_NEWLINE))
                count += 1
        target.fs.mv(aside.path, target.path)
    except BaseException:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
        raise
    log.info("wrote %d contacts to %s", count, path)
    return {"path": path, "contacts": count}
