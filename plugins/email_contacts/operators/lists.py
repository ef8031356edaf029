"""Operators on lists (api-contract §1.2, §1.6, §1.8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context

from email_contacts.arguments import as_choice, as_id, as_instant, as_text
from email_contacts.failures import failing_at_once
from email_contacts.operators._exports import write_contacts
from email_contacts.operators.base import ContactsOperator
from email_contacts.operators.existing import IF_EXISTS, reuse_or_create_list

if TYPE_CHECKING:
    from email_contacts.arguments import IdArg, InstantArg, TextArg


class CreateListOperator(ContactsOperator):
    """Create a list in a folder, or find the one that has the name already.

    :param name: the list's name. Templated.
    :param folder_id: the id of its folder. Templated.
    :param if_exists: ``reuse`` (default) returns the folder's oldest list of this name; ``create`` always
        creates one; ``fail`` refuses. Templated.
    :return: the list's id.
    """

    template_fields: Sequence[str] = ("conn_id", "name", "folder_id", "if_exists")

    def __init__(self, *, name: TextArg, folder_id: IdArg, if_exists: str = "reuse", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name = name
        self.folder_id = folder_id
        self.if_exists = if_exists

    @failing_at_once()
    def execute(self, context: Context) -> int:
        """Find or create the list."""
        name, folder_id = as_text(self.name, "name"), as_id(self.folder_id, "folder_id")
        if_exists = as_choice(self.if_exists, "if_exists", IF_EXISTS)
        return reuse_or_create_list(self.hook, name, folder_id=folder_id, if_exists=if_exists)


class GetListOperator(ContactsOperator):
    """Read a list's name and size.

    :param list_id: the list's id. Templated.
    :return: ``id``, ``name``, ``folder_id``, ``size`` (all members: ``uniqueSubscribers``, the one counter
        that newer platforms keep, api-contract §1.6) and ``created_at``.
    """

    template_fields: Sequence[str] = ("conn_id", "list_id")

    def __init__(self, *, list_id: IdArg, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.list_id = list_id

    @failing_at_once()
    def execute(self, context: Context) -> dict[str, Any]:
        """Read the list."""
        found = self.hook.client.get_list(as_id(self.list_id, "list_id"))
        return {
            "id": found.id,
            "name": found.name,
            "folder_id": found.folder_id,
            "size": found.unique_subscribers,
            "created_at": found.created_at.isoformat() if found.created_at else None,
        }


class GetListContactsOperator(ContactsOperator):
    """Write the contacts of a list to object storage, one JSON document a line.

    :param list_id: the list's id. Templated.
    :param path: where to write (``file:///...``, ``s3://...``); overwritten. Templated.
    :param modified_since: only contacts modified at or after this instant (api-contract §4). Templated.
    :return: ``path`` and ``contacts`` (how many). Nothing personal.
    """

    template_fields: Sequence[str] = ("conn_id", "list_id", "path", "modified_since")

    def __init__(
        self, *, list_id: IdArg, path: TextArg, modified_since: InstantArg = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.list_id = list_id
        self.path = path
        self.modified_since = modified_since

    @failing_at_once()
    def execute(self, context: Context) -> dict[str, Any]:
        """Walk the pages and write."""
        contacts = self.hook.client.iter_list_contacts(
            as_id(self.list_id, "list_id"), modified_since=as_instant(self.modified_since, "modified_since")
        )
        return write_contacts(contacts, as_text(self.path, "path"))
