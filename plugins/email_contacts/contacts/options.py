"""How a source is read, and what becomes of its rows: one object for all the choices.

Knows each choice and how it is checked; ``prepare`` says what each means.
"""

from __future__ import annotations

from dataclasses import dataclass

from email_contacts.contacts.batches.bodies import MAX_BATCH_BYTES, check_batch_bytes
from email_contacts.contacts.batches.duplicates import FLAG, LAST, check_policies
from email_contacts.contacts.batches.forms import JSON_BODY, check_form
from email_contacts.contacts.errors import InvalidOption
from email_contacts.contacts.limits import RejectLimit
from email_contacts.contacts.mapping.attributes import AccountAttribute
from email_contacts.contacts.mapping.binding import Binding, bind
from email_contacts.contacts.mapping.document import DROP, FAIL, UNKNOWN_COLUMNS, Mapping
from email_contacts.contacts.sources.opening import Source, open_rows
from email_contacts.contacts.sources.rows import Rows


@dataclass(frozen=True)
class Options:
    """How a source is read and what becomes of its rows; ``prepare`` says what each means.

    :raises InvalidOption: when one is of a kind that no source could satisfy.
    """

    mapping: Mapping | None = None
    account_attributes: tuple[AccountAttribute, ...] | None = None
    source_format: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    unknown_columns: str | None = None
    max_rejects: int | str | None = None
    body: str = JSON_BODY
    duplicates: str = LAST
    conflicts: str = FLAG
    max_batch_bytes: int = MAX_BATCH_BYTES

    def __post_init__(self) -> None:
        check_batch_bytes(self.max_batch_bytes)
        check_form(self.body)
        check_policies(self.duplicates, self.conflicts)
        RejectLimit.parse(self.max_rejects)
        if self.policy not in UNKNOWN_COLUMNS:
            raise InvalidOption(
                f'unknown_columns="{self.unknown_columns}" is not one of {", ".join(UNKNOWN_COLUMNS)}.'
            )

    @property
    def policy(self) -> str:
        """What to do with columns that lead nowhere."""
        return self.unknown_columns or (self.mapping.unknown_columns if self.mapping is not None else FAIL)

    def open(self, source: Source) -> Rows:
        """Open a source."""
        expected = [known.name for known in self.account_attributes or ()]
        return open_rows(
            source,
            source_format=self.source_format,
            delimiter=self.delimiter,
            encoding=self.encoding,
            longest_row=self.max_batch_bytes,
            expected=expected if self.mapping is None else self.mapping.columns,
            drop_late_columns=self.policy == DROP,
        )

    def bind(self, rows: Rows, source: Source) -> Binding:
        """Find out what each column becomes."""
        return bind(
            rows.columns,
            source=source.name,
            mapping=self.mapping,
            account_attributes=self.account_attributes,
            unknown_columns=self.policy,
        )
