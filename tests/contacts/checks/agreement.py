"""That all ways to judge a row agree: whole frames, row by row, and the reference evaluator.

Knows frames and bindings. Of a frame's rows that are plainly good it looks at each byte that would be sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import orjson
from jsonschema import Draft202012Validator

from email_contacts.contacts.batches.forms import form_of
from email_contacts.contacts.checks.fast_path_rejects import FastPathRejects
from email_contacts.contacts.checks.fast_path_rows import BODY, FastPathRows, Judged
from email_contacts.contacts.checks.validation import ContactValidator, contact_schema
from email_contacts.contacts.choices import BODIES
from email_contacts.contacts.column_names import EMAIL, IDENTIFIERS
from email_contacts.contacts.mapping.binding import Binding, Contact
from email_contacts.contacts.sources.rows import Frame
from email_contacts.contacts.sources.typed import frame_rows
from email_contacts.contacts.staging.rejects import Reject


class Reference:
    """The reference evaluator, asked once for each value.

    What it says of contacts as a whole is composed of that; ``whole`` asks it for one contact at a time,
    which takes a hundred times as long.
    """

    def __init__(self, binding: Binding) -> None:
        schema = contact_schema(binding)
        properties = schema["properties"]
        attributes = properties["attributes"]["properties"]
        self._of_values = {
            name: Draft202012Validator(rule | {"$defs": schema["$defs"]})
            for name, rule in {**attributes, EMAIL: properties["email"]}.items()
        }
        self._schema = schema
        self._known: dict[tuple[str, str], bool] = {}

    def is_valid(self, contact: Contact) -> bool:
        attributes = contact["attributes"]
        values = {**attributes, EMAIL: contact["email"]} if "email" in contact else attributes
        return not values.keys().isdisjoint(IDENTIFIERS) and all(
            self._is_valid(name, value) for name, value in values.items()
        )

    def whole(self, contact: Contact) -> bool:
        return bool(self._whole.is_valid(_as_json(contact)))

    def _is_valid(self, name: str, value: Any) -> bool:
        key = (name, f"{type(value).__name__} {value!r}")
        if key not in self._known:
            self._known[key] = name in self._of_values and self._of_values[name].is_valid(_as_json(value))
        return self._known[key]

    @cached_property
    def _whole(self) -> Draft202012Validator:
        return Draft202012Validator(self._schema)


class Agreement:
    """Judges frames in all ways and sees that these agree; counts what it saw.

    :param binding: what the frames' columns are.
    :param forms: the forms in which contacts are written.
    """

    def __init__(self, binding: Binding, forms: Sequence[str] = BODIES) -> None:
        self.binding = binding
        self._validator = ContactValidator(binding)
        self._reader = {only: binding.reader(text_only=only) for only in (True, False)}
        self._forms = [form_of(name, binding) for name in forms]
        self._plain = [FastPathRows(binding, form) for form in self._forms]
        self._rejects = FastPathRejects(self._validator)
        self.reference = Reference(binding)
        self.rows = self.valid = self.plain = self.rejected = 0
        self.plainly_filled: Counter[str] = Counter()

    def check(self, frame: Frame, *, text_only: bool = True, wholes: int = 0) -> None:
        """Check a frame.

        :param text_only: whether all its cells are text.
        :param wholes: how many of its contacts the reference evaluator is asked for as a whole.
        """
        contacts = list(map(self._reader[text_only], frame_rows(frame.cells)))  # type: ignore[arg-type]
        verdicts = list(map(self._validator.is_valid, contacts))
        for contact, verdict in zip(contacts, verdicts, strict=True):
            assert self.reference.is_valid(contact) == verdict, contact
        for contact in contacts[:wholes]:
            assert self.reference.whole(contact) == self.reference.is_valid(contact), contact
        for form, plain in zip(self._forms, self._plain, strict=True):
            judged = plain.judge(frame)
            good = judged.is_good.tolist()
            bodies = judged.rows.get_column(BODY).to_list()
            identifiers = judged.rows.drop(BODY).to_dicts()
            assert len(good) == len(bodies) == len(contacts)
            for place, is_good in enumerate(good):
                if is_good:
                    assert verdicts[place], contacts[place]
                    assert bodies[place].encode() == form.row(contacts[place])
                    assert identifiers[place] == _identifiers(contacts[place], identifiers[place])
        self._check_rejects(frame, judged, contacts)
        self.rows += len(contacts)
        self.valid += sum(verdicts)
        self.plain += sum(good)
        for contact, is_good in zip(contacts, good, strict=True):
            if is_good:
                self.plainly_filled.update(contact["attributes"].keys())
                self.plainly_filled[EMAIL] += "email" in contact

    def _check_rejects(self, frame: Frame, judged: Judged, contacts: Sequence[Contact]) -> None:
        """See that rows which are rejected at once are rejected one by one, with the same words."""
        rejects = self._rejects.of(frame, np.flatnonzero(~judged.is_good), judged.first)
        rows = frame_rows(frame.cells)
        places = rejects.get_column("place").to_list()
        assert places == sorted(set(places))
        for place, *said in rejects.iter_rows():
            assert not self._validator.is_valid(contacts[place]), contacts[place]
            expected = self._validator.reject(0, "", rows[place], contacts[place])
            assert Reject(0, "", *said) == expected
        self.rejected += len(places)


def _identifiers(contact: Contact, names: Iterable[str]) -> dict[str, str]:
    values = {EMAIL: contact.get("email", ""), **contact["attributes"]}
    return {name: values.get(name, "") for name in names}


def _as_json(value: Any) -> Any:
    """Give what is sent: the reference looks at values of Python, to which NaN is a number."""
    return orjson.loads(orjson.dumps(value))
