"""Which files may be read where somebody else than the DAG's author says which: those below allowed roots.

Knows paths; opens nothing. Symbolic links are resolved, so that none leads out of a root; what is not
provably below a root is refused, with the same message whether or not it is there.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from email_contacts.contacts.errors import SourceForbidden
from email_contacts.contacts.paths import AnyPath, local_path
from email_contacts.contacts.sources.files import find_files


@dataclass(frozen=True)
class AllowedRoots:
    """Folders and prefixes of buckets.

    :param roots: paths of the kinds that sources have; none allows nothing.
    """

    roots: Sequence[AnyPath]

    def check(self, path: AnyPath, *, argument: str) -> None:
        """Check that a file, folder or pattern, and every file that it stands for, is below a root.

        :param argument: what messages call it.
        :raises SourceForbidden: when it is not.
        :raises SourceMissing: when it is, and there is no such file.
        """
        self._check_one(path, argument)
        for file in find_files(path).files:
            self._check_one(file.path, argument)

    def _check_one(self, path: AnyPath, argument: str) -> None:
        if not any(_is_below(path, root) for root in self.roots):
            places = ", ".join(map(str, self.roots)) or "none"
            raise SourceForbidden(
                f"{argument}: only files below these roots may be read here: {places}. Hidden files, links "
                'that lead out of a root and ".." are refused. Move the file, or add its folder to '
                "source_roots of the connection."
            )


def _is_below(path: AnyPath, root: AnyPath) -> bool:
    if ".." in str(path).split("/"):
        return False
    local, local_root = local_path(path), local_path(root)
    if local is not None and local_root is not None:
        within = _within(local, local_root)
    elif local is None and local_root is None and _store(path) == _store(root):
        within = _parts_below(_key(path), _key(root))
    else:
        return False
    # What begins with a dot is kept by tools for themselves: .env, .git, .airflow.
    return within is not None and not any(part.startswith(".") for part in within)


def _within(path: Path, root: Path) -> tuple[str, ...] | None:
    """Return the parts of a resolved path below a resolved root; None when it is elsewhere."""
    try:
        if not path.is_absolute():
            return None
        real = Path(os.path.realpath(path))
        return real.relative_to(os.path.realpath(root)).parts
    except (OSError, ValueError):  # ValueError: elsewhere, or no path at all, such as one with a NUL
        return None


def _parts_below(key: str, root: str) -> tuple[str, ...] | None:
    parts, above = key.split("/"), [part for part in root.split("/") if part]
    return tuple(parts[len(above) :]) if parts[: len(above)] == above else None


def _store(path: AnyPath) -> tuple[Any, ...]:
    """Name what holds a path: the kind of store, and the connection that opens it."""
    return getattr(path, "protocol", None), getattr(path, "conn_id", None)


def _key(path: Any) -> str:
    return str(path.path).strip("/")
