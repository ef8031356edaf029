"""The ledger of a task instance: what Airflow knows of this try of the task."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from email_contacts.imports.submission.ledger import Ledger, recorded_fingerprint
from email_contacts.imports.submission.platform_address import platform_address

if TYPE_CHECKING:
    from airflow.sdk import Context

    from email_contacts.api import ContactsClient
    from email_contacts.imports.submission.import_job import ImportJob


def fingerprint_of(context: Context, job: ImportJob) -> str:
    """The fingerprint under which the running task records an import, or has recorded it."""
    return recorded_fingerprint(context["task_state_store"], job.fingerprint, job.former_fingerprint)


def list_of_first_try(
    context: Context, find_list: Callable[[str, int], int], name: str, folder_id: int
) -> int:
    """The list into which an earlier try imported, or else the one that has the name now.

    Its id is part of what makes it this import. If the list was renamed since, or an older one of its name
    has come to light, a retry that looked again would submit another import.

    :param find_list: finds or creates the list of a name in a folder.
    """
    store, generation = context["task_state_store"], context["ti"].max_tries
    digest = hashlib.sha256(f"{folder_id}/{name}".encode()).hexdigest()
    key = f"email_contacts.new_list.{digest[:16]}"
    kept = store.get(key)
    if isinstance(kept, Mapping) and kept.get("generation") == generation:
        return int(str(kept["list_id"]))
    found = find_list(name, folder_id)
    store.set(key, {"list_id": found, "generation": generation})
    return found


def task_ledger(context: Context, fingerprint: str, client: ContactsClient) -> Ledger:
    """The ledger of an import in the state of the running task.

    :param fingerprint: of the request.
    :param client: of the task's connection.
    """
    return Ledger(
        context["task_state_store"],
        fingerprint,
        # Airflow sets max_tries again when a task is cleared, and leaves it for a retry.
        generation=context["ti"].max_tries,
        # With fewer retries than before, a cleared task may get the same max_tries again.
        clearings=getattr(context.get("dag_run"), "clear_number", None),
        platform=platform_address(client.base_url),
    )
