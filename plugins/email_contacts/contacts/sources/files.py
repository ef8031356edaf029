"""Which files a source is: one, those of a folder, or those that a pattern names.

Knows names and folders; opens nothing.

- A file is read, regardless of its name.
- A folder is the files in and below it that are of a kind that is read, by their names; where none is, all
  of them. Hive's way of naming folders (``country=DE/part-0.parquet``) is followed as any other: what the
  folders' names say does not become a column.
- A pattern has ``*``, ``?`` or ``[...]`` in its last parts (``2026-*/*.csv.gz``); ``**`` stands for any
  number of folders. A folder that fits stands for all files in it, so ``exports/2026-*`` is what object
  stores call a prefix.

Files and folders whose names begin with ``.``, ``_`` or ``~$`` (``_SUCCESS``, ``_temporary``, ``.part.crc``,
``~$people.xlsx`` while Excel has a workbook open) are markers of those who write, not data. They are left
out, unless the source is that file or the pattern says so.

Files are read in the natural order of their names: ``contacts-9`` before ``contacts-10``. A table of Delta
Lake, Hudi or Iceberg says in its metadata which of its files count, so its folder is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from email_contacts.contacts.errors import SourceMissing
from email_contacts.contacts.paths import AnyPath, local_path
from email_contacts.contacts.sources.compression import uncompressed_name
from email_contacts.contacts.sources.table_formats import refuse_tables

_WILD = frozenset("*?[")
_MARKERS = (".", "_", "~$")
_FOLDER_OF_HADOOP = "_$folder$"  # an object of no bytes, beside the files of the folder
# Kinds that are read, by the endings of their names.
READ = frozenset({"csv", "tsv", "tab", "ndjson", "jsonl", "json", "parquet", "parq", "pq", "xlsx", "xlsm"})
# Kinds that hold rows and are not read: such a file is refused by name, never passed over.
_OTHER_DATA = frozenset(
    {
        *("bz2", "xz", "lz4", "sz", "snappy", "z", "zip", "7z", "rar", "tar", "tgz"),
        *("avro", "orc", "arrow", "feather", "xls", "xlsb", "ods", "db", "sqlite", "mdb", "dat"),
    }
)
_OF_WINDOWS = frozenset({"thumbs.db", "ehthumbs.db"})  # pictures of a folder's files
_NUMBERS = re.compile(r"(\d+)")
# What browsers and file managers put before the ending where there is a file of the name.
_AGAIN = re.compile(r"( ?\(\d+\))((?:\.[^.]+)+)$")
_NAMES_SHOWN = 10


@dataclass(frozen=True)
class SourceFile:
    """One file of a source.

    :param path: where it is.
    :param name: what messages call it: relative to the folder, with ``/`` between its parts.
    :param was_named: whether a pattern fits the file itself, not a folder that holds it.
    """

    path: AnyPath
    name: str
    was_named: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class SomeFiles:
    """Some of a source's files: a partition of it, whose rows are as they would be among the others.

    :param source: what messages and the manifest call the whole source: its URI.
    :param files: at least one, in their order.
    :param first: the file of the source whose columns all others have.
    """

    source: str
    files: tuple[SourceFile, ...]
    first: SourceFile

    @property
    def name(self) -> str:
        """Last part of the source's URI."""
        return self.source.rstrip("/").rpartition("/")[2]

    def __str__(self) -> str:
        """Say the source's URI."""
        return self.source

    def found(self) -> list[SourceFile]:
        """Return the files.

        :raises SourceMissing: when one of them is no longer there.
        """
        for file in (self.first, *self.files):
            if not file.path.exists():
                raise SourceMissing(
                    f"{file.name} of {self} is gone since the source was cut into partitions. Cut it again, "
                    "and prepare all of them."
                )
        return list(self.files)


