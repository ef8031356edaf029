"""Operators on single contacts and on all of them (api-contract §1.3, §1.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.arguments import (
    InvalidArgument,
    as_flag,
    as_flag_or_none,
    as_instant,
    as_list_ids,
    as_text,
)
from email_contacts.failures import failing_at_once
from email_contacts.operators._exports import as_location, task_name, write_contacts
from email_contacts.operators._personal import shown
from email_contacts.operators.base import ContactsOperator

if TYPE_CHECKING:
    from email_contacts.arguments import FlagArg, IdsArg, InstantArg, TextArg


class CreateContactOperator(ContactsOperator):
    """Create or update one contact. For more than a handful, use an import.

    Personal data is masked in the task's log and hidden in its rendered fields.

    :param email_address: of the contact; may be left out when ``ext_id`` or an ``SMS`` attribute is given
        (api-contract §1.3). Not named ``email``, because Airflow sends its failure mails there. Templated.
    :param ext_id: your own id for the contact. Templated.
    :param attributes: upper-case attribute name → value; each must exist in the account. Templated.
    :param list_ids: lists to put the contact on. Templated.
    :param email_blacklisted: opt the contact out of e-mails. None leaves it as it is. Templated.
    :param sms_blacklisted: opt the contact out of text messages. None leaves it as it is. Templated.
    :param update_enabled: update the contact if it exists; otherwise an existing contact is an error.
        Templated.
    :param smtp_blacklist_sender: senders whose transactional e-mails the contact does not get; only with
        ``update_enabled``. Templated.
    :return: ``id`` (None for an update: the platform does not say) and ``created``.
    """

    template_fields: Sequence[str] = (
        "conn_id", "email_address", "ext_id", "attributes", "list_ids", "email_blacklisted",
        "sms_blacklisted", "update_enabled", "smtp_blacklist_sender",
    )  # fmt: skip
    concealed_fields = ("email_address", "ext_id", "attributes", "smtp_blacklist_sender")

    def __init__(
        self,
        *,
        email_address: TextArg | None = None,
        ext_id: TextArg | None = None,
        attributes: Mapping[str, Any] | None = None,
        list_ids: IdsArg = (),
        email_blacklisted: FlagArg | None = None,
        sms_blacklisted: FlagArg | None = None,
        update_enabled: FlagArg = False,
        smtp_blacklist_sender: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.email_address = email_address
        self.ext_id = ext_id
        self.attributes = attributes
        self.list_ids = list_ids
        self.email_blacklisted = email_blacklisted
        self.sms_blacklisted = sms_blacklisted
        self.update_enabled = update_enabled
        self.smtp_blacklist_sender = smtp_blacklist_sender

    @failing_at_once()
    def execute(self, context: Context) -> dict[str, Any]:
        """Create or update the contact."""
        from email_contacts.api import DuplicateContact

        email, ext_id, attributes, senders = (shown(getattr(self, name)) for name in self.concealed_fields)
        try:
            answer = self.hook.client.create_contact(
                email=as_text(email, "email_address", is_personal=True) if email else None,
                ext_id=_ext_id(ext_id) if ext_id else None,
                attributes=attributes,
                list_ids=as_list_ids(self.list_ids, "list_ids"),
                email_blacklisted=as_flag_or_none(self.email_blacklisted, "email_blacklisted"),
                sms_blacklisted=as_flag_or_none(self.sms_blacklisted, "sms_blacklisted"),
                update_enabled=as_flag(self.update_enabled, "update_enabled"),
                smtp_blacklist_sender=senders,
            )
        except DuplicateContact as error:
            raise AirflowFailException(
                f"{error}. The contact exists; it is this task's own if an earlier try ended without an "
                "answer. Set update_enabled=True to update it, which also makes a retry harmless"
            ) from error
        return {"id": answer.id, "created": answer.created}


def _ext_id(given: Any) -> str:
    from email_contacts.contacts.values.normalising import NO_IDENTIFIERS

    text = as_text(given, "ext_id", is_personal=True)
    if text.strip().casefold() in NO_IDENTIFIERS:
        raise InvalidArgument(
            f"ext_id={text!r} is a null value, as a template makes of None, and the platform would take "
            "all contacts that have it for one person; give the contact's id, or leave ext_id out"
        )
    return text


class GetContactsOperator(ContactsOperator):
    """Write all contacts of the account to object storage, one JSON document a line.

    :param path: where to write (``file:///...``, ``s3://...``); overwritten. Templated.
    :param modified_since: only contacts modified at or after this instant (api-contract §4). Templated.
    :param created_since: only contacts created at or after this instant. Templated.
    :return: ``path`` and ``contacts`` (how many). Nothing personal.
    """

    template_fields: Sequence[str] = ("conn_id", "path", "modified_since", "created_since")

    def __init__(
        self,
        *,
        path: TextArg,
        modified_since: InstantArg = None,
        created_since: InstantArg = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.path = path
        self.modified_since = modified_since
        self.created_since = created_since

    @failing_at_once()
    def execute(self, context: Context) -> dict[str, Any]:
        """Walk the pages and write."""
        contacts = self.hook.client.iter_contacts(
            modified_since=as_instant(self.modified_since, "modified_since"),
            created_since=as_instant(self.created_since, "created_since"),
        )
        return write_contacts(contacts, as_location(self.path, "path"), writer=task_name(context))
