"""The operator that copies opt-outs from the source to the platform."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.failures import failing_at_once
from email_contacts.imports import failpoints
from email_contacts.operators._prepared_run import manifest_path
from email_contacts.operators._sending_check import check_prepared
from email_contacts.operators.base import ContactsOperator

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient
    from email_contacts.arguments import TextArg


class PropagateOptOutsOperator(ContactsOperator):
    """Blocklist the contacts of rows that say no in the consent column.

    They are blocklisted for e-mail; contacts without an address, which can only be reached by SMS, for SMS.

    Place it after a preparation with ``propagate_opt_outs``, which has found these contacts in the mirror by
    any identifier of the row, leaving out those that are blocklisted already. It only ever removes consent:
    each contact is read, and updated by its address with ``emailBlacklisted`` and nothing else; one without
    an address, by its number with ``smsBlacklisted`` (api-contract §1.3). It does not use an import, which
    would add contacts to a list, and create contacts for people who have left the account. A retried task
    does what is left. The task fails if a later run has overtaken its own, or the connection leads to another
    account.

    :param manifest_uri: what ``PrepareContactsOperator`` pushed as ``manifest_uri``. Templated.
    :return: counts: ``opted_out``, and ``left_alone`` (no longer in the account, opted out already, or with
        neither an address nor a number for SMS).
    """

    template_fields: Sequence[str] = ("conn_id", "manifest_uri")

    def __init__(self, *, manifest_uri: TextArg, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.manifest_uri = manifest_uri

    @failing_at_once()
    def execute(self, context: Context) -> dict[str, int]:
        """Look each contact up, and blocklist it."""
        from email_contacts.contacts.guards.opt_outs import read_opt_outs
        from email_contacts.contacts.staging.manifest import Manifest

        path = manifest_path(self.manifest_uri)
        manifest = Manifest.read(cast("Any", path))
        # What an old run found is not true any more: somebody may have opted in since.
        here = self.hook.settings.account_fingerprint
        check_prepared(manifest, path.parent, account=here)
        ids, account = list[int](), ""
        if manifest.guards.get("to_opt_out"):
            ids, account = read_opt_outs(cast("Any", path.parent))
        if account not in ("", here):
            raise AirflowFailException(
                "the contacts to blocklist were found in another account, or the API key changed since; here "
                "their ids may be those of others. Clear the run from the task that refreshes the mirror on"
            )
        opted_out = 0
        for contact_id in ids:
            opted_out += _opt_out(self.hook.client, contact_id)
            failpoints.reached(failpoints.PORTION_SETTLED)
        self.log.info("opt-outs of the source: %d of %d contacts were blocklisted", opted_out, len(ids))
        return {"opted_out": opted_out, "left_alone": len(ids) - opted_out}


def _opt_out(client: ContactsClient, contact_id: int) -> bool:
    """Blocklist a contact; return whether that was to do."""
    from email_contacts.api import NotFound, RouteMissing
    from email_contacts.contacts.mirror.account_contacts import ways_to_write

    try:
        contact = client.get_contact(contact_id)
    except RouteMissing:  # which says nothing of the contact
        raise
    except NotFound:
        return False
    address, number = ways_to_write(contact)
    if contact.get("emailBlacklisted" if address else "smsBlacklisted") or not (address or number):
        return False
    if address:
        client.create_contact(email=address, email_blacklisted=True, update_enabled=True)
    else:
        client.create_contact(attributes={"SMS": number}, sms_blacklisted=True, update_enabled=True)
    return True
