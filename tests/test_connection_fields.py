"""What the fields of the connection say of themselves."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from email_contacts.connection_fields import FIELDS, Field


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_each_has_a_schema_that_is_one_and_a_default_that_keeps_it(field: Field) -> None:
    Draft202012Validator.check_schema(dict(field.schema))
    Draft202012Validator(dict(field.schema)).validate(field.default)
