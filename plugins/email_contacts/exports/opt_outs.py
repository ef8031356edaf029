"""Who must not be written to, as a table of its own: one row for each choice that a contact made.

Knows the flags and lists of a contact (api-contract §1.7). The platform's pages do not say when somebody
opted out, so ``opted_out_at`` is always null.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

#: Flag of a contact → what the table calls it.
_FLAGS = {
    "emailBlacklisted": "email_blacklisted",
    "smsBlacklisted": "sms_blacklisted",
    "whatsappBlacklisted": "whatsapp_blacklisted",
}
UNSUBSCRIBED = "unsubscribed_from_list"


def opt_outs(contact: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Walk the opt-outs of a contact.

    :param contact: as the platform shows it.
    :return: ``email``, ``ext_id``, ``list`` (only where it is about one), ``opted_out_at``, ``how``,
        ``contact_id``.
    """
    for flag, how in _FLAGS.items():
        if contact.get(flag) is True:
            yield _row(contact, how, None)
    for list_id in contact.get("listUnsubscribed") or ():
        yield _row(contact, UNSUBSCRIBED, list_id)


def _row(contact: Mapping[str, Any], how: str, list_id: int | None) -> dict[str, Any]:
    ext_id = (contact.get("attributes") or {}).get("EXT_ID")
    return {
        "email": contact.get("email"),
        "ext_id": None if ext_id is None else str(ext_id),
        "list": list_id,
        "opted_out_at": None,
        "how": how,
        "contact_id": contact["id"],
    }
