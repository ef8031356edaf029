"""Removing the stages of ended runs: they contain personal data, which is kept no longer than needed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import Context

from email_contacts.arguments import InvalidArgument
from email_contacts.failures import failing_at_once
from email_contacts.operators.base import ContactsOperator

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath, XComArg

    from email_contacts.contacts.staging.manifest import Manifest

log = logging.getLogger(__name__)

# An import may wait for a day, and a stage does not change meanwhile.
MIN_AGE = timedelta(days=1)


class CleanStagesOperator(ContactsOperator):
    """Remove the stages of old runs from the connection's staging folder.

    A stage is removed as a whole: batches, lists and receipt. Only folders that a preparation filled are
    touched, in them only files that this package wrote, and only if the newest file is older than the age.

    :param older_than: age of a stage's newest file: a timedelta, or a number of days; at least one day.
        Templated.
    :return: how many stages and files were removed.
    """

    template_fields: Sequence[str] = ("conn_id", "older_than")

    def __init__(
        self, *, older_than: timedelta | float | str | XComArg = timedelta(days=7), **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.older_than = older_than

    @failing_at_once()
    def execute(self, context: Context) -> dict[str, int]:
        """Find the old stages, and remove one after the other."""
        from airflow.sdk import ObjectStoragePath

        from email_contacts.contacts.staging.cleaning import (
            remove_emptied_folders,
            remove_stage,
            stages_older_than,
        )

        age = _as_age(self.older_than)
        root = ObjectStoragePath(self.hook.settings.staging_root)
        removed = {"stages": 0, "files": 0}
        for stage in stages_older_than(root, age):
            files = remove_stage(stage)
            remove_emptied_folders(stage, root)
            removed = {"stages": removed["stages"] + 1, "files": removed["files"] + files}
            self.log.info("removed %s: %d files", stage, files)
        self.log.info("removed %d stages older than %s below %s", removed["stages"], age, root)
        return removed


def remove_sent(manifest: Manifest, stage: ObjectStoragePath) -> None:
    """Remove what was sent from its stage, and from the folders that other tasks staged batches in.

    A file that cannot be removed is logged and no error: the import is still complete, and an old
    stage is removed as a whole.
    """
    from airflow.sdk import ObjectStoragePath

    from email_contacts.contacts.staging.cleaning import remove_bodies

    folders = [str(stage), *(str(ObjectStoragePath(batch.uri).parent) for batch in manifest.batches)]
    try:
        files = sum(
            remove_bodies(cast("Any", ObjectStoragePath(folder))) for folder in dict.fromkeys(folders)
        )
    except OSError as error:
        log.warning("the batches stay in the stage %s: %s", stage, type(error).__name__)
    else:
        log.info("removed what was sent from the stage: %d files", files)


def _as_age(value: Any) -> timedelta:
    try:
        age = value if isinstance(value, timedelta) else timedelta(days=float(value))
    except (TypeError, ValueError, OverflowError):
        age = None
    if age is None or isinstance(value, bool):
        raise InvalidArgument(f"older_than={value!r} is not a timedelta or a number of days")
    if age < MIN_AGE:
        raise InvalidArgument(
            f"older_than={value!r} is less than one day, and an import may wait that long for its turn"
        )
    return age
