"""Writing contacts that were read from the platform to object storage."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from itertools import chain, islice
from typing import Any

log = logging.getLogger(__name__)


def write_contacts(contacts: Iterable[dict[str, Any]], path: str) -> dict[str, Any]:
    """Write contacts as NDJSON, as they come, without holding more than a page.

    :param path: where to write; the folder is made when it is missing.
    :return: ``path`` and ``contacts`` (how many).
    :raises Exception: whatever ended the reading; then no file is left that looks complete.
    """
    import orjson
    from airflow.sdk import ObjectStoragePath

    target = ObjectStoragePath(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    # The first page before the file is opened: an unknown list must not empty the file of yesterday.
    rows = iter(contacts)
    first = list(islice(rows, 1))
    count = 0
    try:
        with target.open("wb") as file:  # type: ignore[no-untyped-call]
            for contact in chain(first, rows):
                file.write(orjson.dumps(contact, option=orjson.OPT_APPEND_NEWLINE))
                count += 1
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    log.info("wrote %d contacts to %s", count, path)
    return {"path": path, "contacts": count}
