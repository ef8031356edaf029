"""How a source is read: what its user says about it, each option once.

Knows options and their rules; the readers know what they do with them.
"""

from __future__ import annotations

from dataclasses import dataclass

from email_contacts.contacts.choices import AUTO, SOURCE_FORMATS, check_choice


@dataclass(frozen=True, kw_only=True)
class ReadingOptions:
    """How a source is read.

    :param source_format: ``"csv"``, ``"ndjson"`` or ``"parquet"``; ``"auto"``: by each file's name, else by
        its first bytes.
    :param delimiter: of a CSV, one character; None: by the header.
    :param encoding: of files of text; None: by the byte order mark, else UTF-8.
    :raises InvalidOption: when one is of a kind that no source could satisfy.
    """

    source_format: str = AUTO
    delimiter: str | None = None
    encoding: str | None = None

    def __post_init__(self) -> None:
        check_choice("source_format", self.source_format, SOURCE_FORMATS)
