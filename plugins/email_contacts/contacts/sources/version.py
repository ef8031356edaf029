"""Whether a source is still the one that was read: names, sizes and versions of its files.

Knows what a file system says of a file; reads none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from email_contacts.contacts.paths import AnyPath, local_path
from email_contacts.contacts.sources.files import SomeFiles, SourceFile, find_files
from email_contacts.contacts.sources.opening import Source
from email_contacts.contacts.sources.sql_rows import Query

# A new number where the same files get other numbers for their rows, so that no list of rows is of these.
_ROWS_ARE_COUNTED = 2
# What object stores call the version of a file, the surest first.
_STAMPS = (
    "ETag",
    "etag",
    "md5Hash",
    "content_md5",
    "LastModified",
    "last_modified",
    "updated",
    "mtime",
)


def version_of(source: Source) -> str:
    """Return a digest that changes when a file of the source is written again.

    It does so too where the content stays the same, except in object stores that say what the content is.

    :return: 32 hexadecimal digits; empty for a query, whose rows have no version.
    :raises SourceMissing: when there is no such file.
    """
    if isinstance(source, Query):
        return ""
    files = source.found() if isinstance(source, SomeFiles) else find_files(source).files
    return joined_versions([_digest(file) for file in files])


def joined_versions(versions: Sequence[str]) -> str:
    """Return the version of several parts of a source together, which is that of the source as a whole.

    :param versions: of parts without a file in common; where one is empty, so is the result.
    """
    if not all(versions):
        return ""
    return f"{sum(int(one, 16) for one in versions) % (1 << 128):032x}"


def _digest(file: SourceFile) -> str:
    said = json.dumps([_ROWS_ARE_COUNTED, file.name, *_state_of(file.path)])
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def _state_of(path: AnyPath) -> tuple[int, str]:
    """Say a file's size, and what tells one version of it from another."""
    if (local := local_path(path)) is not None:
        try:
            state = local.stat()
        except OSError:  # such as a link to nowhere: whoever opens the file says so
            return 0, ""
        return state.st_size, str(state.st_mtime_ns)
    store: Any = path
    info = store.fs.info(str(store.path))
    return int(info.get("size") or 0), str(next((info[name] for name in _STAMPS if info.get(name)), ""))
