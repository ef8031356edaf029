"""Proof that an import of the account carried our own batch.

Other people import into the same account, and the platform keeps no mark by which imports could be told
apart. What a batch leaves behind is its contacts: they are on the lists, modified since it was sent. A few
of them are looked up, and nothing of them is kept, logged or shown.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient, ImportRequest
    from email_contacts.api.reads import IdentifierType

# An odd number, as more than half of them decide.
SAMPLE_SIZE = 5

# Where a row says who it is: the API's field names, the names of CSV columns, the platform's word for it
# (api-contract §2.1, §6), in the order in which the platform looks.
_IDENTIFIERS: tuple[tuple[tuple[str, ...], IdentifierType], ...] = (
    (("email", "EMAIL"), "email_id"),
    (("ext_id", "EXT_ID"), "ext_id"),
    (("SMS",), "phone_id"),
)


@dataclass(frozen=True)
class Sample:
    """A few contacts of a batch, spread over all of it. Their identifiers are kept out of ``repr``."""

    identifiers: tuple[tuple[IdentifierType, str], ...] = field(repr=False)

    @classmethod
    def of(cls, request: ImportRequest) -> Sample:
        """Take the sample; empty where the rows are not at hand, as with ``file_url``."""
        people = [person for row in _spread(rows_of(request)) if (person := _identifier(row))]
        return cls(tuple(people))

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


def rows_of(request: ImportRequest) -> Sequence[Mapping[str, Any]]:
    """The rows of a request as mappings; none where the platform fetches them itself."""
    if request.json_body is not None:
        return request.json_body
    if request.prepared is not None:
        prepared: list[dict[str, Any]] = json.loads(request.prepared)
        return prepared
    if request.file_body is not None:
        return list(csv.DictReader(io.StringIO(request.file_body), delimiter=";"))
    return ()


def _spread(rows: Sequence[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    """The first row, the last one, and those evenly between."""
    if len(rows) <= SAMPLE_SIZE:
        return rows
    return [rows[step * (len(rows) - 1) // (SAMPLE_SIZE - 1)] for step in range(SAMPLE_SIZE)]


def _identifier(row: Mapping[str, Any]) -> tuple[IdentifierType, str] | None:
    attributes = row.get("attributes")
    everything = {**(attributes if isinstance(attributes, Mapping) else {}), **row}
    for names, kind in _IDENTIFIERS:
        for name in names:
            value = everything.get(name)
            if isinstance(value, (str, int)) and str(value).strip():
                return kind, str(value).strip()
    return None


def _was_brought(contact: Mapping[str, Any], list_ids: set[int], sent_at: datetime) -> bool:
    from email_contacts.api.timestamps import parse

    try:
        modified_at = parse(str(contact.get("modifiedAt")))
    except ValueError:
        return False
    return list_ids <= set(contact.get("listIds") or ()) and modified_at >= sent_at
