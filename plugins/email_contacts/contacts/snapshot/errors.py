"""Why a snapshot cannot be compared with, or not be confirmed.

::

    SnapshotUnusable (PreparationError)   everything is sent then, and the log says why
    ├── SnapshotMissing
    └── SnapshotDamaged                   cut off, changed, of another format or a later version
    SnapshotSuperseded (PreparationError) another run was confirmed or prepared in between
"""

from __future__ import annotations

from email_contacts.contacts.errors import PreparationError


class SnapshotUnusable(PreparationError):
    """There is nothing to compare with; the message says why."""


class SnapshotMissing(SnapshotUnusable):
    """The file is not there."""


class SnapshotDamaged(SnapshotUnusable):
    """The file is not what was written."""


class SnapshotSuperseded(PreparationError):
    """Another run was confirmed, or prepared, since this one was prepared."""
