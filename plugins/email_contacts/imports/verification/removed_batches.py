"""Submissions of batches that their preparation, cleared since, does not make any more.

Airflow keeps the XComs of mapped tasks that it removed because there are fewer batches now. Knows manifests
and the XComs ``submission``; must not import Airflow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from email_contacts.contacts.staging.manifest import Manifest

Submission = Mapping[str, Any]


def without_removed(
    submissions: Iterable[Submission], manifest_in: Callable[[str], Manifest | None]
) -> tuple[tuple[Submission, ...], frozenset[int]]:
    """Leave out those whose batch is neither in the manifest of its stage any more, nor what it held.

    What was sent under an address that is still in the manifest stays: it is told apart by its content.

    :param manifest_in: gives the manifest in a folder; None where it is not there, and nothing is left out.
    :return: the others, and the processes that belong to none of them.
    """
    kept, removed = list[Submission](), list[Submission]()
    manifests = dict[str, "Manifest | None"]()
    for one in submissions:
        uri, content = str(one.get("batch_uri") or ""), one.get("batch_fingerprint")
        folder = uri.rpartition("/")[0]
        if folder and content and folder not in manifests:
            manifests[folder] = manifest_in(folder)
        manifest = manifests.get(folder)
        is_there = manifest is None or any(
            uri == batch.uri or content == batch.fingerprint for batch in manifest.batches
        )
        (kept if is_there or not content else removed).append(one)
    still = {process_id for one in kept for process_id in processes_of(one)}
    gone = {process_id for one in removed for process_id in processes_of(one)} - still
    return tuple(kept), frozenset(gone)


def processes_of(submission: Submission) -> list[int]:
    """The process that a submission names, and those whose answers came after another try had taken over."""
    named = [submission.get("process_id"), *(submission.get("other_process_ids") or ())]
    return [one for one in named if one is not None]
