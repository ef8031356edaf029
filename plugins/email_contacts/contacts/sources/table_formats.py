"""Folders that are tables: Delta Lake, Apache Hudi and Apache Iceberg.

Knows how their metadata is named. Which of their files count, and which rows of a file, only the metadata
says: files that lie there loose hold rows that were deleted or replaced long ago.
"""

from __future__ import annotations

from collections.abc import Sequence

from email_contacts.contacts.errors import SourceUnreadable
from email_contacts.contacts.paths import AnyPath

_LOGS = {"_delta_log": "a Delta Lake table", ".hoodie": "an Apache Hudi table"}
_ICEBERG, _METADATA, _DATA = "an Apache Iceberg table", "metadata", "data"
_LEVELS = 4  # partition folders that are looked through upwards


def refuse_tables(folder: AnyPath, names: Sequence[str] | None = None) -> None:
    """Check that a folder is not a table, nor a partition of one.

    :param folder: a folder that is there.
    :param names: the names in it, where they are known; then only it is looked at, not what is above.
    :raises SourceUnreadable: when it is one.
    """
    kind = _kind_of(folder, [entry.name for entry in folder.iterdir()] if names is None else names)
    above = folder
    for _ in range(_LEVELS if names is None else 0):
        if kind or not ("=" in above.name or above.name == _DATA) or above.parent == above:
            break
        above = above.parent
        if not above.is_dir():
            break
        kind = _kind_of(above, [entry.name for entry in above.iterdir()])
    if kind:
        raise SourceUnreadable(
            f"{folder} is {kind if above is folder else f'part of {kind}'}: its metadata says which files "
            "count, and read as loose files it would bring back deleted rows. To import it, read it with SQL "
            "through an engine that knows the format (Spark, Trino, DuckDB, Athena), or export it as Parquet "
            "or CSV first."
        )


def _kind_of(folder: AnyPath, names: Sequence[str]) -> str | None:
    found = next((kind for log, kind in _LOGS.items() if log in names), None)
    if found is None and _METADATA in names:
        metadata = folder / _METADATA
        if metadata.is_dir() and any(entry.name.endswith(".metadata.json") for entry in metadata.iterdir()):
            return _ICEBERG
    return found