@dataclass(frozen=True)
class FoundFiles:
    """The files of a source.

    :param files: at least one, in the order of their rows.
    :param left_out: names of files next to them whose kind is not read.
    """

    files: tuple[SourceFile, ...]
    left_out: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what was chosen, for the log."""
        notes = []
        if len(self.files) > 1:
            notes.append(
                f"{len(self.files):,} files in this order: {_listed([file.name for file in self.files])}; of "
                'several rows about one contact the row of the last file counts, unless duplicates="first"'
            )
        if self.left_out:
            notes.append(
                f"not read, because their names do not end in a supported extension: {_listed(self.left_out)}"
            )
        return tuple(notes)


def find_files(source: AnyPath) -> FoundFiles:
    """List the files of a source.

    :param source: a file, a folder, or a pattern.
    :return: sorted by name, numbers in names by their value: the same files give the same order everywhere.
    :raises SourceMissing: when there is none.
    :raises SourceUnreadable: when it is a table of Delta Lake, Hudi or Iceberg.
    """
    said = source
    source = cast("AnyPath", local_path(source) or source)
    _forget_listing(source)
    if source.is_dir():
        refuse_tables(source)
        found = list(_below(source, ""))
        if not found:
            raise SourceMissing(
                f"The folder {said} holds no files. Names that begin with a dot or an underscore do not "
                "count. Check the path, and whether the job that writes it has run."
            )
    elif source.exists():
        return FoundFiles((SourceFile(source, source.name),))
    elif _is_pattern(source):
        found = list(_matching(source))
        if not found:
            raise SourceMissing(
                f"The pattern {said} fits no file. Names that begin with a dot or an underscore do not "
                "count. Check the pattern, and whether the job that writes the files has run."
            )
    else:
        raise SourceMissing(f"The source {said} does not exist. {_advice(source)}")
    return _chosen({file.name: file for file in found}.values())


def _chosen(found: Iterable[SourceFile]) -> FoundFiles:
    """Take the files of kinds that are read, by name; where there is none, all of them."""
    files = sorted(found, key=natural_order)
    is_data = [file.was_named or _holds_rows(file.path.name) for file in files]
    if not any(file.was_named or suffix_of(file.path.name) in READ for file in files):
        return FoundFiles(tuple(files))
    return FoundFiles(
        tuple(file for file, is_one in zip(files, is_data, strict=True) if is_one),
        tuple(file.name for file, is_one in zip(files, is_data, strict=True) if not is_one),
    )


def _holds_rows(name: str) -> bool:
    return suffix_of(name) in READ | _OTHER_DATA and name.lower() not in _OF_WINDOWS


def natural_order(file: SourceFile) -> tuple[list[list[str | int]], str]:
    """Return what files are sorted by: folder by folder, numbers by their value, then letters.

    A file that was fetched again comes after the first: ``export.csv``, ``export (1).csv``.
    """
    *folders, name = file.name.split("/")
    parts: list[list[str | int]] = [
        [int(piece) if place % 2 else piece for place, piece in enumerate(_NUMBERS.split(part))]
        for part in (*folders, _AGAIN.sub(r"\2\1", name))
    ]
    return parts, file.name


def suffix_of(name: str) -> str:
    """Return the ending of a file's name, without that of a compression that is read; in lower case."""
    stem, dot, suffix = uncompressed_name(name).rpartition(".")
    return suffix.lower() if dot and stem else ""


def _forget_listing(source: AnyPath) -> None:
    """Have an object store list its files again: what it listed before may lack new ones.

    Its paths keep listings for as long as the process lives.
    """
    store = getattr(source, "fs", None)
    if store is not None:
        store.invalidate_cache()


def _listed(names: Sequence[str]) -> str:
    if len(names) <= _NAMES_SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[: _NAMES_SHOWN - 1])}, … {names[-1]}"


def _is_pattern(source: AnyPath) -> bool:
    return not _WILD.isdisjoint(str(source))


def _matching(source: AnyPath) -> Iterator[SourceFile]:
    """Look from the nearest folder that is there: on a local disk its name may hold a pattern's signs."""
    base, parts = source, list[str]()
    while _is_pattern(base) and base.parent != base and not base.is_dir():
        parts.insert(0, base.name)
        base = base.parent
    if not base.is_dir():
        return
    refuse_tables(base)
    for path in base.glob("/".join(parts)):
        name = _relative(path, base)
        if _is_marker(name, parts):
            continue
        if path.is_dir():
            yield from _below(path, f"{name}/" if name else "")
        else:
            yield SourceFile(path, name, was_named=True)


def _is_marker(name: str, pattern: list[str]) -> bool:
    """Return whether a part of a name is a marker's that the pattern does not ask for."""
    asked = [part for part in pattern if part.startswith(_MARKERS)]
    return any(map(_is_a_markers, name.split("/"))) and not asked


def _is_a_markers(name: str) -> bool:
    return name.startswith(_MARKERS) or name.endswith(_FOLDER_OF_HADOOP)


def _below(folder: AnyPath, prefix: str) -> Iterator[SourceFile]:
    entries = list(folder.iterdir())
    refuse_tables(folder, [entry.name for entry in entries])
    for entry in entries:
        # An object store may list the folder itself, as an object of no bytes.
        if not entry.name or _is_a_markers(entry.name) or entry == folder:
            continue
        if entry.is_dir():
            yield from _below(entry, f"{prefix}{entry.name}/")
        else:
            yield SourceFile(entry, f"{prefix}{entry.name}")


def _relative(path: AnyPath, base: AnyPath) -> str:
    parts: list[str] = []
    while path != base and path.parent != path:
        parts.insert(0, path.name)
        path = path.parent
    return "/".join(parts)


def _advice(source: AnyPath) -> str:
    """Help with what is not there: a prefix is taken when it says that it is one."""
    folder = source.parent
    begins = sum(entry.name.startswith(source.name) for entry in folder.iterdir()) if folder.is_dir() else 0
    if begins:
        return f"Names in its folder that begin so: {begins}. Put a * at its end to mean them."
    return "Check the path and who may read it."
