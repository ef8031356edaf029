"""Looking sampled contacts up on the platform: are they there, on the lists, with the values that were sent?

One request for each contact, in the generous bucket (api-contract §5), and a further one only where it is not
known by its first identifier. Nothing of a contact is kept but what the counts need. Must not import Airflow.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from email_contacts.imports.verification.contact_values import comparable, differing
from email_contacts.imports.verification.evidence import SampleSeen

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient
    from email_contacts.api.reads import IdentifierType
    from email_contacts.imports.verification.contact_sample import SentContact

# The platform's word for each attribute that a contact can be looked up by (api-contract §6).
_KINDS: Mapping[str, IdentifierType] = {
    "EMAIL": "email_id",
    "EXT_ID": "ext_id",
    "SMS": "phone_id",
    "WHATSAPP": "whatsapp_id",
    "LANDLINE_NUMBER": "landline_number_id",
}
# When looking again, so many that are still not there tell enough.
_ENOUGH_STILL_MISSING = 10


@dataclass(frozen=True)
class _Seen:
    """What the platform shows of one contact. Of one that is not there, nothing is true."""

    is_found: bool = False
    is_on_lists: bool = False
    is_modified: bool = False
    differing: frozenset[str] = frozenset()

    @property
    def is_as_sent(self) -> bool:
        return self.is_on_lists and not self.differing


class ContactLookup:
    """A sample, and what was seen of it; a contact that was seen as it was sent is not asked for again.

    :param sample: contacts that were sent.
    :param contacts: how many the sample stands for.
    :param list_ids: the lists that they were imported into.
    :param compares_values: whether contacts that existed were updated, so that they have what was sent.
    """

    def __init__(
        self,
        client: ContactsClient,
        sample: Sequence[SentContact],
        *,
        contacts: int,
        list_ids: Collection[int],
        compares_values: bool,
    ) -> None:
        self._client = client
        self._sample = sample
        self._contacts = contacts
        self._list_ids = frozenset(list_ids)
        self._compares_values = compares_values
        self._seen: dict[int, _Seen] = {}

    def look(self) -> bool:
        """Look for those that were not yet seen as they were sent.

        :return: False where the platform does not show single contacts.
        :raises email_contacts.api.ContactsApiError: when the platform cannot be asked.
        """
        from email_contacts.api import BadRequest, RouteMissing

        still_missing = 0
        for number, contact in enumerate(self._sample):
            before = self._seen.get(number)
            if before is not None and before.is_as_sent:
                continue
            try:
                seen = self._look_for(contact)
            except RouteMissing:
                return False
            except BadRequest:
                continue  # an identifier that this platform does not look contacts up by
            self._seen[number] = seen
            still_missing += before is not None and not seen.is_as_sent
            if still_missing >= _ENOUGH_STILL_MISSING:
                break
        return True

    @property
    def missing(self) -> list[SentContact]:
        """Contacts that are not on the lists."""
        return [self._sample[one] for one, seen in self._seen.items() if not seen.is_on_lists]

    def summary(self, rejected: Collection[tuple[str, str]] = ()) -> SampleSeen:
        """Count what was seen.

        :param rejected: attribute and identifier of contacts that the platform's reports name.
        """
        seen = self._seen.values()
        compared = [one for one in seen if one.is_found and self._compares_values]
        return SampleSeen(
            contacts=self._contacts,
            sampled=len(self._seen),
            found=sum(one.is_found for one in seen),
            on_lists=sum(one.is_on_lists for one in seen),
            rejected=sum(not keys_of(one).isdisjoint(rejected) for one in self.missing),
            compared=len(compared),
            matching=sum(not one.differing for one in compared),
            modified=sum(one.is_modified for one in seen),
            differing=tuple(sorted({name for one in compared for name in one.differing})),
        )

    def _look_for(self, contact: SentContact) -> _Seen:
        from email_contacts.api import NotFound, RouteMissing

        for attribute, identifier in contact.identifiers.items():
            try:
                shown = self._client.get_contact(identifier, identifier_type=_KINDS[attribute])
            except RouteMissing:
                raise
            except NotFound:
                continue
            # Two contacts may have been merged into one, which is known by one of its identifiers; a
            # contact with another address is somebody else who has the same phone number.
            if _may_be(contact, shown):
                return self._judged(contact, shown)
        return _Seen()

    def _judged(self, contact: SentContact, shown: Mapping[str, Any]) -> _Seen:
        is_modified = _is_modified(shown, contact.since)
        left = set(shown.get("listUnsubscribed") or ())
        if shown.get("emailBlacklisted") and is_modified:
            left |= self._list_ids  # opted out after the import; that may take a contact off its lists
        return _Seen(
            is_found=True,
            is_on_lists=self._list_ids <= {*(shown.get("listIds") or ()), *left},
            is_modified=is_modified,
            differing=differing(contact.values, shown.get("attributes") or {})
            if self._compares_values
            else frozenset(),
        )


def keys_of(contact: SentContact) -> set[tuple[str, str]]:
    """By what a contact is known in a report: each identifier, with its attribute and without."""
    compared = [(name, comparable(name, text)) for name, text in contact.identifiers.items()]
    return {*compared, *(("", comparable("", text)) for text in contact.identifiers.values())}


def _may_be(contact: SentContact, shown: Mapping[str, Any]) -> bool:
    sent, has = contact.identifiers.get("EMAIL"), shown.get("email")
    return not sent or not has or comparable("EMAIL", sent) == comparable("EMAIL", str(has))


def _is_modified(shown: Mapping[str, Any], since: str) -> bool:
    from email_contacts.api.timestamps import parse

    try:
        # To the second, which is all that some platforms show.
        return parse(str(shown.get("modifiedAt"))) >= datetime.fromisoformat(since).replace(microsecond=0)
    except (ValueError, TypeError):
        return False
