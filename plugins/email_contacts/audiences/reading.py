"""The audiences of a folder: those that can be read, and what is wrong with the others.

Knows files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from email_contacts.audiences.document import Audience, AudienceError
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


def read_audiences(folder: Path, *, only: str = "") -> Iterator[Audience | BrokenAudience]:
    """Read the audiences of a folder; one that is broken does not concern the others.

    :param only: read the one of this name and no other; empty: all.
    """
    names: set[str] = set()
    for path in audience_files(folder):
        name = re.sub(r"[^A-Za-z0-9_-]", "-", path.stem)
        if only not in ("", name):
            continue
        if name in names:
            name = re.sub(r"[^A-Za-z0-9_-]", "-", path.name)
            yield BrokenAudience(
                name, path.name, f"There is another audience file of the name {path.stem}. Keep one."
            )
            continue
        names.add(name)
        try:
            yield Audience.read(cast("AnyPath", path))
        except AudienceError as error:
            yield BrokenAudience(name, path.name, str(error))
