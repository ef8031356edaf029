"""The routes of attributes (api-contract §3, §6)."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel

from email_contacts.sandbox import attribute_rows
from email_contacts.sandbox.edge import Integer, TheAccount, answer, documented, nothing
from email_contacts.sandbox.refusals import Refusal, absent, invalid, missing
from email_contacts.sandbox.values import AttributeRule

router = APIRouter(prefix="/v3/contacts/attributes", tags=["Attributes"])

# Accounts have names such as DOUBLE_OPT-IN. Which others they may have is not documented: be lenient.
_NAME = re.compile(r"\w(?:[\w -]{0,48}[\w-])?")
_LONGEST_OPTION = 200

Category = Annotated[
    Literal["normal", "transactional", "category", "calculated", "global"], Path(alias="attributeCategory")
]
AttributeName = Annotated[str, Path(alias="attributeName")]


class Option(BaseModel):
    """One value of a category attribute."""

    value: Integer
    label: str


class AttributeBody(BaseModel):
    """An attribute to make, or new options for one."""

    type: Literal["text", "date", "float", "boolean", "id", "category", "multiple-choice", "user"] | None = (
        None
    )
    value: str | None = None
    enumeration: list[Option] | None = None
    multiCategoryOptions: list[str] | None = None  # noqa: N815


@router.get("", name="attributes", responses=documented())
def get_attributes(account: TheAccount) -> Response:
    """Show all attributes of the account. EMAIL is the identity of a contact and not among them."""
    with account.database.reading() as connection:
        rules = attribute_rows.all_rules(connection)
    return answer({"attributes": [_shown(rule) for rule in rules]})


@router.post(
    "/{attributeCategory}/{attributeName}",
    name="create_attribute",
    status_code=201,
    responses=documented(400),
)
def create_attribute(
    category: Category, name: AttributeName, body: AttributeBody, account: TheAccount
) -> Response:
    """Create an attribute. Its name is made upper-case."""
    rule = _rule(category, name.upper(), body)
    with account.database.writing() as connection:
        if rule.name == "EMAIL" or attribute_rows.found(connection, rule.name):
            raise Refusal(400, "duplicate_parameter", "Attribute name already exists")
        attribute_rows.insert(connection, rule)
    return answer({}, status=201)


@router.put(
    "/{attributeCategory}/{attributeName}",
    name="update_attribute",
    status_code=204,
    responses=documented(400, 404),
)
def update_attribute(
    category: Category, name: AttributeName, body: AttributeBody, account: TheAccount
) -> Response:
    """Replace the options of a category or multiple-choice attribute."""
    with account.database.writing() as connection:
        known = attribute_rows.found(connection, name.upper())
        if known is None or known.category != category:
            raise absent("Attribute does not exist")
        body = body.model_copy(update={"type": body.type or known.type})
        attribute_rows.insert(connection, _rule(category, known.name, body))
    return nothing()


@router.delete(
    "/{attributeCategory}/{attributeName}",
    name="delete_attribute",
    status_code=204,
    responses=documented(404),
)
def delete_attribute(category: Category, name: AttributeName, account: TheAccount) -> Response:
    """Delete an attribute and its values."""
    with account.database.writing() as connection:
        known = attribute_rows.found(connection, name.upper())
        if known is None or known.category != category:
            raise absent("Attribute does not exist")
        attribute_rows.delete(connection, known.name)
    return nothing()


def _rule(category: str, name: str, body: AttributeBody) -> AttributeRule:
    if not _NAME.fullmatch(name):
        raise invalid("Attribute name is not valid: letters, digits, _, - and blanks inside, at most 50")
    if category == "category":
        if not body.enumeration:
            raise missing("Attribute enumeration is missing")
        pairs = tuple((option.value, option.label) for option in body.enumeration)
        _check_options([label for _, label in pairs])
        return AttributeRule(name=name, category=category, enumeration=pairs)
    if body.type is None and category in ("normal", "transactional"):
        raise missing("Attribute type is missing")
    if body.type == "multiple-choice":
        options = tuple(body.multiCategoryOptions or ())
        if not options:
            raise missing("Attribute multiCategoryOptions is missing")
        _check_options(options)
        return AttributeRule(name=name, category=category, type=body.type, options=options)
    return AttributeRule(name=name, category=category, type=body.type)


def _check_options(options: list[str] | tuple[str, ...]) -> None:
    if any(not option or len(option) > _LONGEST_OPTION for option in options):
        raise invalid(f"An option has between 1 and {_LONGEST_OPTION} characters")


def _shown(rule: AttributeRule) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": rule.name, "category": rule.category}
    if rule.type:
        shown["type"] = rule.type
    if rule.enumeration:
        shown["enumeration"] = [{"value": value, "label": label} for value, label in rule.enumeration]
    if rule.options:
        shown["multiCategoryOptions"] = list(rule.options)
    return shown
