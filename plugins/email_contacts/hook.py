"""The Airflow hook: a connection id in, a client of the Contacts API out.

All platform traffic goes through ``email_contacts.api``; what is added here is Airflow's connection, its
Test button, and the look-ups by name that the API does not have.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from email_contacts import metrics
from email_contacts.airflow_answers import read_connection
from email_contacts.arguments import as_text, comparable
from email_contacts.connection import CONN_TYPE, DEFAULT_CONN_ID, ContactsConnection, InvalidConnection
from email_contacts.imports.waiting.account_budget import AccountBudget
from email_contacts.variables import SharedVariables

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient, Folder, ListSummary

    Named = TypeVar("Named", Folder, ListSummary)

# The Test button is answered by the API server itself, which must not be held up.
TEST_TIMEOUT = 8.0


class ContactsHook(BaseHook):
    """Talks to the Contacts API with the settings of an Airflow connection.

    :param conn_id: a connection of type ``email_contacts``.
    """

    conn_name_attr = "conn_id"
    default_conn_name = DEFAULT_CONN_ID
    conn_type = CONN_TYPE
    hook_name = "Email Contacts"

    def __init__(self, conn_id: str = DEFAULT_CONN_ID) -> None:
        super().__init__()
        self.conn_id = conn_id

    @cached_property
    def settings(self) -> ContactsConnection:
        """The checked connection, read once.

        :raises InvalidConnection: when it is missing or cannot work; the message says what to do.
        :raises AirflowRuntimeError: when Airflow does not answer.
        """
        try:
            connection = read_connection(self.conn_id)
        except AirflowNotFoundException as error:
            variable = f"AIRFLOW_CONN_{str(self.conn_id).upper()}"
            if variable in os.environ:
                raise InvalidConnection(
                    f"connection {self.conn_id!r} cannot be read: {variable} is neither a JSON object nor a "
                    "URI; a URI is email-contacts://https://:KEY@api.example.com, with the key quoted"
                ) from None
            raise InvalidConnection(
                f"there is no connection {self.conn_id!r}; add one of type {CONN_TYPE!r}, or set conn_id to "
                "one that exists"
            ) from error
        return ContactsConnection.from_airflow(connection)

    @cached_property
    def client(self) -> ContactsClient:
        """The client with one method per endpoint; its session is reused for the life of the hook."""
        return self.settings.client(before_process_request=self._spend)

    @cached_property
    def budget(self) -> AccountBudget:
        """The hourly budget of requests to the process route, which all tasks of the connection share."""
        return AccountBudget(SharedVariables(), self.conn_id, self.settings.process_polls_per_hour)

    def get_conn(self) -> ContactsClient:
        """Airflow's name for :attr:`client`."""
        return self.client

    def test_connection(self) -> tuple[bool, str]:
        """Ask for one contact (api-contract §6: cheap, and inside the generous rate limit).

        :return: whether it worked, and a sentence that helps when it did not.
        """
        from email_contacts.api import ContactsApiError

        try:
            with self.settings.client(
                timeout=min(self.settings.timeout, TEST_TIMEOUT), max_wait=1.0
            ) as client:
                page = client.contacts(limit=1)
        except (InvalidConnection, ContactsApiError) as error:
            return False, str(error)
        callbacks = f"asked for at {self.settings.callback_url}" if self.settings.can_be_called else "off"
        return True, (
            f"OK: {client.base_url} answered; the account holds {page.count} contacts; "
            f"callbacks are {callbacks}"
        )

    def find_folder(self, name: str) -> int | None:
        """Look up a folder by its name; surrounding blanks are ignored, since the platform trims names.

        Names are not unique (api-contract §1.1): the oldest of several wins, and a warning says so.

        :return: the folder's id, or None when no folder has this name.
        :raises email_contacts.arguments.InvalidArgument: when the name is not text, or empty.
        """
        return self._oldest("folder", name, self.client.iter_folders())

    def find_list(self, name: str, *, folder_id: int) -> int | None:
        """Look up a list by its name within a folder, as a folder is looked up; the oldest of several wins.

        :return: the list's id, or None when the folder holds no list of this name.
        :raises email_contacts.api.NotFound: when the folder does not exist.
        """
        return self._oldest("list", name, self.client.iter_folder_lists(folder_id))

    def _spend(self) -> None:
        metrics.count("process_requests", conn_id=self.conn_id)
        self.budget.spend()

    def _oldest(self, what: str, name: str, candidates: Iterable[Named]) -> int | None:
        wanted = comparable(as_text(name, "name"))
        same = [candidate for candidate in candidates if comparable(candidate.name) == wanted]
        exact = [candidate for candidate in same if candidate.name == name.strip()]
        ids = sorted(candidate.id for candidate in exact or same)
        if len(ids) > 1:
            self.log.warning("%ss %s are all called %r; the oldest, %d, is used", what, ids, name, ids[0])
        return ids[0] if ids else None
