"""What is held back, as its author chose it.

Knows words, and imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from email_contacts.contacts.choices import CONSENT, HOLD_BACK, IGNORE, MERGES, OVERRIDE, check_choice
from email_contacts.contacts.errors import InvalidOption
from email_contacts.contacts.paths import AnyPath

# Why rows are held back by a guard; nothing is wrong with such a run.
OPTED_OUT, NO_CONSENT, WOULD_MERGE = "opted_out", "no_consent", "would_merge"
GUARD_REASONS = (OPTED_OUT, NO_CONSENT, WOULD_MERGE)
MIRROR_MAX_AGE = timedelta(hours=24)
# What was prepared may wait so long for an approval or for other imports.
LONGEST_WAIT = timedelta(days=1)
LONGEST_REASON = 300


@dataclass(frozen=True, kw_only=True)
class Guards:
    """Which rows are held back, and the mirror in which their contacts are looked up.

    :param folder: of the mirror: ``pathlib.Path``, ``UPath`` or Airflow's ``ObjectStoragePath``.
    :param name: of the mirror.
    :param account: which account it must be of.
    :param lists: ids of the lists that the contacts go to: who unsubscribed from one of them has opted out.
        Empty: who unsubscribed from any list.
    :param consent: ``"hold_back"`` the rows of contacts who opted out, ``"override"`` that for a reason, or
        ``"ignore"`` it.
    :param consent_reason: why opt-outs are overridden; at most 300 characters, no personal data.
    :param merges: ``"hold_back"`` the rows that would make the platform merge contacts, or ``"allow"`` it.
    :param max_age: how old the mirror may be.
    :param propagates: find the contacts of rows that do not consent, and who can still be written to.
    :raises InvalidOption: when the choices do not fit each other.
    """

    folder: AnyPath
    name: str
    account: str = ""
    lists: tuple[int, ...] = ()
    consent: str = HOLD_BACK
    consent_reason: str = ""
    merges: str = HOLD_BACK
    max_age: timedelta = MIRROR_MAX_AGE
    propagates: bool = False

    def __post_init__(self) -> None:
        check_consent(self.consent, self.consent_reason)
        check_choice("merges", self.merges, MERGES)

    def of_lists(self, more: Iterable[int]) -> Guards:
        """Count unsubscriptions from further lists, too; where those from any list count, nothing changes."""
        return replace(self, lists=(*self.lists, *more)) if self.lists else self

    @property
    def is_off(self) -> bool:
        """Whether nothing is to be held back, and nothing to be counted."""
        return self.consent == IGNORE and self.merges != HOLD_BACK and not self.propagates

    @property
    def summary(self) -> dict[str, Any]:
        """What a manifest and a receipt say of it."""
        reason = {"consent_reason": self.consent_reason} if self.consent_reason else {}
        return {"consent": self.consent, **reason, "merges": self.merges}


def check_consent(consent: str, reason: str) -> None:
    """See that opt-outs are overridden for a reason, and for no other choice one is given.

    :raises InvalidOption: when that is not so.
    """
    check_choice("consent", consent, CONSENT)
    if consent == OVERRIDE and not reason.strip():
        raise InvalidOption(
            'consent="override" needs consent_reason: why people who opted out are written to. It goes into '
            "the receipt and the log."
        )
    if consent != OVERRIDE and reason:
        raise InvalidOption(f'consent_reason belongs to consent="override", not to "{consent}".')
    if len(reason) > LONGEST_REASON:
        raise InvalidOption(f"consent_reason has {len(reason)} characters, and may have {LONGEST_REASON}.")
