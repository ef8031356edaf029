"""Whether a connection leads to a task's account: ids of processes and lists are small numbers in each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from email_contacts.arguments import InvalidArgument
from email_contacts.connection import InvalidConnection
from email_contacts.hook import ContactsHook
from email_contacts.imports.submission.platform_address import check_sent_to


def check_sent_with(submissions: Iterable[Mapping[str, Any]], hook: ContactsHook) -> None:
    """Check that imports were sent to the platform and the account of a task's connection.

    Two connections may lead to one account; only those that do not are refused.

    :param submissions: XComs ``submission``; of earlier versions without the connection.
    :raises SentElsewhere: when one was sent to another platform.
    :raises InvalidArgument: when one was sent with a connection of another account.
    """
    submissions = list(submissions)
    check_sent_to(submissions, hook.client.base_url)
    for conn_id in sorted({str(said["conn_id"]) for said in submissions if said.get("conn_id")}):
        if leads_elsewhere(conn_id, hook):
            raise InvalidArgument(
                f"the imports were sent with the connection {conn_id!r}, and this task has conn_id="
                f"{hook.conn_id!r}, which leads to another account; its processes of the same numbers are "
                f"other imports. Give this task conn_id={conn_id!r}"
            )


def leads_elsewhere(conn_id: str, hook: ContactsHook) -> bool:
    """Whether a connection leads to another account than a task's own; one that is gone since does not."""
    if conn_id == hook.conn_id:
        return False
    try:
        other = ContactsHook(conn_id).settings
    except InvalidConnection:
        return False
    return other.account_fingerprint != hook.settings.account_fingerprint
