"""Where sources and stages are: the little that is asked of a path.

Knows the shape of ``pathlib.Path``, which ``upath.UPath`` and Airflow's ``ObjectStoragePath`` share. Imports
neither of the latter: the caller makes the path, so a bucket works here without this room knowing of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol


class AnyPath(Protocol):
    """The part of ``pathlib.Path`` that sources and stages need; ``str(path)`` is the file's URI."""

    @property
    def name(self) -> str:
        """Last part of the path."""
        ...

    @property
    def parent(self) -> Any:
        """The path of the folder that holds it."""
        ...

    def open(self, mode: str, /) -> Any:
        """Open the file; only binary modes are asked for."""
        ...

    def exists(self) -> bool:
        """Whether anything is there."""
        ...

    def is_dir(self) -> bool:
        """Whether a folder is there."""
        ...

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        """Make the folder."""
        ...

    def iterdir(self) -> Iterator[Any]:
        """Walk the paths in the folder."""
        ...

    def glob(self, pattern: str, /) -> Iterator[Any]:
        """Walk the paths below the folder that fit a pattern of names."""
        ...

    def unlink(self) -> None:
        """Remove the file."""
        ...

    def __truediv__(self, name: str, /) -> Any:
        """Return the path of a file in the folder."""
        ...


def local_path(path: AnyPath) -> Path | None:
    """Return the path on this machine's own disk, or None for object storage.

    Local files are opened without the detour over ``fsspec``: that is quicker, and lets their permissions be
    set.

    :param path: a ``pathlib.Path``, or a path with ``protocol`` and ``path`` as UPath has them.
    """
    protocol = getattr(path, "protocol", None)
    if protocol is None:
        return path if isinstance(path, Path) else None
    return Path(str(path.path)) if protocol in ("", "file", "local") else None  # type: ignore[attr-defined]
