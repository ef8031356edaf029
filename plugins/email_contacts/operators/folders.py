"""Operators on folders (api-contract §1.1, §1.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context

from email_contacts.arguments import as_choice, as_id, as_name
from email_contacts.failures import failing_at_once
from email_contacts.operators.base import ContactsOperator
from email_contacts.operators.existing import IF_EXISTS, create_unless_found

if TYPE_CHECKING:
    from email_contacts.arguments import IdArg, TextArg


class CreateFolderOperator(ContactsOperator):
    """Create a folder, or find the existing one with this name.

    :param name: the folder's name; surrounding blanks are ignored. Templated.
    :param if_exists: ``reuse`` (default) returns the oldest folder of this name, also if another task
        creates one at the same time; ``create`` always creates
        one, for the platform allows equal names (api-contract §1.1); ``fail`` refuses. Templated.
    :return: the folder's id.
    """

    template_fields: Sequence[str] = ("conn_id", "name", "if_exists")

    def __init__(self, *, name: TextArg, if_exists: str = "reuse", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name = name
        self.if_exists = if_exists

    @failing_at_once()
    def execute(self, context: Context) -> int:
        """Find or create the folder."""
        name = as_name(self.name, "name")
        return create_unless_found(
            f"folder {name!r}",
            as_choice(self.if_exists, "if_exists", IF_EXISTS),
            find=lambda: self.hook.find_folder(name),
            create=lambda: self.hook.client.create_folder(name),
        )


class GetFolderListsOperator(ContactsOperator):
    """Read all lists of a folder, oldest first.

    :param folder_id: the folder's id. Templated.
    :return: one dictionary per list: ``id``, ``name`` and its counters.
    """

    template_fields: Sequence[str] = ("conn_id", "folder_id")

    def __init__(self, *, folder_id: IdArg, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.folder_id = folder_id

    @failing_at_once()
    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Walk the pages of the folder's lists."""
        lists = self.hook.client.iter_folder_lists(as_id(self.folder_id, "folder_id"))
        return [asdict(one) for one in lists]
