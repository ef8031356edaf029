"""What can be chosen for a preparation: each choice once, for library, operators, command line and forms.

Knows words only and imports nothing heavy, so that a DAG file can offer them in its form.
"""

from __future__ import annotations

from email_contacts.contacts.errors import InvalidOption

AUTO, CSV, NDJSON, JSON, PARQUET, XLSX = "auto", "csv", "ndjson", "json", "parquet", "xlsx"
SOURCE_FORMATS = (AUTO, CSV, NDJSON, JSON, PARQUET, XLSX)

FAIL, DROP = "fail", "drop"
UNKNOWN_COLUMNS = (FAIL, DROP)

LAST, FIRST = "last", "first"
DUPLICATES = (LAST, FIRST, FAIL)

SKIP = "skip"
WHEN_EMPTY = (SKIP, FAIL)

REJECT, IMPORT = "reject", "import"
OPTED_OUT = (REJECT, IMPORT)

FLAG = "flag"
CONFLICTS = (FLAG, REJECT, FAIL)

HOLD_BACK, OVERRIDE, IGNORE, ALLOW = "hold_back", "override", "ignore", "allow"
CONSENT = (HOLD_BACK, OVERRIDE, IGNORE)
MERGES = (HOLD_BACK, ALLOW)

# What to do with contacts that are gone from the source.
KEEP, REMOVE, BLACKLIST = "keep", "remove", "blacklist"
GONE = (KEEP, REMOVE, BLACKLIST)

JSON_BODY, FILE_BODY, FILE_URL = "json_body", "file_body", "file_url"
BODIES = (JSON_BODY, FILE_BODY, FILE_URL)


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Check that a value is one of the choices.

    :param name: of the option.
    :raises InvalidOption: naming the choices.
    """
    if value not in choices:
        raise InvalidOption(f'{name}="{value}" is not one of {", ".join(choices)}.')
