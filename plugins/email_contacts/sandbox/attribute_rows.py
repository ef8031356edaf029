"""The account's attributes in the database, and the ones that a fresh account has."""

from __future__ import annotations

import json
from sqlite3 import Connection, Row

from email_contacts.sandbox.values import AttributeRule, Reader

_COUNTRIES = ("DE", "FR", "GB", "IN", "US", "ES", "IT", "NL")

FRESH = (
    AttributeRule(name="FIRSTNAME", category="normal", type="text"),
    AttributeRule(name="LASTNAME", category="normal", type="text"),
    AttributeRule(name="SMS", category="normal", type="text"),
    AttributeRule(name="EXT_ID", category="normal", type="text"),
    AttributeRule(name="WHATSAPP", category="normal", type="text"),
    AttributeRule(name="LANDLINE_NUMBER", category="normal", type="text"),
    AttributeRule(name="COUNTRY", category="category", enumeration=tuple(enumerate(_COUNTRIES, start=1))),
    AttributeRule(name="BIRTHDAY", category="normal", type="date"),
    AttributeRule(name="POINTS", category="normal", type="float"),
    AttributeRule(name="NEWSLETTER", category="normal", type="boolean"),
    AttributeRule(
        name="INTERESTS",
        category="normal",
        type="multiple-choice",
        options=("books", "music", "sports", "travel", "food"),
    ),
)
"""EMAIL is not among them: it is the contact's identity."""


def all_rules(connection: Connection) -> list[AttributeRule]:
    """Return the attributes in the order of their creation."""
    return [_rule(row) for row in connection.execute("SELECT * FROM attributes ORDER BY position")]


def found(connection: Connection, name: str) -> AttributeRule | None:
    """Return one attribute by its upper-case name."""
    row = connection.execute("SELECT * FROM attributes WHERE name = ?", (name,)).fetchone()
    return _rule(row) if row else None


def insert(connection: Connection, rule: AttributeRule) -> None:
    """Add an attribute, or put another in the place of the one with this name."""
    connection.execute(
        "INSERT INTO attributes SELECT ?, ?, ?, ?, ?, coalesce(max(position), 0) + 1 FROM attributes "
        "WHERE true ON CONFLICT (name) DO UPDATE SET type = excluded.type, "
        "enumeration = excluded.enumeration, options = excluded.options",
        (rule.name, rule.category, rule.type, json.dumps(rule.enumeration), json.dumps(rule.options)),
    )


def delete(connection: Connection, name: str) -> None:
    """Remove an attribute from the account and its values from all contacts."""
    connection.execute("DELETE FROM attributes WHERE name = ?", (name,))
    path = f'$."{name}"'
    connection.execute(
        "UPDATE contacts SET attributes = json_remove(attributes, ?) "
        "WHERE json_type(attributes, ?) IS NOT NULL",
        (path, path),
    )


def furnish(connection: Connection) -> None:
    """Give a fresh account its attributes."""
    for rule in FRESH:
        insert(connection, rule)


def json_readers(connection: Connection, *, strict_dates: bool) -> dict[str, Reader]:
    """Return what reads the JSON values of each attribute that contacts can carry."""
    return {
        rule.name: rule.json_reader(strict_dates=strict_dates)
        for rule in all_rules(connection)
        if rule.holds_values
    }


def cell_readers(connection: Connection) -> dict[str, Reader]:
    """Return what reads the CSV cells of each attribute that contacts can carry."""
    return {rule.name: rule.cell_reader() for rule in all_rules(connection) if rule.holds_values}


def _rule(row: Row) -> AttributeRule:
    return AttributeRule(
        name=row["name"],
        category=row["category"],
        type=row["type"],
        enumeration=tuple((value, label) for value, label in json.loads(row["enumeration"])),
        options=tuple(json.loads(row["options"])),
    )
