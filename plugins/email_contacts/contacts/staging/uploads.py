"""Files that a person gives to a run from a browser: where they lie in the staging folder, and their names.

They hold contacts, and are removed as stages are, when they are old. Knows paths; nothing of HTTP.
"""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from secrets import token_hex
from typing import IO, cast

from email_contacts.contacts.paths import AnyPath, local_path
from email_contacts.contacts.sources.compression import SUFFIXES
from email_contacts.contacts.staging.stage import create_private, run_folder

_SUFFIX = rf"\.[a-z0-9]{{1,8}}(?:{'|'.join(map(re.escape, SUFFIXES))})?"
_NAME = "uploaded-contacts"
UPLOADED = re.compile(rf"{_NAME}(?:{_SUFFIX})?")
UPLOADS = "upload"
_SUFFIX_OF = re.compile(rf"[^.]({_SUFFIX})$")


def upload_folder(root: AnyPath, dag_id: str, run_id: str) -> AnyPath:
    """Name the folder of what was uploaded for a run.

    :param root: the staging folder.
    """
    return cast("AnyPath", root / dag_id / run_folder(run_id) / UPLOADS)


def keep_upload(folder: AnyPath, file: IO[bytes], *, name: str) -> AnyPath:
    """Keep a file for a run.

    :param folder: as ``upload_folder`` names it.
    :param file: opened for reading.
    :param name: the file's name on the person's computer; of it the suffix stays, which tells its kind.
    :return: where it is now.
    """
    suffix = _SUFFIX_OF.search(name.lower())
    path = cast("AnyPath", folder / f"{_NAME}{suffix[1] if suffix else ''}")
    local = local_path(path)
    if local is None:
        with create_private(path) as kept:
            shutil.copyfileobj(file, kept)
        return path
    local.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The same form may be sent twice at once, and the first one's run read the file already.
    part = local.with_name(f"{_NAME}.{token_hex(4)}")
    with create_private(cast("AnyPath", part)) as kept:
        shutil.copyfileobj(file, kept)
    part.replace(local)
    return path


def forget_upload(path: AnyPath) -> None:
    """Remove a file for which no run was started, and on a local disk its folder; both may be gone."""
    with suppress(FileNotFoundError):
        path.unlink()
    if (local := local_path(path.parent)) is not None:
        with suppress(OSError):
            local.rmdir()
