"""Whether imports were sent to the account that a task looks at: process ids are small numbers in each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from email_contacts.arguments import InvalidArgument
from email_contacts.connection import InvalidConnection
from email_contacts.hook import ContactsHook
from email_contacts.imports.submission.platform_address import check_sent_to

if TYPE_CHECKING:
    from email_contacts.connection import ContactsConnection


def check_sent_with(submissions: Iterable[Mapping[str, Any]], hook: ContactsHook) -> None:
    """Check that imports were sent to the platform and the account of a task's connection.

    Two connections may lead to one account; only those that do not are refused.

    :param submissions: XComs ``submission``; of earlier versions without the connection.
    :raises SentElsewhere: when one was sent to another platform.
    :raises InvalidArgument: when one was sent with a connection of another account.
    """
    submissions = list(submissions)
    check_sent_to(submissions, hook.client.base_url)
    others = {str(said["conn_id"]) for said in submissions if said.get("conn_id")} - {hook.conn_id}
    for conn_id in sorted(others):
        other = _settings_of(conn_id)
        if other is not None and other.account_fingerprint != hook.settings.account_fingerprint:
            raise InvalidArgument(
                f"the imports were sent with the connection {conn_id!r}, and this task has conn_id="
                f"{hook.conn_id!r}, which leads to another account; its processes of the same numbers are "
                f"other imports. Give this task conn_id={conn_id!r}"
            )


def _settings_of(conn_id: str) -> ContactsConnection | None:
    try:
        return ContactsHook(conn_id).settings
    except InvalidConnection:  # it was renamed or removed since
        return None
