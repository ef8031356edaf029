"""The contacts of a batch, held against what the platform shows of them.

Others import into the same account, and the platform keeps no mark by which imports could be told
apart. What a batch leaves behind is its contacts: they are on the lists, hold the values that were sent, and
were modified since. All contacts of a request body are compared; of a large file a sample that grows with it.
Nothing of them is kept, logged or shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isqrt
from typing import TYPE_CHECKING, Any

from email_contacts.imports.submission.batch_rows import attributes_of, identifiers_of, is_csv, rows_of
from email_contacts.imports.submission.refused_rows import Reports, count_refused
from email_contacts.imports.submission.shown_contacts import (
    LIST_PAGE,
    as_stored,
    held_by,
    is_since,
    looked_up,
    modified_on_list,
)
from email_contacts.imports.submission.stored_values import PHONES, StoredValues

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient, ImportRequest
    from email_contacts.imports.submission.staged_file import StagedFile

# Pages of other people's changes to a list that are walked through in addition to those of the batch.
SPARE_PAGES = 20
# A staged file with more contacts is sampled; a request body never has so many bytes that it has to be.
COMPARED_WHOLE = 20_000
# How far a contact of the batch came; each level includes those before it.
_MISSING, _LISTED, _EQUAL, _FRESH = range(4)


@dataclass(frozen=True)
class Comparison:
    """What the platform shows of the contacts that were looked for. No personal data.

    Each number but the last counts a part of those before it.

    :param contacts: contacts in the batch; None where that is not known.
    :param compared: contacts that were looked for.
    :param listed: of these, how many are on all the lists.
    :param equal: of these, how many hold the values that were sent.
    :param fresh: of these, how many were modified since the batch was about to be sent.
    :param refused: of those that were looked for and are not fresh, how many the platform reports as rejected
        by a rule that rejects them in any import.
    """

    contacts: int | None
    compared: int
    listed: int
    equal: int
    fresh: int
    refused: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether every contact of the batch was looked for."""
        return self.compared == self.contacts

    @property
    def is_proof(self) -> bool:
        """Whether an import brought every contact that can be brought, after the batch was to be sent."""
        return self.fresh > 0 and self.compared == self.fresh + self.refused

    def __str__(self) -> str:
        of_all = "" if self.is_whole else f" (a sample of {self.contacts or 'an unknown number'})"
        rejected = f", and {self.refused} are rejected by the platform" if self.refused else ""
        return (
            f"{self.fresh} of {self.compared} contacts{of_all} hold what was sent, modified since{rejected}"
        )


@dataclass(frozen=True)
class SentContact:
    """One contact as it was sent.

    :param identifiers: the platform's attribute → identifier, in the order in which it looks.
    :param attributes: the others, by upper-case name.
    """

    identifiers: Mapping[str, str] = field(repr=False)
    attributes: Mapping[str, Any] = field(repr=False)

    @classmethod
    def read_all(cls, rows: Iterable[Mapping[str, Any]]) -> list[SentContact]:
        """Read rows; of several about one contact each attribute counts as it came last."""
        contacts: dict[tuple[str, str], SentContact] = {}
        for row in rows:
            if not (named := {name: as_stored(name, text) for name, text in identifiers_of(row).items()}):
                continue
            key = next(iter(named.items()))
            before = contacts.get(key, cls({}, {}))
            contacts[key] = cls(
                {**named, **{name: text for name, text in before.identifiers.items() if name not in named}},
                {**before.attributes, **attributes_of(row)},
            )
        return list(contacts.values())

    def among(self, shown: Mapping[tuple[str, str], Mapping[str, Any]]) -> Mapping[str, Any]:
        """Find it by the first identifier that is there; an empty contact where none is."""
        return next((shown[named] for named in self.identifiers.items() if named in shown), {})

    @property
    def values(self) -> dict[str, Any]:
        """What the contact is to hold: attributes, and the phone numbers among the identifiers."""
        phones = {name: text for name, text in self.identifiers.items() if name in PHONES}
        return {**self.attributes, **phones}


