"""What operators share that read contacts and validate every row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from email_contacts.arguments import as_flag
from email_contacts.operators._source_access import SourceAccess
from email_contacts.operators._source_arguments import read_mapping, rooted_path
from email_contacts.operators._staging import StagingOperator, read_options

if TYPE_CHECKING:
    from email_contacts.arguments import FlagArg, TextArg
    from email_contacts.contacts.mapping.attributes import AccountAttribute
    from email_contacts.contacts.options import Options

LinesArg: TypeAlias = "int | TextArg"
# Arguments that are options of a preparation by the same name.
READING_OPTIONS = (
    "source_format", "delimiter", "encoding", "header_row", "skip_rows", "sheet", "opted_out",
    "unknown_columns", "body", "consent_column",
)  # fmt: skip


class ReadingOperator(StagingOperator):
    """An operator that reads contacts and validates every row.

    :param restrict_sources: read only what the connection allows (``source_roots``,
        ``source_sql_conn_ids``), and query in read-only transactions: for DAGs whose form sets the source.
        Not templated, because a form must not be able to change it.

    :param source_root: the folder that a relative ``source`` or ``mapping`` is looked up in. Templated.
    :param source_format: ``csv``, ``ndjson``, ``json``, ``parquet``, ``xlsx``, or ``auto`` (by the file's
        name, otherwise by its content). Templated.
    :param delimiter: of a CSV file; empty: detected from its header. Templated.
    :param encoding: of the file; empty: taken from the byte order mark, otherwise UTF-8. Templated.
    :param header_row: the line of a CSV file or a sheet that has the columns' names, counted from 1; empty:
        the first line that is not blank. Templated.
    :param skip_rows: the number of lines above the header, instead of ``header_row``. Templated.
    :param sheet: of a workbook; empty: the first sheet that is not hidden. Templated.
    :param opted_out: what to do with rows marked ``emailBlacklisted``, ``smsBlacklisted`` or
        ``whatsappBlacklisted``: ``reject`` them (default), or ``import`` them. Templated.
    :param consent_column: the column that says who agreed to be contacted: its name, or an object with
        ``name`` and the words for ``yes`` and ``no`` (in any case; by default those of booleans), also as
        JSON text. People with a row that says no are held back; a row that says neither is rejected. If yes
        in the column means that a person opted out, judging by its name, the words are required. Templated.
    :param mapping: path of a mapping document (YAML or JSON), or the document itself as a dictionary; empty:
        columns are mapped by their names. Templated.
    :param unknown_columns: ``fail`` or ``drop`` columns that the account has no attribute for, which the
        platform would silently drop (api-contract §3); empty (default): what the mapping says, otherwise
        ``fail``. Templated.
    :param body: the form that batches are sent in: ``json_body`` (default), ``file_body``, or ``file_url``,
        one file of any size that the platform fetches from the stage. Templated.
    :param check_attributes: read the account's attributes first, and map and check columns by them.
        Templated.
    """

    template_fields: Sequence[str] = (
        *StagingOperator.template_fields,
        "source_root", "mapping", *READING_OPTIONS, "check_attributes",
    )  # fmt: skip
    template_fields_renderers = {"mapping": "json"}  # noqa: RUF012  Airflow's own declaration

    def __init__(
        self,
        *,
        source_root: TextArg = "",
        source_format: TextArg = "auto",
        delimiter: TextArg = "",
        encoding: TextArg = "",
        header_row: LinesArg = "",
        skip_rows: LinesArg = "",
        sheet: TextArg = "",
        opted_out: TextArg = "reject",
        consent_column: TextArg | Mapping[str, Any] = "",
        mapping: TextArg | Mapping[str, Any] = "",
        unknown_columns: TextArg = "",
        body: TextArg = "json_body",
        check_attributes: FlagArg = True,
        restrict_sources: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source_root = source_root
        self.source_format = source_format
        self.delimiter = delimiter
        self.encoding = encoding
        self.header_row = header_row
        self.skip_rows = skip_rows
        self.sheet = sheet
        self.opted_out = opted_out
        self.consent_column = consent_column
        self.mapping = mapping
        self.unknown_columns = unknown_columns
        self.body = body
        self.check_attributes = check_attributes
        self.restrict_sources = as_flag(restrict_sources, "restrict_sources")

    @property
    def access(self) -> SourceAccess | None:
        """What may be read; None: anything."""
        if not self.restrict_sources:
            return None
        return SourceAccess.of(self.hook.settings, root=str(self.source_root))

    @property
    def read_as(self) -> dict[str, Any]:
        """How the source is read, as far as it was said: what reads some of its rows again needs the same."""
        from email_contacts.contacts.sources.reading_options import ReadingOptions

        usual = {**vars(ReadingOptions()), "body": "json_body"}
        said = {name: getattr(self, name) for name in READING_OPTIONS}
        said = {name: value for name, value in said.items() if value not in ("", None, usual.get(name))}
        if isinstance(self.mapping, Mapping):
            said["mapping_in_dag"] = True
        elif self.mapping:
            said["mapping"] = str(rooted_path("mapping", self.mapping, root=self.source_root))
        return said

    def options(self, *more: str) -> Options:
        """Make the options of a preparation.

        :param more: arguments that are options too.
        """
        check = as_flag(self.check_attributes, "check_attributes")
        return read_options(
            mapping=read_mapping(self.mapping, root=self.source_root, access=self.access),
            account_attributes=self._account_attributes() if check else None,
            max_rejects=self.reject_limit,
            **{name: getattr(self, name) for name in (*READING_OPTIONS, *more)},
        )

    def _account_attributes(self) -> tuple[AccountAttribute, ...]:
        from email_contacts.contacts.mapping.attributes import AccountAttribute

        known = (
            AccountAttribute.from_api(
                name=attribute.name,
                category=attribute.category,
                type=attribute.type,
                labels=attribute.enumeration or attribute.options,
                codes=zip(attribute.values, attribute.enumeration, strict=False),
            )
            for attribute in self.hook.client.attributes()
        )
        return tuple(attribute for attribute in known if attribute is not None)
