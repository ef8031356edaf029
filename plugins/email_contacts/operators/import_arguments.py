"""What ``ImportContactsOperator`` is given, read and checked: its request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from email_contacts.arguments import InvalidArgument, as_flag, as_id, as_ids, as_name, as_text, exactly_one
from email_contacts.imports.submission.staged_file import StagedFile
from email_contacts.operators.existing import reuse_or_create_list
from email_contacts.operators.staged_files import is_for_fetching, signed_address, staged_batch

if TYPE_CHECKING:
    from email_contacts.api import ImportRequest
    from email_contacts.operators.imports import ImportContactsOperator


@dataclass(frozen=True)
class Order:
    """An import as it was ordered.

    :param request: what to send.
    :param staged: the staged file that the platform is to fetch; None when there is none.
    :param sign: makes an address of that file which is good from now on.
    """

    request: ImportRequest
    staged: StagedFile | None = None
    sign: Callable[[], str] | None = None


def read_order(given: ImportContactsOperator) -> Order:
    """Make the request of the operator's arguments; a new list is found or created for it.

    :raises InvalidArgument: for an argument that is not what it should be.
    :raises email_contacts.api.InvalidRequest: for arguments that do not go together.
    """
    from email_contacts.api import ImportRequest

    exactly_one(
        batch_uri=given.batch_uri,
        file_url=given.file_url,
        file_body=given.file_body,
        json_body=given.json_body,
    )
    staged, sign, prepared = None, None, None
    file_url = as_text(given.file_url, "file_url") if given.file_url else None
    if given.batch_uri:
        batch = staged_batch(as_text(given.batch_uri, "batch_uri"))
        if is_for_fetching(batch.name):
            staged = StagedFile.at(batch)
            sign = partial(signed_address, staged, expires=given.file_url_expires)
            file_url = sign()
        else:
            prepared = bytes(batch.read_bytes())
    request = ImportRequest(
        prepared=prepared,
        file_url=file_url,
        file_fingerprint=staged.fingerprint if staged else None,
        file_body=given.file_body,
        json_body=given.json_body,
        list_ids=_read_targets(given),
        notify_url=as_text(given.notify_url, "notify_url") if given.notify_url else None,
        email_blacklist=as_flag(given.email_blacklist, "email_blacklist"),
        sms_blacklist=as_flag(given.sms_blacklist, "sms_blacklist"),
        disable_notification=as_flag(given.disable_notification, "disable_notification"),
        update_existing_contacts=as_flag(given.update_existing_contacts, "update_existing_contacts"),
        empty_contacts_attributes=as_flag(given.empty_contacts_attributes, "empty_contacts_attributes"),
    )
    return Order(request, staged, sign)


def _read_targets(given: ImportContactsOperator) -> list[int]:
    list_ids = as_ids(given.list_ids, "list_ids")
    if not given.new_list:
        return list_ids
    name, folder_id = _read_new_list(given.new_list)
    return [*list_ids, reuse_or_create_list(given.hook, name, folder_id=folder_id)]


def _read_new_list(given: Mapping[str, Any]) -> tuple[str, int]:
    if set(given) != {"list_name", "folder_id"}:
        raise InvalidArgument(
            f"new_list has the keys {sorted(given)}; it takes list_name and folder_id, both"
        )
    return as_name(given["list_name"], "new_list.list_name"), as_id(given["folder_id"], "new_list.folder_id")