@dataclass(frozen=True)
class BatchSample:
    """Contacts of one batch, and what their import does to them.

    :param sent: the contacts, all of them or a sample.
    :param contacts: how many the batch has; None where that is not known.
    :param is_csv: whether values are texts of CSV cells, which the platform reads by type.
    :param updates_existing: whether contacts that exist get the values, too.
    :param erases: whether empty values erase.
    :param blocklists: the fields of a contact that the import sets for every one.
    """

    sent: Sequence[SentContact] = field(repr=False)
    contacts: int | None
    is_csv: bool = False
    updates_existing: bool = True
    erases: bool = False
    blocklists: tuple[str, ...] = ()

    @classmethod
    def of(cls, request: ImportRequest, staged: StagedFile | None = None) -> BatchSample:
        """Take the contacts of a request; none if they are not available, as behind a foreign ``file_url``.

        :param staged: the file of ours that the platform fetches in the place of rows.
        """
        if staged is None:
            sent = SentContact.read_all(rows_of(request))
            contacts: int | None = len(sent)
        elif staged.contacts is not None and staged.contacts <= COMPARED_WHOLE:
            sent = SentContact.read_all(staged.rows())
            contacts = len(sent)
        else:
            contacts = staged.contacts
            sent = SentContact.read_all(staged.sample(sample_size(contacts or COMPARED_WHOLE)))
        flags = {"emailBlacklisted": request.email_blacklist, "smsBlacklisted": request.sms_blacklist}
        return cls(
            sent,
            contacts,
            is_csv=staged is not None or is_csv(request),
            updates_existing=request.update_existing_contacts,
            erases=request.empty_contacts_attributes,
            blocklists=tuple(name for name, is_set in flags.items() if is_set),
        )

    @classmethod
    def of_rows(
        cls, rows: Sequence[Mapping[str, Any]], *, is_csv: bool, updates_existing: bool = True
    ) -> BatchSample:
        """Take a sample of rows that were read from a stage, spread evenly; it grows with their number."""
        return cls(
            SentContact.read_all(spread(rows, sample_size(len(rows)))),
            len(rows),
            is_csv=is_csv,
            updates_existing=updates_existing,
        )

    def compare(
        self,
        client: ContactsClient,
        list_ids: Sequence[int],
        *,
        since: str | None = None,
        reports: Sequence[Reports] = (),
    ) -> Comparison | None:
        """Hold the contacts against what the platform shows.

        :param list_ids: the lists that each contact must be on.
        :param since: ISO 8601, when the batch was about to be sent. One that was not modified since then is
            not looked at further, and counts as not listed. The platform's clock is compared with this
            machine's, as exactly as the platform writes its own. None: it does not matter.
        :param reports: what the imports that may have carried the batch rejected.
        :return: None where there are no contacts to look for, or the platform does not show any.
        :raises email_contacts.api.ContactsApiError: when the platform does not answer.
        """
        from email_contacts.api import RouteMissing

        if not self.sent or not list_ids:
            return None
        try:
            values = StoredValues(client.attributes())
        except RouteMissing:
            values = StoredValues(None)
        try:
            pairs = self._shown(client, list_ids, since)
            judged = [(sent, self._judge(sent, shown, set(list_ids), since, values)) for sent, shown in pairs]
            unproved = [sent.identifiers for sent, level in judged if level < _FRESH]
            refused = count_refused(client, unproved, reports) if unproved and any(reports) else 0
        except RouteMissing:
            return None
        levels = [level for _, level in judged]
        return Comparison(
            self.contacts,
            len(levels),
            listed=sum(one >= _LISTED for one in levels),
            equal=sum(one >= _EQUAL for one in levels),
            fresh=sum(one >= _FRESH for one in levels),
            refused=refused,
        )

    def _shown(
        self, client: ContactsClient, list_ids: Sequence[int], since: str | None
    ) -> Iterable[tuple[SentContact, Mapping[str, Any]]]:
        """Find what the platform shows of each contact; an empty one for a contact that it does not know."""
        if since is not None and self.contacts == len(self.sent):
            pages = 2 * (self.contacts // LIST_PAGE) + SPARE_PAGES
            modified = modified_on_list(client, list_ids[0], since=since, most_pages=pages)
            if modified is not None:
                return [(sent, sent.among(modified)) for sent in self.sent]
        few = spread(self.sent, sample_size(len(self.sent)))
        return [(sent, looked_up(client, sent.identifiers)) for sent in few]

    def _judge(
        self,
        sent: SentContact,
        shown: Mapping[str, Any],
        list_ids: set[int],
        since: str | None,
        values: StoredValues,
    ) -> int:
        """Return how far a contact came."""
        if not list_ids <= set(shown.get("listIds") or ()):
            return _MISSING
        is_old = since is not None and not is_since(shown.get("createdAt"), since)
        if self.updates_existing or not is_old:
            attributes = held_by(shown)
            if any(
                values.differs(name, value, attributes, is_cell=self.is_csv, erases=self.erases)
                for name, value in sent.values.items()
            ):
                return _LISTED
            others = (name for name in ("EMAIL", "EXT_ID") if name in sent.identifiers)
            if any(attributes.get(name, sent.identifiers[name]) != sent.identifiers[name] for name in others):
                return _LISTED
            if not all(shown.get(name) for name in self.blocklists):
                return _LISTED
        return _FRESH if since is None or is_since(shown.get("modifiedAt"), since) else _EQUAL


def sample_size(contacts: int) -> int:
    """How many contacts of a batch are looked for one by one: all of 100, 120 of 10,000, 300 of 1,000,000."""
    return min(contacts, 100 + isqrt(contacts) // 5)


def spread(items: Sequence[Any], number: int) -> Sequence[Any]:
    """The first item, the last one, and those evenly between."""
    if len(items) <= number:
        return items
    return [items[step * (len(items) - 1) // (number - 1)] for step in range(number)]
