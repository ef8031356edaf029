"""What can be asked of the platform: folders, lists, contacts, attributes, processes.

Knows the reading routes and their parameters (api-contract §1, §2.3, §6). Every method here may be called
again without harm, and is, when an attempt fails. Must not send: :class:`Transport` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from functools import partial
from typing import Any, Literal, TypeVar

from email_contacts.api import endpoints
from email_contacts.api.answers import (
    Attribute,
    ContactList,
    Folder,
    ListSummary,
    Page,
    read_contact,
)
from email_contacts.api.endpoints import Endpoint
from email_contacts.api.errors import InvalidRequest
from email_contacts.api.exchange import Call
from email_contacts.api.paging import walk
from email_contacts.api.processes import Process
from email_contacts.api.transport import Transport
from email_contacts.api.validation import Params, check_id, check_identifier, instant_param, page_params

T = TypeVar("T")

Contact = dict[str, Any]
Instant = datetime | str
Sort = Literal["asc", "desc"]
IdentifierType = Literal["email_id", "contact_id", "ext_id", "phone_id", "whatsapp_id", "landline_number_id"]
_IDENTIFIER_TYPES = ("email_id", "contact_id", "ext_id", "phone_id", "whatsapp_id", "landline_number_id")


#: At ten requests a second these use up the limit as long as an answer takes less than 0.8 s.
PAGES_IN_FLIGHT = 8


class Reads:
    """The reading half of :class:`~email_contacts.api.client.ContactsClient`.

    All methods also raise: :class:`InvalidRequest` for an argument against the rules,
    before anything is sent; :class:`Unavailable` and :class:`NotSent` after failed attempts;
    :class:`RateLimited`; :class:`Unauthorized`, :class:`Forbidden`; :class:`UnexpectedAnswer`.
    """

    _transport: Transport

    def folder_lists(
        self, folder_id: int, *, limit: int = 10, offset: int = 0, sort: Sort = "desc"
    ) -> Page[ListSummary]:
        """Get a page of the lists in a folder (api-contract §1.5).

        :param folder_id: the folder.
        :param limit: lists on the page, up to 50.
        :param offset: lists to skip.
        :param sort: by creation.
        :raises NotFound: when there is no such folder.
        """
        ids = {"folderId": check_id(folder_id, what="folder_id")}
        return self._page(endpoints.FOLDER_LISTS, "lists", ListSummary.read, ids, limit, offset, sort)

    def get_list(
        self, list_id: int, *, start_date: Instant | None = None, end_date: Instant | None = None
    ) -> ContactList:
        """Get one list (api-contract §1.6).

        :param list_id: the list.
        :param start_date: beginning of the campaign statistics' period; needs ``end_date``. An aware
            ``datetime``, or an ISO string with a time zone.
        :param end_date: its end.
        :raises NotFound: when there is no such list.
        """
        if (start_date is None) != (end_date is None):
            raise InvalidRequest(
                "start_date and end_date must be given together, or not at all (api-contract §1.6)"
            )
        return self._transport.make(
            Call(
                endpoints.GET_LIST,
                ContactList.read,
                ids={"listId": check_id(list_id, what="list_id")},
                params={
                    **instant_param("startDate", start_date, what="start_date"),
                    **instant_param("endDate", end_date, what="end_date"),
                },
            )
        )

    def contacts(
        self,
        *,
        limit: int = 50,
        offset: int = 0,
        sort: Sort = "desc",
        modified_since: Instant | None = None,
        created_since: Instant | None = None,
    ) -> Page[Contact]:
        """Get a page of all contacts (api-contract §1.7).

        :param limit: contacts on the page, up to 1000.
        :param offset: contacts to skip.
        :param sort: by creation.
        :param modified_since: only those modified at this instant or later; an aware ``datetime``, or an ISO
            string with a time zone. Sent in UTC, rounded down to the second.
        :param created_since: the same for their creation.
        :return: contacts as plain dictionaries; ``count`` ignores the filters.
        """
        filters = {
            **instant_param("modifiedSince", modified_since, what="modified_since"),
            **instant_param("createdSince", created_since, what="created_since"),
        }
        return self._page(endpoints.CONTACTS, "contacts", read_contact, {}, limit, offset, sort, filters)

    def list_contacts(
        self,
        list_id: int,
        *,
        limit: int = 50,
        offset: int = 0,
        sort: Sort = "desc",
        modified_since: Instant | None = None,
    ) -> Page[Contact]:
        """Get a page of the contacts in a list (api-contract §1.8); parameters as in :meth:`contacts`.

        :param list_id: the list.
        :param limit: contacts on the page, up to 500.
        :raises NotFound: when there is no such list.
        """
        ids = {"listId": check_id(list_id, what="list_id")}
        filters = instant_param("modifiedSince", modified_since, what="modified_since")
        return self._page(
            endpoints.LIST_CONTACTS, "contacts", read_contact, ids, limit, offset, sort, filters
        )

    def folders(self, *, limit: int = 10, offset: int = 0, sort: Sort = "desc") -> Page[Folder]:
        """Get a page of folders, up to 50 (api-contract §6).

        :raises RouteMissing: when the platform does not offer it.
        """
        return self._page(endpoints.FOLDERS, "folders", Folder.read, {}, limit, offset, sort)

    def lists(self, *, limit: int = 10, offset: int = 0, sort: Sort = "desc") -> Page[ListSummary]:
        """Get a page of the account's lists, up to 50, with their folders (api-contract §6).

        :raises RouteMissing: when the platform does not offer it.
        """
        return self._page(endpoints.LISTS, "lists", ListSummary.read, {}, limit, offset, sort)

    def attributes(self) -> tuple[Attribute, ...]:
        """Get all attributes that contacts may have (api-contract §3, §6).

        :raises RouteMissing: when the platform does not offer it.
        """
        return self._transport.make(Call(endpoints.ATTRIBUTES, Attribute.read_all))

    def process(self, process_id: int) -> Process:
        """Get one background process (api-contract §2.3).

        :param process_id: as an import returned it.
        :raises RouteMissing: when the platform does not offer it.
        :raises NotFound: when it does, and knows no such process.
        """
        ids = {"processId": check_id(process_id, what="process_id")}
        return self._transport.make(Call(endpoints.GET_PROCESS, Process.read, ids=ids))

    def processes(self, *, limit: int = 10, offset: int = 0, sort: Sort = "desc") -> Page[Process]:
        """Get a page of background processes, up to 50 (api-contract §2.3).

        It counts against the small hourly allowance (§5): one page for many processes is cheaper than one
        :meth:`process` each.

        :raises RouteMissing: when the platform does not offer it.
        """
        return self._page(endpoints.PROCESSES, "processes", Process.read, {}, limit, offset, sort)

    def get_contact(self, identifier: str | int, *, identifier_type: IdentifierType | None = None) -> Contact:
        """Get one contact (api-contract §6). The identifier is shown in no message and no log.

        :param identifier: e-mail address or contact id, or what ``identifier_type`` says.
        :param identifier_type: what kind it is; the platform finds out addresses and contact ids itself.
        :raises NotFound: when there is no such contact.
        """
        if identifier_type is not None and identifier_type not in _IDENTIFIER_TYPES:
            raise InvalidRequest(
                f"identifier_type={identifier_type!r} must be one of {', '.join(_IDENTIFIER_TYPES)} "
                "(api-contract §6)"
            )
        if isinstance(identifier, int):
            identifier = str(check_id(identifier, what="identifier"))
        params: Params = {} if identifier_type is None else {"identifierType": identifier_type}
        if check_identifier(identifier, what="identifier") in {".", ".."}:
            raise InvalidRequest("identifier consists of dots only, and would change the request's path")
        return self._transport.make(
            Call(endpoints.GET_CONTACT, read_contact, ids={"identifier": identifier}, params=params)
        )

    def platform_time(self) -> datetime | None:
        """Ask what time it is by the platform's clock, to the second: the ``Date`` of an answer.

        :return: in UTC; ``None`` where the platform does not say.
        """
        self.contacts(limit=1)
        return self._transport.latest_date

    def begins_at(self) -> datetime:
        """Return when a walk that begins now begins, for a later one that reads what changed since.

        That is by the platform's clock or by ours, whichever is behind: no change that is made from now on
        is older.
        """
        now = datetime.now(timezone.utc)
        return min(now, self.platform_time() or now)

    def iter_folders(self) -> Iterator[Folder]:
        """Walk all folders, the oldest first; see :func:`~email_contacts.api.paging.walk`."""
        return self._walk(endpoints.FOLDERS, self.folders, _id)

    def iter_lists(self) -> Iterator[ListSummary]:
        """Walk all lists of the account, the oldest first."""
        return self._walk(endpoints.LISTS, self.lists, _id)

    def iter_folder_lists(self, folder_id: int) -> Iterator[ListSummary]:
        """Walk all lists of a folder, the oldest first."""
        check_id(folder_id, what="folder_id")
        return self._walk(endpoints.FOLDER_LISTS, partial(self.folder_lists, folder_id), _id)

    def iter_contacts(
        self, *, modified_since: Instant | None = None, created_since: Instant | None = None
    ) -> Iterator[Contact]:
        """Walk all contacts, the oldest first; filters as in :meth:`contacts`.

        Several pages are in flight, as many as it takes to use up the request limit, and as many in memory.
        For the next incremental walk, take the instant at which this one *began* (api-contract §4).
        """
        instant_param("modifiedSince", modified_since, what="modified_since")
        instant_param("createdSince", created_since, what="created_since")
        fetch = partial(self.contacts, modified_since=modified_since, created_since=created_since)
        return self._walk(endpoints.CONTACTS, fetch, _contact_id, pages_in_flight=PAGES_IN_FLIGHT)

    def iter_list_contacts(self, list_id: int, *, modified_since: Instant | None = None) -> Iterator[Contact]:
        """Walk all contacts of a list, the oldest first; filter as in :meth:`contacts`."""
        check_id(list_id, what="list_id")
        instant_param("modifiedSince", modified_since, what="modified_since")
        fetch = partial(self.list_contacts, list_id, modified_since=modified_since)
        return self._walk(endpoints.LIST_CONTACTS, fetch, _contact_id, pages_in_flight=PAGES_IN_FLIGHT)

    def iter_processes(self) -> Iterator[Process]:
        """Walk all processes, the oldest first. Mind the hourly allowance (see :meth:`processes`)."""
        return self._walk(endpoints.PROCESSES, self.processes, _id)

    def _page(
        self,
        endpoint: Endpoint,
        key: str,
        item: Callable[[Any], T],
        ids: dict[str, int],
        limit: int,
        offset: int,
        sort: str,
        filters: Params | None = None,
    ) -> Page[T]:
        params = {**page_params(endpoint, limit=limit, offset=offset, sort=sort), **(filters or {})}
        return self._transport.make(
            Call(endpoint, partial(Page.read, key=key, item=item), ids=ids, params=params)
        )

    @staticmethod
    def _walk(
        endpoint: Endpoint,
        fetch: Callable[..., Page[T]],
        identity: Callable[[T], int],
        *,
        pages_in_flight: int = 1,
    ) -> Iterator[T]:
        def ascending(limit: int, offset: int) -> Page[T]:
            return fetch(limit=limit, offset=offset, sort="asc")

        return walk(
            ascending,
            page_size=endpoint.page.maximum if endpoint.page else 1,
            identity=identity,
            pages_in_flight=pages_in_flight,
        )


def _id(item: Folder | ListSummary | Process) -> int:
    return item.id


def _contact_id(contact: Contact) -> int:
    return int(contact["id"])
