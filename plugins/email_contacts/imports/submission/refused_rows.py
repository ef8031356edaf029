"""Rows that the platform rejected: not on the lists, and no sign that their import did not run.

An import that completed names the rows that it rejected (api-contract §2.3). That alone proves nothing of
*our* row, for another import may have named the same person with other identifiers. So a row counts as
rejected only where the platform's documented rules reject it in any import: its address is invalid, or its
number belongs to a contact that has another address or id (api-contract §3).

Must not import Airflow; keeps, logs and shows no contact.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from email_contacts.imports.submission.named_rejects import ABOUT, comparable, named_in
from email_contacts.imports.submission.shown_contacts import held_by, looked_up

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient

log = logging.getLogger(__name__)

INVALID = "invalid_emails"
# The first that a row has decides which contact it means (api-contract §3.1).
_RANK = ("EXT_ID", "EMAIL", "SMS", "WHATSAPP", "LANDLINE_NUMBER")
# Whoever has more rows without proof has no proof; each costs a request or two.
MOST_ASKED_FOR = 500

Identifiers = Mapping[str, str]
Reports = Mapping[str, "int | str"]


def count_refused(client: ContactsClient, rows: Sequence[Identifiers], reports: Iterable[Reports]) -> int:
    """Count the rows that imports name as rejected, and that the platform would reject again.

    :param rows: the identifiers of each, by the platform's attribute; as the platform stores them.
    :param reports: of each import: reason → count, or address of a report (``Process.rejects``). A count
        names nobody.
    :raises email_contacts.api.ContactsApiError: when the platform does not answer.
    """
    if len(rows) > MOST_ASKED_FOR:
        return 0
    wanted = {
        (name, comparable(name, text)) for row in rows for name, text in row.items() if name in ABOUT.values()
    }
    named = {
        (reason, key)
        for by_reason in reports
        for reason, value in by_reason.items()
        if reason in ABOUT and isinstance(value, str)
        for key in _read(client, reason, value)
        if key in wanted
    }
    return sum(_is_refused(client, row, named) for row in rows)


def _read(client: ContactsClient, reason: str, address: str) -> Iterable[tuple[str, str]]:
    """The contacts that a report names by the identifier that its reason is about; none if unreadable."""
    from email_contacts.api import InvalidRequest, NotFound, UnexpectedAnswer

    try:
        for one in named_in(reason, client.report_rows(address)):
            if one.text and one.attribute == ABOUT[reason]:
                yield one.key
    except (InvalidRequest, NotFound, UnexpectedAnswer) as error:
        log.warning("the report %s of a candidate cannot be read: %s", reason, error)


def _is_refused(client: ContactsClient, row: Identifiers, named: set[tuple[str, tuple[str, str]]]) -> bool:
    for reason, attribute in ABOUT.items():
        if attribute not in row or (reason, (attribute, comparable(attribute, row[attribute]))) not in named:
            continue
        holder = held_by(_holder(client, attribute, row[attribute]))
        if not holder or reason == INVALID:
            return not holder and reason == INVALID
        decisive = _RANK[: _RANK.index(attribute)]
        return any(holder.get(name, row[name]) != row[name] for name in decisive if name in row)
    return False


def _holder(client: ContactsClient, attribute: str, text: str) -> Mapping[str, object]:
    from email_contacts.api import BadRequest

    try:
        return looked_up(client, {attribute: text})
    except BadRequest:
        return {}  # what cannot be an identifier belongs to nobody
