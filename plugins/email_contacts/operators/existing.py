"""What to do if a name exists already: the platform itself allows equal names."""

from __future__ import annotations

import logging
from collections.abc import Callable

from airflow.sdk.exceptions import AirflowFailException

from email_contacts.hook import ContactsHook

log = logging.getLogger(__name__)

IF_EXISTS = ("reuse", "create", "fail")


def create_unless_found(
    what: str, if_exists: str, *, find: Callable[[], int | None], create: Callable[[], int]
) -> int:
    """Create something, or reuse or refuse the one that has its name.

    With ``reuse`` it is looked for again once it was created: another task may have created it meanwhile.

    :param what: the thing in words, for the log and the refusal.
    :param if_exists: one of ``IF_EXISTS``.
    :return: the id found or created.
    :raises AirflowFailException: when it exists and ``if_exists`` is ``fail``; and when it is unknown whether
        it was created, unless a retry would look for it first (``reuse``).
    """
    from email_contacts.api import OutcomeUnknown, UnexpectedAnswer

    found = None if if_exists == "create" else find()
    if found is None:
        try:
            created = create()
        except (OutcomeUnknown, UnexpectedAnswer) as error:
            if if_exists == "reuse":
                raise
            raise AirflowFailException(
                f"{error} Look whether {what} is there: a retry with if_exists={if_exists!r} could make a "
                "second one, or refuse the one that this task made. With if_exists='reuse' a retry is safe"
            ) from error
        log.info("created %s, id %d", what, created)
        return created if if_exists != "reuse" else _older(what, created, find())
    if if_exists == "fail":
        raise AirflowFailException(
            f"{what} exists already (id {found}); set if_exists='reuse' to use it, or choose another name"
        )
    log.info("reusing %s, id %d", what, found)
    return found


def _older(what: str, created: int, found: int | None) -> int:
    """Choose between what was created and what has its name now, so that tasks that raced agree.

    Whoever created the later one looks when the earlier one is there, so both take the lower id. A look that
    does not show all yet must not lead to a higher one.
    """
    if found is None or found >= created:
        return created
    log.warning(
        "%s was created by another task at the same time: %d is used. The one that this task created, %d, is "
        "empty, is not used, and can be deleted on the platform",
        what, found, created,
    )  # fmt: skip
    return found


def reuse_or_create_list(hook: ContactsHook, name: str, folder_id: int, *, if_exists: str = "reuse") -> int:
    """Find a folder's list by its name, or create it; :func:`create_unless_found` says how it ends."""
    return create_unless_found(
        f"list {name!r} in folder {folder_id}",
        if_exists,
        find=lambda: hook.find_list(name, folder_id=folder_id),
        create=lambda: hook.client.create_list(name, folder_id=folder_id),
    )
