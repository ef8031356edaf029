"""Reading how many contacts the lists of an import hold, and which of the lists are gone."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient


def look_at_lists(
    client: ContactsClient, list_ids: Sequence[int], sizes: MutableMapping[int, int]
) -> list[int]:
    """Read the lists, once each.

    :param sizes: list id → contacts on it; written. What was read before an error stays.
    :return: the ids of lists that are not on the platform.
    :raises email_contacts.api.ContactsApiError: when the platform cannot be asked, or has no such route.
    """
    gone = []
    for list_id in list_ids:
        size = _size(client, list_id)
        if size is None:
            sizes.pop(list_id, None)
            gone.append(list_id)
        else:
            sizes[list_id] = size
    return gone


def _size(client: ContactsClient, list_id: int) -> int | None:
    from email_contacts.api import NotFound, RouteMissing

    try:
        return client.get_list(list_id).unique_subscribers
    except RouteMissing:
        # Nothing is known of any list.
        raise
    except NotFound:
        return None
