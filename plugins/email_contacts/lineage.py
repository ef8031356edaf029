"""Lineage in OpenLineage's terms: which source was read, and which lists were imported into.

Datasets are named as OpenLineage's naming rules say, as far as they have one: a file by its path, an object
by its bucket and key, a list by the platform's address and the list's id. No user, no query of an address and
no row is in a name. OpenLineage's classes are loaded only where its provider asks for them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from email_contacts.imports.verification.receipt import Receipt


@dataclass(frozen=True)
class Lineage:
    """What a task read and wrote. Noted while the task runs: OpenLineage's listener must not look it up.

    :param source: as the manifest calls it; empty for none.
    :param platform: the platform's base URL.
    :param list_ids: the lists that were imported into.
    :param read: rows of the source; None where that is not known.
    :param accepted: rows that the platform accepted; None where that is not known.
    """

    source: str = ""
    platform: str = ""
    list_ids: tuple[int, ...] = ()
    read: int | None = None
    accepted: int | None = None

    @classmethod
    def of(cls, receipt: Receipt, *, platform: str) -> Lineage:
        """The lineage of a whole import."""
        rows = receipt.rows
        return cls(receipt.source, platform, receipt.list_ids, rows.read, rows.accepted)

    def facets(self) -> Any:
        """The ``OperatorLineage`` of OpenLineage's provider."""
        from airflow.providers.openlineage.extractors import OperatorLineage
        from openlineage.client.event_v2 import InputDataset, OutputDataset
        from openlineage.client.facet_v2 import input_statistics_input_dataset as into
        from openlineage.client.facet_v2 import output_statistics_output_dataset as out

        read = {"inputStatistics": into.InputStatisticsInputDatasetFacet(rowCount=self.read)}
        written = {"outputStatistics": out.OutputStatisticsOutputDatasetFacet(rowCount=self.accepted)}
        sources = [source_dataset(self.source)] if self.source else []
        return OperatorLineage(
            inputs=[InputDataset(*names, inputFacets={} if self.read is None else read) for names in sources],
            outputs=[
                # Of several lists each got all rows.
                OutputDataset(*names, outputFacets={} if self.accepted is None else written)
                for names in list_datasets(self.platform, self.list_ids)
            ],
        )


def source_dataset(source: str) -> tuple[str, str]:
    """Namespace and name of a source.

    :param source: a path, an address, or ``<connection id>:<table>``; of a query ``<connection id>:query``.
    """
    if "://" not in source:
        conn_id, is_database, table = source.partition(":")
        if is_database and "/" not in conn_id:
            return f"airflow-connection://{conn_id}", table
        return "file", source
    parts = urlsplit(source)
    if parts.scheme == "file":
        return "file", parts.path
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}", parts.path.strip("/") or "/"


def list_datasets(platform: str, list_ids: Iterable[int]) -> list[tuple[str, str]]:
    """Namespaces and names of lists.

    :param platform: the platform's base URL.
    """
    parts = urlsplit(platform)
    namespace = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return [(namespace, f"contacts/lists/{list_id}") for list_id in list_ids]
