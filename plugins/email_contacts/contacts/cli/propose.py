"""The command ``propose``: a mapping made from a source's header and first rows.

Knows its arguments; opens the source and reads no more of it than it needs.
"""

from __future__ import annotations

from argparse import Namespace
from contextlib import closing

from email_contacts.contacts.batches.bodies import MAX_BATCH_BYTES
from email_contacts.contacts.cli.first_rows import first_rows
from email_contacts.contacts.errors import HeaderError, InvalidOption
from email_contacts.contacts.header_names import with_likely_header
from email_contacts.contacts.mapping.attributes import AccountAttribute, read_account_attributes
from email_contacts.contacts.mapping.proposal import propose
from email_contacts.contacts.mapping.writing import as_yaml
from email_contacts.contacts.sources.opening import open_rows
from email_contacts.contacts.sources.reading_options import ReadingOptions
from email_contacts.contacts.values import phones


def account_attributes(asked: Namespace) -> tuple[AccountAttribute, ...] | None:
    """Read the account's attributes from the file that was named; None when none was."""
    return None if asked.attributes is None else read_account_attributes(asked.attributes)


def proposed(asked: Namespace, options: ReadingOptions) -> str:
    """Return the proposal as YAML.

    :param asked: ``source``, ``attributes`` and ``region``.
    :param options: how the source is read.
    :raises PreparationError: when the source cannot be read, or no column says who the contact is.
    """
    if asked.region is not None and not phones.is_region(asked.region):
        raise InvalidOption(
            f'--region "{asked.region}" is not a country; use a two-letter ISO 3166 code, such as DE or GB.'
        )
    with closing(
        open_rows(asked.source, options, longest_row=MAX_BATCH_BYTES, drop_late_columns=True)
    ) as rows:
        first = first_rows(rows)
        try:
            proposal = propose(
                rows.columns,
                first,
                source=asked.source.name,
                account_attributes=account_attributes(asked),
                region=asked.region,
            )
        except HeaderError as error:
            raise with_likely_header(error, rows) from None
    return as_yaml(proposal, source=asked.source.name, rows=len(first))
