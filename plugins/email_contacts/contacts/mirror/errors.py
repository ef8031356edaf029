"""Why a mirror cannot be looked at.

::

    MirrorUnusable (PreparationError)   not there, damaged, out of date, or of another account
"""

from __future__ import annotations

from email_contacts.contacts.errors import PreparationError


class MirrorUnusable(PreparationError):
    """There is nothing to look contacts up in; the message says why. Nothing is prepared then."""
