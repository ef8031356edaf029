"""An import that only the platform's callback can end."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import dag, task

import email_contacts
from email_contacts.operators.folders import CreateFolderOperator
from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.operators.lists import CreateListOperator


# On a machine that is busy enough, Airflow fails a task that has not even begun.
@dag(
    dag_id="from_the_wheel",
    schedule=None,
    default_args={"retries": 5, "retry_delay": timedelta(seconds=1)},
)
def from_the_wheel() -> None:
    """Import two people into a new list, and tell where the package lies."""

    @task
    def package() -> str:
        return str(email_contacts.__file__)

    folder = CreateFolderOperator(task_id="folder", name="Wheel")
    target = CreateListOperator(task_id="list", name="Wheel", folder_id=folder.output)
    people = [{"email": "ada@example.com"}, {"email": "grace@example.com"}]
    imported = ImportContactsOperator(
        task_id="import", list_ids=[target.output], json_body=people, deferrable=True
    )
    package() >> folder >> target >> imported


from_the_wheel()
