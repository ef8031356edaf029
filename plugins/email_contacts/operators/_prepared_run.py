"""What the tasks of an import run left for the last ones: manifest, submissions, completions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from email_contacts.arguments import InvalidArgument, as_documents, as_ids
from email_contacts.imports.verification.removed_batches import without_removed
from email_contacts.imports.verification.submitted_batches import SubmittedBatches
from email_contacts.operators._approvals import is_held
from email_contacts.operators._exports import as_location

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

    from email_contacts.contacts.staging.manifest import Manifest, Rows


@dataclass(frozen=True)
class PreparedRun:
    """An import run, as far as it got.

    :param stage: the folder of the preparation; None where the preparation did not name one.
    :param manifest: what was prepared; None where it is not there.
    :param batches: what is known of the submission of its batches.
    """

    stage: ObjectStoragePath | None
    manifest: Manifest | None
    batches: SubmittedBatches

    @classmethod
    def read(cls, manifest_uri: Any, *, submissions: Any, process_ids: Any = ()) -> PreparedRun:
        """Read what is there; it is not an error if a task did not run and left nothing.

        :raises email_contacts.arguments.InvalidArgument: for what no task pushes.
        :raises email_contacts.contacts.errors.NotAManifest: for a manifest that was changed.
        """
        from airflow.sdk import ObjectStoragePath

        from email_contacts.contacts.staging.manifest import Manifest

        # Without a preparation there is none; a relative one would be below the worker's own folder.
        is_named = manifest_uri not in (None, "", "None")
        path = ObjectStoragePath(as_location(manifest_uri, "manifest_uri")) if is_named else None
        manifest = Manifest.read(cast("Any", path)) if path is not None and path.is_file() else None
        here = str(path.parent) if path is not None else ""
        kept, removed = without_removed(
            [one for one in as_documents(submissions, "submissions") if one],
            lambda folder: manifest if folder == here else None,
        )
        return cls(
            path.parent if path is not None else None,
            manifest,
            SubmittedBatches(
                batches=manifest.batches if manifest else (),
                submissions=kept,
                process_ids=tuple(one for one in as_ids(process_ids, "process_ids") if one not in removed),
                open_path=lambda uri: cast("Any", ObjectStoragePath(uri)),
            ),
        )

    @property
    def is_held(self) -> bool:
        """Whether brakes have not let the run through, and it sent nothing."""
        if self.stage is None or self.manifest is None or self.batches.is_anything_submitted:
            return False
        return is_held(self.stage, self.manifest)

    @property
    def unfinished_rejects(self) -> str:
        """The list of rejected rows of a preparation that did not finish; empty where there is none."""
        from email_contacts.contacts.staging.stage import REJECTS

        if self.manifest is not None or self.stage is None or not (self.stage / REJECTS).is_file():
            return ""
        return str(self.stage / REJECTS)

    @property
    def unfinished_reasons(self) -> dict[str, int]:
        """How many rows of that list break which rule, the most frequent first; none of a broken list."""
        if self.stage is None or not self.unfinished_rejects:
            return {}
        import csv

        from email_contacts.contacts.staging.rejects import read_rejects
        from email_contacts.contacts.staging.stage import REJECTS

        try:
            file = cast("Any", self.stage / REJECTS).open("rb")
            rules = Counter(one.rule for one in read_rejects(file, rows_before=0))
        except (OSError, ValueError, TypeError, csv.Error):  # a preparation was killed while it wrote
            return {}
        return dict(rules.most_common())

    @property
    def what_is_missing(self) -> str:
        """Why nothing can be verified; empty where there is a manifest."""
        if self.manifest is not None:
            return ""
        if not self.batches.is_anything_submitted:
            return "the preparation did not finish, and its log says why; nothing was submitted"
        where = f"the stage {self.stage} is gone" if self.stage else "the preparation named no stage"
        return f"imports were submitted, but {where}, so it cannot be checked whether all rows arrived"


def manifest_path(given: Any) -> ObjectStoragePath:
    """Where the manifest is that a task cannot do without.

    :raises email_contacts.arguments.InvalidArgument: when the preparation did not name one.
    """
    from airflow.sdk import ObjectStoragePath

    if given in (None, "", "None"):
        raise InvalidArgument(
            "manifest_uri is empty; pass what PrepareContactsOperator pushed as manifest_uri, and run this "
            "task only after a preparation that succeeded"
        )
    return ObjectStoragePath(as_location(given, "manifest_uri"))


def read_rows(counted: Any) -> Rows | None:
    """Read what a preparation pushed as ``rows``: an object, or JSON that a template made of it.

    :raises email_contacts.arguments.InvalidArgument: for anything else.
    """
    from email_contacts.contacts.staging.manifest import Rows

    try:
        counts = json.loads(counted) if isinstance(counted, str) and counted else counted
        return Rows(**counts) if counts else None
    except (TypeError, ValueError) as error:
        raise InvalidArgument("rows must be the XCom rows of PrepareContactsOperator") from error


def read_sizes(before: Any) -> dict[int, int]:
    """Read the sizes of what ``GetListOperator`` returned before the import, once or per list.

    :raises email_contacts.arguments.InvalidArgument: for anything else.
    """
    return {one["id"]: one["size"] for one in _lists(before)}


def read_names(before: Any) -> dict[int, str]:
    """Read the names of what ``GetListOperator`` returned before the import, once or per list."""
    return {one["id"]: str(one["name"]) for one in _lists(before) if one.get("name")}


def _lists(before: Any) -> list[Mapping[str, Any]]:
    lists = [one for one in as_documents(before, "sizes_before") if one]
    if any(not {"id", "size"} <= one.keys() for one in lists):
        raise InvalidArgument("sizes_before must be what GetListOperator returned, once or per list")
    return lists
