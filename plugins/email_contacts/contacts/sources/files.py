"""Which files a source is: one, those of a folder, or those that a pattern names.

Knows names and folders; opens nothing.

- A file is itself, whatever its name.
- A folder is all files in and below it. Hive's way of naming folders (``country=DE/part-0.parquet``) is
  followed as any other: what the folders' names say does not become a column.
- A pattern has ``*``, ``?`` or ``[...]`` in its last parts (``2026-*/*.csv.gz``); ``**`` stands for any
  number of folders. A folder that fits stands for all files in it, so ``exports/2026-*`` is what object
  stores call a prefix.

Files and folders whose names begin with ``.`` or ``_`` (``_SUCCESS``, ``_temporary``, ``.part.crc``) are
markers of those who write, not data. They are left out, unless the source is that file or the pattern says
so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from email_contacts.contacts.errors import SourceMissing
from email_contacts.contacts.paths import AnyPath, local_path

_WILD = frozenset("*?[")
_MARKERS = (".", "_")


@dataclass(frozen=True)
class SourceFile:
    """One file of a source.

    :param path: where it is.
    :param name: what messages call it: relative to the folder, with ``/`` between its parts.
    """

    path: AnyPath
    name: str


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
        """Give the files.

        :raises SourceMissing: when one of them is no longer there.
        """
        for file in (self.first, *self.files):
            if not file.path.exists():
                raise SourceMissing(
                    f"{file.name} of {self} is gone since the source was cut into partitions. Cut it again, "
                    "and prepare all of them."
                )
        return list(self.files)


def find_files(source: AnyPath) -> list[SourceFile]:
    """List the files of a source.

    :param source: a file, a folder, or a pattern.
    :return: at least one, sorted by name: the same files give the same order everywhere.
    :raises SourceMissing: when there is none.
    """
    said = source
    source = cast("AnyPath", local_path(source) or source)
    if source.is_dir():
        found = list(_below(source, ""))
        if not found:
            raise SourceMissing(
                f"The folder {said} holds no files. Names that begin with a dot or an underscore do not "
                "count. Check the path, and whether what writes it has run."
            )
    elif source.exists():
        return [SourceFile(source, source.name)]
    elif _is_pattern(source):
        found = list(_matching(source))
        if not found:
            raise SourceMissing(
                f"The pattern {said} fits no file. Names that begin with a dot or an underscore do not "
                "count. Check the pattern, and whether what writes the files has run."
            )
    else:
        raise SourceMissing(f"The source {said} does not exist. {_advice(source)}")
    return sorted({file.name: file for file in found}.values(), key=lambda file: file.name.split("/"))


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
    for path in base.glob("/".join(parts)):
        name = _relative(path, base)
        if _is_marker(name, parts):
            continue
        if path.is_dir():
            yield from _below(path, f"{name}/" if name else "")
        else:
            yield SourceFile(path, name)


def _is_marker(name: str, pattern: list[str]) -> bool:
    """Tell whether a part of a name is a marker's that the pattern does not ask for."""
    asked = [part for part in pattern if part.startswith(_MARKERS)]
    return any(part.startswith(_MARKERS) for part in name.split("/")) and not asked


def _below(folder: AnyPath, prefix: str) -> Iterator[SourceFile]:
    for entry in folder.iterdir():
        # An object store may list the folder itself, as an object of no bytes.
        if not entry.name or entry.name.startswith(_MARKERS) or entry == folder:
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
