"""Recognising the end of an import by its lists, where the platform does not show its processes.

Two signs, each of them enough for a list: it holds as many contacts more as the import brings; or as many of
its contacts were modified since the submission, for an import of contacts that were on it already makes no
list longer. Changes by others count, too: this says less than a process does, and a failed
import does not show. The requests are in the generous bucket (api-contract §5).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient
    from email_contacts.imports.waiting.completion_signals import CompletionSignals

LONGEST_PAUSE = 60.0


def has_grown(client: ContactsClient, evidence: CompletionSignals) -> bool:
    """Look at the lists once. No contact is kept or logged.

    :param evidence: as it was collected before the submission.
    :return: False also where the evidence does not say how many contacts there are.
    :raises email_contacts.api.ContactsApiError: when the platform cannot be asked.
    """
    if not evidence.can_grow or evidence.contacts is None:
        return False
    return all(
        client.get_list(list_id).unique_subscribers >= before + evidence.contacts
        or _holds_modified(client, list_id, number=evidence.contacts, since=evidence.since)
        for list_id, before in evidence.list_sizes.items()
    )


def growth_pauses(first: float = 10.0) -> Iterator[float]:
    """Yield the seconds to pause before each next look at the lists: ten, and up to a minute."""
    pause = first
    while pause < LONGEST_PAUSE:
        yield pause
        pause *= 1.5
    yield from repeat(LONGEST_PAUSE)


def _holds_modified(client: ContactsClient, list_id: int, *, number: int, since: str) -> bool:
    """Whether so many of a list's contacts were modified since.

    The last of them is requested, because ``count`` ignores the filter (api-contract §4).
    """
    page = client.list_contacts(list_id, limit=1, offset=number - 1, modified_since=since)
    return bool(page.items)
