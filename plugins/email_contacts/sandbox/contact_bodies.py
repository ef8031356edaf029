"""What a request says of a contact: the bodies, and the identifiers and attributes in them, normalised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field, StrictBool, StrictStr

from email_contacts.sandbox.edge import Integer
from email_contacts.sandbox.identity import (
    BY_ATTRIBUTE,
    EMAIL,
    EXT_ID,
    Identifier,
    without_phone_only_address,
)
from email_contacts.sandbox.refusals import invalid
from email_contacts.sandbox.values import BadDate, Reader, is_empty, read_attributes


class ContactBody(BaseModel):
    """What a contact is created or changed with; fields that are absent stay as they are."""

    ext_id: StrictStr | None = None
    attributes: dict[str, Any] | None = None
    emailBlacklisted: StrictBool | None = None  # noqa: N815
    smsBlacklisted: StrictBool | None = None  # noqa: N815
    listIds: list[Integer] | None = None  # noqa: N815
    smtpBlacklistSender: list[StrictStr] | None = Field(  # noqa: N815
        default=None, description="Accepted and ignored: no transactional mail is sent here."
    )

    def identifiers(self) -> dict[Identifier, str]:
        """Return the identifiers of the body, among the attributes or next to them, normalised.

        :raises Refusal: 400 for one that is not valid.
        """
        return _normalised({**(self.attributes or {}), **self._beside()})

    def kept(self, readers: Mapping[str, Reader]) -> dict[str, Any]:
        """Return what the account keeps of the attributes, without identifiers.

        :param readers: what reads each attribute of the account, strict on dates.
        :raises Refusal: 400 for a date that is not YYYY-MM-DD.
        """
        others = {name: value for name, value in (self.attributes or {}).items() if name not in BY_ATTRIBUTE}
        try:
            return read_attributes(others, readers)
        except BadDate as error:
            raise invalid("Invalid date format") from error

    def _beside(self) -> dict[str, Any]:
        return {} if self.ext_id is None else {EXT_ID.attribute: self.ext_id}


class NewContact(ContactBody):
    """A contact to create, or with ``updateEnabled`` to create or update."""

    email: StrictStr | None = None
    updateEnabled: StrictBool = False  # noqa: N815

    def _beside(self) -> dict[str, Any]:
        email = {} if self.email is None else {EMAIL.attribute: self.email}
        return {**super()._beside(), **email}


class ContactChange(ContactBody):
    """A change of one contact. ``attributes.EMAIL`` gives it another address."""

    unlinkListIds: list[Integer] | None = None  # noqa: N815


class BatchChange(ContactChange):
    """A change within a batch, with the identifier of its contact."""

    id: Integer | None = None
    email: StrictStr | None = None
    sms: StrictStr | None = None


class Batch(BaseModel):
    """Changes of many contacts: all are made, or none."""

    contacts: list[BatchChange] = Field(min_length=1)


def _normalised(fields: dict[str, Any]) -> dict[Identifier, str]:
    given: dict[Identifier, str] = {}
    for name, value in fields.items():
        identifier = BY_ATTRIBUTE.get(name)
        if identifier is None or is_empty(value):
            continue
        read = identifier.read(value)
        if read is None:
            raise invalid("Invalid email address" if identifier is EMAIL else f"Invalid {name}")
        given[identifier] = read
    return without_phone_only_address(given)
