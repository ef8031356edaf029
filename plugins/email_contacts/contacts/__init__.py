"""From source rows to request bodies: sources, mapping, validation, duplicates, batches, rejects, masking.

Pure: knows neither Airflow nor HTTP, and imports neither ``api`` nor ``imports``. Importing this package
costs nothing; each name is loaded when it is first asked for.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from email_contacts.contacts.errors import PreparationError as PreparationError
    from email_contacts.contacts.mapping.attributes import AccountAttribute as AccountAttribute
    from email_contacts.contacts.mapping.document import Mapping as Mapping
    from email_contacts.contacts.masking import mask as mask
    from email_contacts.contacts.options import Options as Options
    from email_contacts.contacts.partitions import merge_partitions as merge_partitions
    from email_contacts.contacts.partitions import prepare_partition as prepare_partition
    from email_contacts.contacts.preparation import prepare as prepare
    from email_contacts.contacts.progress import Progress as Progress
    from email_contacts.contacts.sources.sql_rows import Query as Query
    from email_contacts.contacts.staging.manifest import Batch as Batch
    from email_contacts.contacts.staging.manifest import Manifest as Manifest
    from email_contacts.contacts.staging.manifest import Rows as Rows

# Polars' allocator, jemalloc, reads this when Polars is loaded, which is after this package. By its own
# settings it has four arenas for each processor, and keeps what they free for longer.
os.environ.setdefault(
    "_RJEM_MALLOC_CONF", f"narenas:{os.cpu_count() or 1},dirty_decay_ms:100,muzzy_decay_ms:0"
)

_ROOMS = {
    "AccountAttribute": "mapping.attributes",
    "Batch": "staging.manifest",
    "Manifest": "staging.manifest",
    "Mapping": "mapping.document",
    "Options": "options",
    "PreparationError": "errors",
    "Progress": "preparation",
    "Query": "sources.sql_rows",
    "Rows": "staging.manifest",
    "mask": "masking",
    "merge_partitions": "partitions",
    "prepare": "preparation",
    "prepare_partition": "partitions",
}
__all__ = sorted(_ROOMS)


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
