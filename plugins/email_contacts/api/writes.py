"""What changes the account: new folders, lists and contacts, imports, removals.

Knows the writing routes and their bodies (api-contract §1, §2, §6). Most of these must not run twice, so an
attempt that ends without a trustworthy answer is :class:`OutcomeUnknown` and not repeated. Must not send:
:class:`Transport` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from email_contacts.api import endpoints
from email_contacts.api.answers import CreatedContact, Removal, read_id, read_process_id
from email_contacts.api.endpoints import Repeat
from email_contacts.api.errors import InvalidRequest
from email_contacts.api.exchange import Call
from email_contacts.api.import_request import ImportRequest, serialise
from email_contacts.api.transport import Transport
from email_contacts.api.validation import check_flag, check_id, check_identifier, check_ids, check_name

#: How many contacts one removal names at most (api-contract §6).
MAX_REMOVED = 150


class Writes:
    """The writing half of :class:`~email_contacts.api.client.ContactsClient`.

    All methods also raise: :class:`InvalidRequest` for an argument against the rules,
    before anything is sent; :class:`BadRequest` when the platform refuses the content;
    :class:`OutcomeUnknown` when it may have run; :class:`NotSent`, :class:`RateLimited`,
    :class:`Unauthorized`, :class:`Forbidden`; :class:`UnexpectedAnswer`.
    """

    _transport: Transport

    def create_folder(self, name: str) -> int:
        """Create a folder (api-contract §1.1). Names are not unique: each call makes another.

        :param name: its name.
        :return: its id.
        """
        body = {"name": check_name(name, what="name")}
        return self._transport.make(Call(endpoints.CREATE_FOLDER, read_id, body=serialise(body)))

    def create_list(self, name: str, *, folder_id: int) -> int:
        """Create a list in a folder (api-contract §1.2). Names are not unique: each call makes another.

        :param name: its name.
        :param folder_id: the folder that gets it.
        :return: its id.
        :raises NotFound: when there is no such folder.
        """
        body = {"name": check_name(name, what="name"), "folderId": check_id(folder_id, what="folder_id")}
        return self._transport.make(Call(endpoints.CREATE_LIST, read_id, body=serialise(body)))

    def create_contact(
        self,
        *,
        email: str | None = None,
        ext_id: str | None = None,
        attributes: Mapping[str, Any] | None = None,
        list_ids: Sequence[int] = (),
        email_blacklisted: bool | None = None,
        sms_blacklisted: bool | None = None,
        update_enabled: bool = False,
        smtp_blacklist_sender: Sequence[str] = (),
    ) -> CreatedContact:
        """Create a contact, or update the one that exists (api-contract §1.3).

        At least one of ``email``, ``ext_id`` and the attribute ``SMS`` identifies it (§8, row 7).

        :param attributes: values by attribute name, in upper case; names that the account does not have are
            silently dropped by the platform.
        :param list_ids: lists to put it in.
        :param email_blacklisted: ``None`` leaves it to the platform.
        :param sms_blacklisted: ``None`` leaves it to the platform.
        :param update_enabled: update a contact that exists. Only then is a failed call made again freely; a
            repeated call reports an update even when its first attempt had created the contact.
        :param smtp_blacklist_sender: senders the contact refuses. Not sent unless ``update_enabled``, as the
            platform takes it only then (§8, row 11).
        :return: what came of it; the id is ``None`` after an update.
        :raises DuplicateContact: when an identifier belongs to another contact.
        """
        attributes = _check_attributes(attributes or {})
        body: dict[str, Any] = {"updateEnabled": check_flag(update_enabled, what="update_enabled")}
        if email is not None:
            body["email"] = check_identifier(email, what="email")
        if ext_id is not None:
            body["ext_id"] = check_identifier(ext_id, what="ext_id")
        if email is None and ext_id is None and not attributes.get("SMS"):
            raise InvalidRequest(
                "a contact needs an identifier: email, ext_id or the attribute SMS (api-contract §8, row 7)"
            )
        if attributes:
            body["attributes"] = attributes
        if lists := check_ids(list_ids, what="list_ids"):
            body["listIds"] = lists
        if email_blacklisted is not None:
            body["emailBlacklisted"] = check_flag(email_blacklisted, what="email_blacklisted")
        if sms_blacklisted is not None:
            body["smsBlacklisted"] = check_flag(sms_blacklisted, what="sms_blacklisted")
        if smtp_blacklist_sender and update_enabled:
            body["smtpBlacklistSender"] = _check_texts(smtp_blacklist_sender, what="smtp_blacklist_sender")
        return self._transport.make(
            Call(
                endpoints.CREATE_CONTACT,
                partial(CreatedContact.read, update_enabled=update_enabled),
                body=serialise(body),
                repeat=Repeat.ALWAYS if update_enabled else None,
            )
        )

    def import_contacts(
        self, request: ImportRequest, *, before_last_byte: Callable[[], None] | None = None
    ) -> int:
        """Start an import (api-contract §1.4, §2). Each call that runs starts another one.

        :param request: what to import.
        :param before_last_byte: called in each attempt when everything but the last byte of the request is
            sent, after all waiting and connecting. What it raises is raised here: nothing was imported then.
        :return: the id of the process that does it; it has only begun.
        :raises NotFound: when the platform says that a list or folder does not exist.
        """
        if not isinstance(request, ImportRequest):
            raise InvalidRequest(
                f"the request is a {type(request).__name__}, and must be an ImportRequest; "
                "make one: ImportRequest(json_body=[...], list_ids=[...])"
            )
        return self._transport.make(
            Call(
                endpoints.IMPORT_CONTACTS,
                read_process_id,
                body=request.to_bytes(),
                before_last_byte=before_last_byte,
            )
        )

    def remove_from_list(
        self,
        list_id: int,
        *,
        emails: Sequence[str] = (),
        ids: Sequence[int] = (),
        ext_ids: Sequence[str] = (),
    ) -> Removal:
        """Take contacts out of a list; they stay in the account (api-contract §6).

        Exactly one of the three, with 1 to 150 entries:

        :param emails: e-mail addresses.
        :param ids: contact ids.
        :param ext_ids: ids of your own.
        :return: how many were removed, and how many were not on the list.
        :raises BadRequest: when none of them was.
        :raises NotFound: when there is no such list.
        """
        named = {
            "emails": _check_texts(emails, what="emails"),
            "ids": check_ids(ids, what="ids"),
            "extIds": _check_texts(ext_ids, what="ext_ids"),
        }
        body = {name: entries for name, entries in named.items() if entries}
        if len(body) != 1 or len(next(iter(body.values()))) > MAX_REMOVED:
            counts = ", ".join(f"{name}: {len(entries)}" for name, entries in named.items())
            raise InvalidRequest(
                f"a removal names contacts in exactly one way, 1 to {MAX_REMOVED} of them; given: {counts} "
                "(api-contract §6)"
            )
        path_ids = {"listId": check_id(list_id, what="list_id")}
        return self._transport.make(
            Call(endpoints.REMOVE_FROM_LIST, Removal.read, ids=path_ids, body=serialise(body))
        )


def _check_attributes(attributes: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(attributes, Mapping):
        raise InvalidRequest(
            f"attributes must be an object of names and values, not {type(attributes).__name__}; a template "
            "renders to text, unless the DAG renders native objects"
        )
    for name in attributes:
        if not isinstance(name, str) or name != name.upper() or not name.strip():
            # An address is no name of an attribute, and must not be shown.
            shown = repr(name) if isinstance(name, str) and "@" not in name else type(name).__name__
            raise InvalidRequest(
                f"the attribute name {shown} must be in upper case, or the platform silently drops it "
                "(api-contract §1.3)"
            )
    return dict(attributes)


def _check_texts(values: Sequence[str], *, what: str) -> tuple[str, ...]:
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        raise InvalidRequest(f"{what} must be a list of texts, not {type(values).__name__}")
    return tuple(check_identifier(value, what=what) for value in values)
