"""What can be wrong with a mapping, or with none, once the columns of a source and the account are known.

Knows rules, columns and attributes; reads no row.
"""

from __future__ import annotations

from collections.abc import Sequence

from email_contacts.contacts.column_names import IDENTIFIERS, canonical
from email_contacts.contacts.errors import HeaderError, NoIdentifierColumn, UnknownColumns
from email_contacts.contacts.header_names import is_known, shown_column, shown_names
from email_contacts.contacts.mapping.attributes import Account, AccountAttribute
from email_contacts.contacts.mapping.bound_column import BoundColumn
from email_contacts.contacts.mapping.document import ColumnRule, Mapping
from email_contacts.contacts.mapping.synonyms import group_of


def check_against_account(rule: ColumnRule, known: AccountAttribute, mapping: Mapping) -> None:
    """See that a rule says of an attribute what the account says.

    :raises MappingError: when it does not.
    """
    if rule.type not in (None, known.type):
        raise mapping.written.wrong(
            mapping.place_of(rule, "type"),
            f'{rule.attribute} (column "{rule.column}") is {rule.type}, but in the account it is '
            f"{known.type}, and the platform ignores values of the wrong type (api-contract §1.3). "
            "Give that type, or leave it out",
        )
    strange = [label for label in rule.labels if known.labels and label not in known.labels]
    if strange:
        raise mapping.written.wrong(
            mapping.place_of(rule, "categories" if rule.type == "category" else "options"),
            f"{', '.join(strange)} are not options of {rule.attribute} in the account. "
            f"It has {', '.join(known.labels)}",
        )


def check_named_columns(mapping: Mapping, columns: Sequence[str], source: str) -> None:
    """See that the source has the columns that a mapping names.

    :raises MappingError: when it lacks some.
    """
    present = {canonical(column) for column in columns}
    absent = [column for column in mapping.columns if canonical(column) not in present]
    if absent:
        place = ("columns", absent[0]) if canonical(absent[0]) in mapping.by_column else ("key",)
        raise mapping.written.wrong(
            place,
            f"it names columns that {source} does not have: {', '.join(absent)}. "
            f"It has {shown_names(columns)}",
        )


def check_targets(bound: Sequence[BoundColumn], columns: Sequence[str], source: str) -> None:
    """See that each attribute is filled once, and that a column says who the contact is.

    :raises HeaderError: when two columns become one attribute.
    :raises NoIdentifierColumn: when none becomes an identifier.
    """
    first: dict[str, str] = {}
    for column in bound:
        if column.attribute in first:
            become = f" {column.attribute}" if is_known(column.attribute) else " one attribute"
            raise HeaderError(
                f"In {source} both {shown_column(first[column.attribute], columns)} and "
                f"{shown_column(column.name, columns)} become{become}. Remove one, or name the one to use in "
                "a mapping."
            )
        first[column.attribute] = column.name
    if not set(IDENTIFIERS) & set(first):
        raise NoIdentifierColumn(
            f"{source} has no column that says who the contact is: one of {', '.join(IDENTIFIERS)} "
            "(api-contract §2.1).",
            _what_there_is(columns),
        )


def _what_there_is(columns: Sequence[str]) -> str:
    """Name the columns, and say how one of them comes to say who the contact is."""
    if not columns:
        return "There is no column at all."
    if len(columns) == 1 and any(separator in columns[0] for separator in ",;\t|"):
        return (
            "It has only one column, whose name holds what separates columns. If each line stands in quotes "
            "as a whole, remove those quotes, or export the file again."
        )
    if len(columns) == 1:
        return (
            "It has only one column. In a CSV whose columns are separated by another character than a comma, "
            "a semicolon, a tab or |, name that as the delimiter."
        )
    rivals = next(
        (
            alike
            for one in IDENTIFIERS
            if len(alike := [name for name in columns if group_of(name) == one]) > 1
        ),
        None,
    )
    there_is = "Its columns: " if rivals is None else "More than one may be it, and none is taken: "
    return (
        f"{there_is}{shown_names(rivals or columns, header=columns)}. Rename one, or name it in a "
        'mapping: {"columns": {"name of the column": "EMAIL"}}.'
    )


def unknown_columns_of(
    unknown: dict[str, ColumnRule | None],
    lost: Sequence[str],
    mapping: Mapping | None,
    source: str,
    account: Account | None,
    columns: Sequence[str],
) -> UnknownColumns:
    """Make the error that names the columns and constants without an attribute.

    :param unknown: columns, each with its rule where it has one.
    :param lost: names of constants.
    """
    said = []
    unmapped = [column for column, rule in unknown.items() if rule is None]
    if unmapped:
        names = shown_names(unmapped, header=columns)
        said.append(f"{source} has columns that the mapping does not name: {names}.")
    rules = {rule.attribute: rule for rule in unknown.values() if rule is not None}
    strange = {
        name: known.undocumented
        for name in (*rules, *lost)
        if account is not None and (known := account.find(name)) is not None
    }
    if strange:
        types = ", ".join(f'{name} ("{word}")' for name, word in strange.items())
        said.append(
            f"Attributes of the account have types that are not documented (api-contract §3): {types}."
        )
    absent = {name: rule for name, rule in rules.items() if name not in strange}
    if mapping is None and absent:
        names = shown_names([rule.column for rule in absent.values()], header=columns)
        said.append(f"{source} has columns that are attributes the account does not have: {names}.")
    elif mapping is not None:
        places = {name: mapping.place_of(rule) for name, rule in absent.items()}
        places |= {name: ("constants", name) for name in lost if name not in strange}
        if places:
            names = ", ".join(map(mapping.written.with_line, places, places.values()))
            said.append(f"The mapping fills attributes that the account does not have: {names}.")
    return UnknownColumns(
        f"{' '.join(said)} Map them to attributes of the account, create the attributes there, or drop "
        'them with unknown_columns="drop".',
        (*unknown, *lost),
    )
