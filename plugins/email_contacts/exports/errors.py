"""How an export can end badly.

::

    OverlappingExport (RuntimeError)    another task writes the same series now; a later try may go on
    DestinationOfOthers (ValueError)    the folder has contacts of another account
    AttributesUnknown (LookupError)     a Parquet file cannot be written for want of its columns
"""

from __future__ import annotations


class OverlappingExport(RuntimeError):
    """Two exports of one series run at the same time."""


class DestinationOfOthers(ValueError):
    """The folder has the contacts of another account, and ids of contacts are those of an account."""


class AttributesUnknown(LookupError):
    """The platform does not say which attributes its contacts have."""
