"""Looking sampled contacts up on the platform: are they there, on the lists, with the values that were sent?

Contacts of a list that were modified since come 500 in a request; those that are not among them are requested
singly, a few of many. All of it is in the generous bucket (api-contract §5). Nothing of a contact is kept but
what the counts need. Must not import Airflow.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from email_contacts.imports.submission.batch_sample import SPARE_PAGES, sample_size, spread
from email_contacts.imports.submission.named_rejects import comparable, keys_of
from email_contacts.imports.submission.shown_contacts import (
    LIST_PAGE,
    held_by,
    is_since,
    looked_up,
    modified_on_list,
)
from email_contacts.imports.submission.stored_values import StoredValues
from email_contacts.imports.verification.evidence import SampleSeen

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient
    from email_contacts.imports.submission.batch_sample import SentContact
    from email_contacts.imports.verification.contact_sample import SampledContact

# When looking again, so many that are still not there tell enough.
_ENOUGH_STILL_MISSING = 10


@dataclass(frozen=True)
class _Seen:
    """What the platform shows of one contact. Of one that is not there, nothing is true."""

    is_found: bool = False
    is_on_lists: bool = False
    is_modified: bool = False
    is_compared: bool = False
    differing: frozenset[str] = frozenset()

    @property
    def is_as_sent(self) -> bool:
        return self.is_on_lists and not self.differing


class ContactLookup:
    """A sample, and what was seen of it; a contact that was seen as it was sent is not asked for again.

    :param sample: contacts that were sent.
    :param contacts: how many the sample stands for.
    :param list_ids: the lists that they were imported into.
    :param updates_existing: whether contacts that existed were updated, so that they have what was sent.
    """

    def __init__(
        self,
        client: ContactsClient,
        sample: Sequence[SampledContact],
        *,
        contacts: int,
        list_ids: Sequence[int],
        updates_existing: bool,
    ) -> None:
        self._client = client
        self._sample = sample
        self._contacts = contacts
        self._list_ids = list_ids
        self._updates_existing = updates_existing
        self._values: StoredValues | None = None
        self._seen: dict[int, _Seen] = {}
        self._on_page: set[int] = set()

    def look(self) -> bool:
        """Look for those that were not yet seen as they were sent.

        :return: False where the platform does not show contacts.
        :raises email_contacts.api.ContactsApiError: when the platform cannot be asked.
        """
        from email_contacts.api import RouteMissing

        try:
            self._look_at_list()
            self._look_up()
        except RouteMissing:
            # Contacts that were found on the list count, though the others cannot be asked for.
            return bool(self._seen)
        return True

    @property
    def not_as_sent(self) -> list[SentContact]:
        """Contacts that are not on the lists, or have other values."""
        return [
            self._sample[one].contact
            for one, seen in self._seen.items()
            if not seen.is_on_lists or seen.differing
        ]

    def summary(self, rejected: Collection[tuple[str, str]] = ()) -> SampleSeen:
        """Count what was seen.

        :param rejected: attribute and identifier of contacts that the platform's reports name: they need not
            be there, and the values that they have are not those of this import.
        """
        seen = self._seen.values()
        named = {
            one
            for one in self._seen
            if not keys_of(self._sample[one].contact.identifiers).isdisjoint(rejected)
        }
        compared = [seen for one, seen in self._seen.items() if seen.is_compared and one not in named]
        return SampleSeen(
            contacts=self._contacts,
            sampled=len(self._seen),
            found=sum(one.is_found for one in seen),
            on_lists=sum(one.is_on_lists for one in seen),
            rejected=sum(not self._seen[one].is_on_lists for one in named),
            compared=len(compared),
            matching=sum(not one.differing for one in compared),
            modified=sum(one.is_modified for one in seen),
            certain=sum(self._seen[one].is_on_lists for one in self._on_page),
            differing=tuple(sorted({name for one in compared for name in one.differing})),
        )

    def _look_at_list(self) -> None:
        """Look for all of them among the contacts of a list that were modified since they were sent.

        Of a sample that would be wasteful: others were modified in the same import.
        """
        since = min((one.since for one in self._sample), default="")
        if not since or not self._list_ids or len(self._sample) < self._contacts:
            return
        pages = 2 * (len(self._sample) // LIST_PAGE) + SPARE_PAGES
        shown = modified_on_list(self._client, self._list_ids[0], since=since, most_pages=pages) or {}
        for number, one in enumerate(self._sample):
            if not self._is_done(number) and (found := one.contact.among(shown)):
                self._see(number, found)
                self._on_page.add(number)

    def _look_up(self) -> None:
        """Ask for the others singly; of many, for a part that is spread over them."""
        from email_contacts.api import BadRequest

        due = [one for one in range(len(self._sample)) if not self._is_done(one)]
        again = [one for one in due if one in self._seen]
        still_missing = 0
        for number in again or spread(due, sample_size(len(due))):
            try:
                found = looked_up(self._client, self._sample[number].contact.identifiers)
            except BadRequest:
                continue  # an identifier that this platform does not look contacts up by
            self._see(number, found)
            still_missing += bool(again) and not self._is_done(number)
            if still_missing >= _ENOUGH_STILL_MISSING:
                break

    def _is_done(self, number: int) -> bool:
        return number in self._seen and self._seen[number].is_as_sent

    def _see(self, number: int, shown: Mapping[str, Any]) -> None:
        sampled = self._sample[number]
        # A contact with another address is somebody else who has the same phone number.
        is_it = bool(shown) and _may_be(sampled.contact, shown)
        self._seen[number] = self._judged(sampled, shown) if is_it else _Seen()

    def _judged(self, sampled: SampledContact, shown: Mapping[str, Any]) -> _Seen:
        is_modified = bool(sampled.since) and is_since(shown.get("modifiedAt"), sampled.since)
        is_new = bool(sampled.since) and _is_after(shown.get("createdAt"), sampled.since)
        lists = {*(shown.get("listIds") or ()), *(shown.get("listUnsubscribed") or ())}
        if shown.get("emailBlacklisted") and is_modified:
            lists |= set(self._list_ids)  # opted out since, which may take a contact off its lists
        is_compared = self._updates_existing or is_new
        return _Seen(
            is_found=True,
            is_on_lists=lists.issuperset(self._list_ids),
            is_modified=is_modified,
            is_compared=is_compared,
            differing=self._differing(sampled, held_by(shown)) if is_compared else frozenset(),
        )

    def _differing(self, sampled: SampledContact, held: Mapping[str, Any]) -> frozenset[str]:
        if self._values is None:
            self._values = self._stored_values()
        return frozenset(
            name
            for name, value in sampled.contact.values.items()
            if self._values.differs(name, value, held, is_cell=sampled.is_csv, erases=False)
        )

    def _stored_values(self) -> StoredValues:
        from email_contacts.api import RouteMissing

        try:
            return StoredValues(self._client.attributes())
        except RouteMissing:
            return StoredValues(None)


def _may_be(contact: SentContact, shown: Mapping[str, Any]) -> bool:
    sent, has = contact.identifiers.get("EMAIL"), shown.get("email")
    return not sent or not has or comparable("EMAIL", sent) == comparable("EMAIL", str(has))


def _is_after(instant: Any, since: str) -> bool:
    """Whether an instant is after another for sure: within one second it may be, and counts as not."""
    from email_contacts.api.timestamps import parse

    try:
        return parse(str(instant)) >= datetime.fromisoformat(since)
    except ValueError:
        return False
