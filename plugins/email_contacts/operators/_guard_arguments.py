"""Which rows a preparation holds back, as a value object of rendered arguments.

Knows plain values and paths; no operator.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from email_contacts.arguments import InvalidArgument, as_flag, as_hours, as_ids
from email_contacts.operators._named_folders import named_folder

if TYPE_CHECKING:
    from email_contacts.connection import ContactsConnection
    from email_contacts.contacts.guards.settings import Guards

GUARD_FIELDS = ("mirror", "mirror_max_age", "consent", "consent_reason", "merges", "propagate_opt_outs")


@dataclass(frozen=True, kw_only=True)
class GuardArguments:
    """Which rows are held back.

    :param mirror: its name, or the path or address of its folder; empty: none, and no row is held back.
    :param mirror_max_age: hours that it may be old.
    :param consent: ``hold_back``, ``override`` or ``ignore``.
    :param consent_reason: why opt-outs are overridden.
    :param merges: ``hold_back`` or ``allow``.
    :param propagate_opt_outs: whether opt-outs of the source are to be brought to the platform.
    :param lists: ids of the lists that the contacts go to.
    """

    mirror: Any
    mirror_max_age: Any
    consent: Any
    consent_reason: Any
    merges: Any
    propagate_opt_outs: Any = False
    lists: Any = ()

    def guards(self, settings: ContactsConnection) -> Guards | None:
        """Say what is held back; None: nothing is looked for.

        :param settings: the platform's connection, which says where named mirrors lie, and whose account it
            must be.
        :raises InvalidArgument: when the name can be no name of a folder, or the age no number; and for what
            a task leaves that did not run, since then nobody would be held back.
        :raises email_contacts.contacts.errors.InvalidOption: when the choices do not fit each other.
        """
        from email_contacts.contacts.guards.settings import Guards, check_consent

        consent, reason = str(self.consent or "hold_back"), str(self.consent_reason or "")
        if self.mirror in (None, "None"):
            raise InvalidArgument(
                "mirror is None: the task that refreshes it did not run, or returned nothing. Pass the "
                "output of RefreshMirrorOperator, or an empty text for no guard"
            )
        propagates = as_flag(self.propagate_opt_outs, "propagate_opt_outs")
        if self.mirror == "":
            if propagates:
                raise InvalidArgument(
                    "propagate_opt_outs needs a mirror, which says who can still be written to; pass the "
                    "output of RefreshMirrorOperator"
                )
            check_consent(consent, reason)
            return None
        folder = named_folder("mirror", self.mirror, settings.staging_root)
        return Guards(
            folder=cast("Any", folder),
            name=folder.name,
            account=settings.account_fingerprint,
            lists=tuple(as_ids(self.lists, "snapshot_target")) if self.lists else (),
            consent=consent,
            consent_reason=reason,
            merges=str(self.merges or "hold_back"),
            propagates=propagates,
            max_age=timedelta(hours=as_hours(self.mirror_max_age, "mirror_max_age")),
        )
