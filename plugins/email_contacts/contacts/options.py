"""How a source is read, and what is done with its rows: one object for all the options of a preparation.

Knows each option and how it is checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from email_contacts.contacts.batches.bodies import MAX_BATCH_BYTES, check_batch_bytes
from email_contacts.contacts.choices import (
    BODIES,
    CONFLICTS,
    DROP,
    DUPLICATES,
    FAIL,
    FLAG,
    JSON_BODY,
    LAST,
    SKIP,
    UNKNOWN_COLUMNS,
    WHEN_EMPTY,
    check_choice,
)
from email_contacts.contacts.errors import HeaderError, MappingError
from email_contacts.contacts.header_names import with_likely_header
from email_contacts.contacts.limits import RowLimit
from email_contacts.contacts.mapping.attributes import AccountAttribute
from email_contacts.contacts.mapping.binding import Binding, bind, phone_columns
from email_contacts.contacts.mapping.document import Mapping
from email_contacts.contacts.sources.consent_column import ConsentColumn, RowsWithConsent
from email_contacts.contacts.sources.opening import Source, open_rows
from email_contacts.contacts.sources.opt_outs import NumberColumn, flag_of
from email_contacts.contacts.sources.reading_options import ReadingOptions
from email_contacts.contacts.sources.rows import Rows
from email_contacts.contacts.sources.selection import RowSelection


@dataclass(frozen=True, kw_only=True)
class Options(ReadingOptions):
    """The options of a preparation: those of reading, and these.

    :param mapping: which column becomes what; None: by the columns' names.
    :param account_attributes: what the account has, with types; None when that is not known.
    :param unknown_columns: ``"fail"`` or ``"drop"``; None: what the mapping says, else ``"fail"``.
    :param max_rejects: rows (``100``) or share of the rows (``"5%"``) that may be rejected; None: any.
    :param body: the form in which contacts are sent: ``"json_body"``, ``"file_body"`` or ``"file_url"`` (see
        ``batches.forms``).
    :param duplicates: which of several rows about one contact is sent: the ``"last"``, the ``"first"``; or
        ``"fail"``.
    :param conflicts: what to do with rows that share an identifier with another contact's row: ``"flag"``
        lists them and sends them, ``"reject"`` sends none of them, ``"fail"``.
    :param consent_column: which column says who wants to be written to; rows that say no are held back.
    :param when_empty: a source without rows: ``"skip"`` prepares nothing, and that is well; or ``"fail"``.
    :param max_batch_bytes: bytes that a body may have.
    :param only_rows: the rows that are read, which keep their numbers; None: all.
    :raises InvalidOption: when one is of a kind that no source could satisfy.
    """

    mapping: Mapping | None = None
    account_attributes: tuple[AccountAttribute, ...] | None = None
    unknown_columns: str | None = None
    max_rejects: int | str | None = None
    body: str = JSON_BODY
    duplicates: str = LAST
    conflicts: str = FLAG
    consent_column: ConsentColumn | None = None
    when_empty: str = SKIP
    max_batch_bytes: int = MAX_BATCH_BYTES
    only_rows: RowSelection | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_batch_bytes(self.max_batch_bytes)
        check_choice("body", self.body, BODIES)
        check_choice("duplicates", self.duplicates, DUPLICATES)
        check_choice("when_empty", self.when_empty, WHEN_EMPTY)
        check_choice("conflicts", self.conflicts, CONFLICTS)
        check_choice("unknown_columns", self.policy, UNKNOWN_COLUMNS)
        RowLimit.parse(self.max_rejects)

    @property
    def policy(self) -> str:
        """What to do with columns without an attribute."""
        return self.unknown_columns or (self.mapping.unknown_columns if self.mapping is not None else FAIL)

    @property
    def mapping_digest(self) -> str:
        """A digest of what the mapping says, however it is laid out."""
        return sha256(repr(self.mapping).encode()).hexdigest()

    def open(self, source: Source) -> Rows:
        """Open a source."""
        expected = [known.name for known in self.account_attributes or ()]
        named = () if self.mapping is None else self.mapping.columns
        # It may come up late in NDJSON, and must not be overlooked.
        consent = () if self.consent_column is None else (self.consent_column.name,)
        return open_rows(
            source,
            self,
            longest_row=self.max_batch_bytes,
            expected=(*(expected if self.mapping is None else named), *consent),
            drop_late_columns=self.policy == DROP,
            keep=(*named, *(name for name in expected if flag_of(name) is not None)),
            consent=None if self.consent_column is None else self.consent_column.name,
            find_numbers=self._numbers_among,
            serial_columns={} if self.mapping is None else self.mapping.serial_columns,
        )

    def with_consent(self, rows: Rows) -> RowsWithConsent | None:
        """Read who said no, where a column says so; None where none does.

        :raises MappingError: when the source does not have the column.
        """
        if self.consent_column is None:
            return None
        keep = () if self.mapping is None else self.mapping.columns
        return RowsWithConsent(rows, self.consent_column, keep=keep)

    def _numbers_among(self, columns: Sequence[str]) -> Iterator[NumberColumn]:
        """Find the columns that become phone numbers."""
        found = phone_columns(columns, mapping=self.mapping, account_attributes=self.account_attributes)
        return (NumberColumn(one.place, one.attribute, one.nulls) for one in found)

    @property
    def known_names(self) -> Iterator[str]:
        """Names that are no content of a source, so that messages may show them."""
        for rule in self.mapping.rules if self.mapping is not None else ():
            yield from (rule.column, rule.attribute)
        yield from (one.name for one in self.account_attributes or ())

    def bind(self, rows: Rows, source: Source) -> Binding:
        """Find out what each column becomes.

        :raises PreparationError: as ``bind`` does; says so where another line looks like the header.
        """
        try:
            return bind(
                rows.columns,
                source=source.name,
                mapping=self.mapping,
                account_attributes=self.account_attributes,
                unknown_columns=self.policy,
            )
        except (HeaderError, MappingError) as error:
            raise with_likely_header(error, rows) from error.__cause__
