"""Proof that an import of the account carried our own batch.

Other people import into the same account, and the platform keeps no mark by which imports could be told
apart. What a batch leaves behind is its contacts: they are on the lists, modified since it was sent. A few
of them are looked up, and nothing of them is kept, logged or shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from email_contacts.imports.submission.batch_rows import identifiers_of, rows_of

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient, ImportRequest
    from email_contacts.api.reads import IdentifierType
    from email_contacts.imports.submission.staged_file import StagedFile

# An odd number, as more than half of them decide.
SAMPLE_SIZE = 5

# The platform's word for each attribute that a contact can be looked up by (api-contract §6).
_KINDS: Mapping[str, IdentifierType] = {"EMAIL": "email_id", "EXT_ID": "ext_id", "SMS": "phone_id"}


@dataclass(frozen=True)
class Sample:
    """A few contacts of a batch, spread over all of it. Their identifiers are kept out of ``repr``."""

    identifiers: tuple[tuple[IdentifierType, str], ...] = field(repr=False)

    @classmethod
    def of(cls, request: ImportRequest, staged: StagedFile | None = None) -> Sample:
        """Take the sample; empty where the rows are not at hand, as behind a ``file_url`` of somebody else's.

        :param staged: the file of ours that the platform fetches in the place of rows.
        """
        rows = _spread(rows_of(request)) if staged is None else staged.sample(SAMPLE_SIZE)
        return cls(tuple(person for row in rows if (person := _identifier(row))))

    def is_on_lists(self, client: ContactsClient, list_ids: Sequence[int], *, since: str) -> bool | None:
        """Tell whether more than half of the sample is on all the lists, modified since.

        The platform's clock is compared with this machine's, to the second.

        :param since: ISO 8601, when the batch was about to be sent.
        :return: None where there is no sample, or the platform does not show contacts.
        :raises email_contacts.api.ContactsApiError: when the platform cannot be asked now.
        """
        from email_contacts.api import NotFound, RouteMissing

        sent_at = datetime.fromisoformat(since).replace(microsecond=0)
        found = 0
        for kind, identifier in self.identifiers:
            try:
                contact = client.get_contact(identifier, identifier_type=kind)
            except RouteMissing:
                return None
            except NotFound:
                continue
            found += _was_brought(contact, set(list_ids), sent_at)
        return found * 2 > len(self.identifiers) if self.identifiers else None


def _spread(rows: Sequence[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    """The first row, the last one, and those evenly between."""
    if len(rows) <= SAMPLE_SIZE:
        return rows
    return [rows[step * (len(rows) - 1) // (SAMPLE_SIZE - 1)] for step in range(SAMPLE_SIZE)]


def _identifier(row: Mapping[str, Any]) -> tuple[IdentifierType, str] | None:
    named = ((_KINDS[name], text) for name, text in identifiers_of(row).items() if name in _KINDS)
    return next(named, None)


def _was_brought(contact: Mapping[str, Any], list_ids: set[int], sent_at: datetime) -> bool:
    from email_contacts.api.timestamps import parse

    try:
        modified_at = parse(str(contact.get("modifiedAt")))
    except ValueError:
        return False
    return list_ids <= set(contact.get("listIds") or ()) and modified_at >= sent_at
