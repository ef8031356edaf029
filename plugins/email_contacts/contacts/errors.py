"""Why a source cannot be prepared, as one tree.

Knows words only: no file, no row and no value of a cell is kept in an error, because errors are logged.

::

    PreparationError (ValueError)
    ├── InvalidOption            an argument that no source could satisfy, such as max_rejects="many"
    ├── MappingError             the mapping document is wrong, or does not fit the source or the account
    │   └── UnknownColumns       columns without an attribute, while unknown_columns is "fail"
    ├── SourceMissing            (FileNotFoundError) no such file, or a folder or pattern without files
    ├── SourceForbidden          (PermissionError) not below the roots that may be read
    ├── SourceEmpty              not even a header, or no row where when_empty is "fail"
    │   └── NoRows               a file of JSON without an object
    ├── SourceUnreadable         a spreadsheet, damaged, truncated, of several kinds, or NDJSON that is none
    ├── SourceChanged            a file of a folder, or what was joined to one, has other columns or types
    ├── SourceBroken             (ConnectionError) the database failed, at the start or midway
    ├── SourceUndecodable        bytes that are not in the encoding; names line and byte
    ├── WrongDelimiter           given or detected, it does not cut the header into columns
    ├── HeaderError              blank or repeated column names
    │   └── NoIdentifierColumn   no column says who the contact is
    ├── RowTooLong               longer than a request body may be; usually an unclosed quote
    ├── DuplicatesFound          while duplicates is "fail"
    ├── ConflictsFound           while conflicts is "fail"
    ├── StageError               the stage is not a folder that can be written
    ├── PartitionMissing         (FileNotFoundError) a partition is not there, or not complete
    ├── NotAManifest             what was read is not a manifest of ours
    └── TooManyRejects           more rows rejected than max_rejects allows
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class PreparationError(ValueError):
    """A source that cannot be prepared. The message says what was found, the rule, and how to fix it."""


class InvalidOption(PreparationError):
    """An argument that no source could satisfy."""


class MappingError(PreparationError):
    """A mapping that is wrong in itself, or does not fit the source or the account."""


class UnknownColumns(MappingError):
    """Columns that lead to no attribute, while the choice is to fail.

    :param message: what to say.
    :param columns: the columns' names as the source spells them.
    """

    def __init__(self, message: str, columns: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.columns = tuple(columns)


class SourceMissing(PreparationError, FileNotFoundError):
    """Nothing is at the source's path, or no file in its folder."""


class SourceForbidden(PreparationError, PermissionError):
    """The path is not below the roots that may be read."""


class SourceEmpty(PreparationError):
    """The source holds not even a header."""


class NoRows(SourceEmpty):
    """The source is whole, but has no rows, and so does not say what its columns are."""


class SourceUnreadable(PreparationError):
    """The source is of a kind that is not read here, or is damaged."""


class SourceChanged(PreparationError):
    """A file of a source has other columns, or another type in a column, than the source's first file.

    So it is where a file was joined to another one whose columns are in another order.

    :param message: what to say.
    :param columns: the columns that differ.
    """

    def __init__(self, message: str, columns: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.columns = tuple(columns)


class SourceBroken(PreparationError, ConnectionError):
    """The database failed while rows were read from it; it may do better another time.

    :param message: what to say; never the driver's own words, which can hold values.
    :param rows: rows that were read until then.
    """

    def __init__(self, message: str, *, rows: int = 0) -> None:
        super().__init__(message)
        self.rows = rows


class SourceUndecodable(PreparationError):
    """The source holds bytes that its encoding does not have."""


class WrongDelimiter(PreparationError):
    """The delimiter does not cut the header into columns, or several could."""


class HeaderError(PreparationError):
    """Column names that are blank or repeated."""


class NoIdentifierColumn(HeaderError):
    """No column says who the contact is.

    :param fault: what is wrong.
    :param advice: what to do, as far as only the columns are known.
    """

    def __init__(self, fault: str, advice: str = "") -> None:
        super().__init__(f"{fault} {advice}".rstrip())
        self.fault = fault


class RowTooLong(PreparationError):
    """One row is longer than a request body may be."""


class DuplicatesFound(PreparationError):
    """Several rows are about one contact, while the choice is to fail."""


class ConflictsFound(PreparationError):
    """Contacts share an identifier, while the choice is to fail."""


class StageError(PreparationError):
    """The stage is not a folder that can be written."""


class PartitionMissing(PreparationError, FileNotFoundError):
    """A partition is not there, or not complete, when all are to be merged."""


class NotAManifest(PreparationError):
    """What was read is not a manifest."""


class TooManyRejects(PreparationError):
    """More rows were rejected than the run allows; nothing was finished.

    :param message: what to say.
    :param read: rows read until the decision.
    :param rejected: rows rejected until then.
    :param reasons: rule -> rows rejected by it.
    :param rejects_uri: where each rejected row is listed.
    """

    def __init__(
        self,
        message: str,
        *,
        read: int = 0,
        rejected: int = 0,
        reasons: Mapping[str, int] | None = None,
        rejects_uri: str | None = None,
    ) -> None:
        super().__init__(message)
        self.read = read
        self.rejected = rejected
        self.reasons = dict(reasons or {})
        self.rejects_uri = rejects_uri
