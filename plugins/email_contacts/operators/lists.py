"""Operators on lists (api-contract §1.2, §1.6, §1.8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context

from email_contacts.arguments import (
    as_choice,
    as_id,
    as_ids,
    as_instant,
    as_name,
    as_texts,
    exactly_one,
)
from email_contacts.failures import failing_at_once
from email_contacts.links import ListLink
from email_contacts.operators._exports import as_location, task_name, write_contacts
from email_contacts.operators._personal import shown
from email_contacts.operators.base import ContactsOperator
from email_contacts.operators.existing import IF_EXISTS, reuse_or_create_list

if TYPE_CHECKING:
    from airflow.sdk import XComArg

    from email_contacts.api import ContactsClient
    from email_contacts.arguments import IdArg, IdsArg, InstantArg, TextArg

# The platform's error when a request names no contact that is on the list.
NONE_ON_THE_LIST = "list and/or does not exist"


class CreateListOperator(ContactsOperator):
    """Create a list in a folder, or find the existing one with this name.

    :param name: the list's name; surrounding blanks are ignored. Templated.
    :param folder_id: the id of its folder. Templated.
    :param if_exists: ``reuse`` (default) returns the folder's oldest list of this name; ``create`` always
        creates one; ``fail`` refuses. Templated.
    :return: the list's id.
    """

    template_fields: Sequence[str] = ("conn_id", "name", "folder_id", "if_exists")
    operator_extra_links = (ListLink(),)

    def __init__(self, *, name: TextArg, folder_id: IdArg, if_exists: str = "reuse", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name = name
        self.folder_id = folder_id
        self.if_exists = if_exists

    @failing_at_once()
    def execute(self, context: Context) -> int:
        """Find or create the list."""
        name, folder_id = as_name(self.name, "name"), as_id(self.folder_id, "folder_id")
        if_exists = as_choice(self.if_exists, "if_exists", IF_EXISTS)
        list_id = reuse_or_create_list(self.hook, name, folder_id=folder_id, if_exists=if_exists)
        self.list_page = self.hook.settings.list_page(list_id)
        return list_id


class GetListOperator(ContactsOperator):
    """Read a list's name and size.

    :param list_id: the list's id. Templated.
    :return: ``id``, ``name``, ``folder_id``, ``size`` (all members: ``uniqueSubscribers``, the one counter
        that newer platforms keep, api-contract §1.6) and ``created_at``.
    """

    template_fields: Sequence[str] = ("conn_id", "list_id")
    operator_extra_links = (ListLink(),)

    def __init__(self, *, list_id: IdArg, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.list_id = list_id

    @failing_at_once()
    def execute(self, context: Context) -> dict[str, Any]:
        """Read the list."""
        found = self.hook.client.get_list(as_id(self.list_id, "list_id"))
        self.list_page = self.hook.settings.list_page(found.id)
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
        return write_contacts(contacts, as_location(self.path, "path"), writer=task_name(context))


class RemoveFromListOperator(ContactsOperator):
    """Remove contacts from a list; they stay in the account (api-contract §6).

    Any number of them, in requests of 150. A contact that is not on the list counts as not removed,
    which is not an error, so that a retry is safe. Personal data is masked in the log and hidden in the
    rendered fields. An empty list, as a task returns that found nobody, removes nobody.

    Exactly one of the three:

    :param list_id: the list's id. Templated.
    :param emails: e-mail addresses. Templated.
    :param contact_ids: the platform's ids of contacts. Templated.
    :param ext_ids: your own ids for contacts. Templated.
    :return: counts: ``removed``, and ``not_removed`` (not on the list, or not in the account).
    """

    template_fields: Sequence[str] = ("conn_id", "list_id", "emails", "contact_ids", "ext_ids")
    concealed_fields = ("emails", "ext_ids")

    def __init__(
        self,
        *,
        list_id: IdArg,
        emails: Sequence[str] | XComArg = (),
        contact_ids: IdsArg = (),
        ext_ids: Sequence[str] | XComArg = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.list_id = list_id
        self.emails: Any = emails
        self.contact_ids = contact_ids
        self.ext_ids: Any = ext_ids

    @failing_at_once()
    def execute(self, context: Context) -> dict[str, int]:
        """Remove them, 150 at a time."""
        list_id = as_id(self.list_id, "list_id")
        named: dict[str, list[Any]] = {
            "emails": as_texts(shown(self.emails) or (), "emails", is_personal=True),
            "contact_ids": as_ids(self.contact_ids, "contact_ids"),
            "ext_ids": as_texts(shown(self.ext_ids) or (), "ext_ids", is_personal=True),
        }
        given = {name: entries or None for name, entries in named.items()}
        if not any(given.values()) and any(_is_empty_list(getattr(self, name)) for name in named):
            self.log.info("list %d: nobody is to be removed", list_id)
            return {"removed": 0, "not_removed": 0}
        kind = exactly_one(**given)
        result = remove_from_list(self.hook.client, list_id, kind.removeprefix("contact_"), named[kind])
        self.log.info("list %d: removed %d contacts, %d were not on it", list_id, *result.values())
        return result


def _is_empty_list(given: Any) -> bool:
    """Whether it is a list without entries, and not an argument that was left out or is None."""
    if isinstance(given, (str, tuple)):
        return given == "[]"
    return isinstance(given, Sequence) and not len(given)


def remove_from_list(
    client: ContactsClient, list_id: int, kind: str, entries: Sequence[Any]
) -> dict[str, int]:
    """Remove contacts from a list, as many per request as the API allows.

    :param kind: ``emails``, ``ids`` or ``ext_ids``.
    :return: ``removed`` and ``not_removed``.
    """
    from email_contacts.api import BadRequest
    from email_contacts.api.writes import MAX_REMOVED

    removed = 0
    for start in range(0, len(entries), MAX_REMOVED):
        portion = entries[start : start + MAX_REMOVED]
        try:
            removed += client.remove_from_list(list_id, **{kind: portion}).removed
        except BadRequest as error:
            # The platform refuses a request when none of its contacts is on the list (api-contract §6).
            if NONE_ON_THE_LIST not in str(error):
                raise
    return {"removed": removed, "not_removed": len(entries) - removed}
