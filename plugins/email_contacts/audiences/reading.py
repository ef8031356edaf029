"""The audiences of a folder: those that can be read, and what is wrong with the others.

Knows files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from email_contacts.audiences.document import Audience, AudienceError
from email_contacts.contacts.choices import KEEP
from email_contacts.contacts.paths import AnyPath

_ENDINGS = (".yaml", ".yml", ".json")


@dataclass(frozen=True)
class BrokenAudience:
    """A file that is no audience.

    :param name: what stands for its name in ids.
    :param file: the file's name.
    :param fault: what is wrong.
    """

    name: str
    file: str
    fault: str


def audience_files(folder: Path) -> list[Path]:
    """Give the audience files of a folder, in the order of their names; hidden ones are passed over."""
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix in _ENDINGS and not path.name.startswith(".") and path.is_file()
    )


def read_audience(path: Path) -> Audience | BrokenAudience:
    """Read an audience, and see that it fits those beside it.

    :param path: the file; others of its folder are read only if this one removes contacts.
    """
    read = _read(path)
    if isinstance(read, BrokenAudience) or read.gone == KEEP:
        return read
    others = {one.name: _read(one) for one in audience_files(path.parent) if one.name != path.name}
    return _alone(read, path.name, others)


def read_audiences(folder: Path, *, only: str = "") -> Iterator[Audience | BrokenAudience]:
    """Read the audiences of a folder; one that is broken does not concern the others.

    :param only: give the one of this name and no other; empty: all.
    """
    found: dict[str, Audience | BrokenAudience] = {}
    names: set[str] = set()
    for path in audience_files(folder):
        name = _id_of(path.stem)
        if only not in ("", name):
            continue
        if name in names:
            found[path.name] = BrokenAudience(
                _id_of(path.name),
                path.name,
                f"There is another audience file of the name {path.stem}. Keep one.",
            )
        else:
            found[path.name] = read_audience(path) if only else _read(path)
        names.add(name)
    for file, read in found.items():
        yield read if isinstance(read, BrokenAudience) else _alone(read, file, found)


def _read(path: Path) -> Audience | BrokenAudience:
    try:
        return Audience.read(cast("AnyPath", path))
    except AudienceError as error:
        return BrokenAudience(_id_of(path.stem), path.name, str(error))


def _alone(
    audience: Audience, file: str, others: Mapping[str, Audience | BrokenAudience]
) -> Audience | BrokenAudience:
    """Give an audience back, unless it would remove the contacts of another one.

    :param file: its name.
    :param others: file → what it holds; may hold the audience itself.
    """
    if audience.gone == KEEP:
        return audience
    for other, read in others.items():
        if other != file and isinstance(read, Audience) and read.target == audience.target:
            return BrokenAudience(
                audience.name,
                file,
                f'"gone: {audience.gone}" in {file} needs a list of its own, but {other} fills the same one, '
                f'"{audience.list}" in the folder "{audience.folder}": its contacts would count as gone. '
                f'Give one of them another list, or set "gone: keep" in {file}.',
            )
    return audience


def _id_of(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "-", name)
