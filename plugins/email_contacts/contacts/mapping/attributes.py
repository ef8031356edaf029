"""The attributes of the account, as far as a mapping needs to know them (api-contract §3).

Knows names, types and labels. How they were asked for is the caller's business.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from email_contacts.contacts.column_names import canonical, spelled
from email_contacts.contacts.errors import InvalidOption

TYPES = ("text", "number", "date", "boolean", "category", "multiple_choice")
# The platform's words for types (api-contract §3) -> ours. "id" and "user" values are plain text to us.
_TYPES_OF_THE_API = {
    "text": "text",
    "float": "number",
    "number": "number",
    "date": "date",
    "boolean": "boolean",
    "id": "text",
    "user": "text",
    "category": "category",
    "multiple-choice": "multiple_choice",
}


@dataclass(frozen=True)
class AccountAttribute:
    """An attribute that the account has and an import may set.

    :param name: as the account spells it; it is sent so.
    :param type: one of ``TYPES``.
    :param labels: of a category or multiple choice: what may be chosen; empty when it is not known.
    :param codes: of a category: the account's numbers of the labels, as text; cells may hold these.
    :param undocumented: the platform's word for an undocumented type; no column can fill it then.
    """

    name: str
    type: str = "text"
    labels: tuple[str, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()
    undocumented: str = ""

    def __post_init__(self) -> None:
        if self.type not in TYPES:
            raise InvalidOption(f'{self.name}: type "{self.type}" is not one of {", ".join(TYPES)}.')

    @classmethod
    def from_api(
        cls,
        *,
        name: str,
        category: str,
        type: str | None = None,
        labels: Iterable[str] = (),
        codes: Iterable[tuple[str, str]] = (),
    ) -> AccountAttribute | None:
        """Make one from the words of ``GET /v3/contacts/attributes``.

        :param category: normal, category, transactional, calculated or global.
        :param type: the platform's word, such as float or multiple-choice; None for a category.
        :param labels: the labels of a category or the options of a multiple choice.
        :param codes: the numbers of a category's labels, as text, each with its label.
        :return: None when an import cannot set it (calculated, global, transactional).
        """
        if category not in ("normal", "category"):
            return None
        word = type or ("category" if category == "category" else "text")
        if word not in _TYPES_OF_THE_API:
            return cls(name=name, undocumented=word)
        return cls(name=name, type=_TYPES_OF_THE_API[word], labels=tuple(labels), codes=tuple(codes))


def read_account_attributes(path: Path) -> tuple[AccountAttribute, ...]:
    """Read a saved answer of ``GET /v3/contacts/attributes``.

    :param path: JSON: ``{"attributes": [{"name", "category", "type", "enumeration", ...}]}``.
    :raises InvalidOption: when it is not such a document.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        found = [_from_answer(entry) for entry in document["attributes"]]
    except OSError as error:
        raise InvalidOption(f"The attributes {path} cannot be read: {error.strerror}.") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        if isinstance(error, InvalidOption):
            raise
        raise InvalidOption(
            f'{path} is not an answer of GET /v3/contacts/attributes: {{"attributes": [{{"name", "category", '
            '"type"}, ...]}.'
        ) from error
    return tuple(attribute for attribute in found if attribute is not None)


def _from_answer(entry: Mapping[str, Any]) -> AccountAttribute | None:
    enumeration = entry.get("enumeration") or []
    options = entry.get("multiCategoryOptions") or []
    return AccountAttribute.from_api(
        name=entry["name"],
        category=entry["category"],
        type=entry.get("type"),
        labels=[str(choice["label"]) for choice in enumeration] or [str(option) for option in options],
        codes=[(str(choice["value"]), str(choice["label"])) for choice in enumeration if "value" in choice],
    )


class Account:
    """The attributes of an account, found by name.

    :param attributes: what it has.
    """

    def __init__(self, attributes: Iterable[AccountAttribute]) -> None:
        self.attributes = tuple(attributes)
        self._exact = {spelled(known.name): known for known in self.attributes}
        self._alike: dict[str, list[AccountAttribute]] = {}
        for known in self.attributes:
            self._alike.setdefault(canonical(known.name), []).append(known)

    def find(self, name: str) -> AccountAttribute | None:
        """Find the attribute of a name: the one that is spelled so, else the only one that is compared so."""
        alike = self._alike.get(canonical(name), ())
        return self._exact.get(spelled(name)) or (alike[0] if len(alike) == 1 else None)
