"""The attributes of the account that the benchmarks prepare for: those of a fresh sandbox."""

from __future__ import annotations

from benchmarks.contacts_file import CHOICES, COUNTRIES
from email_contacts.contacts.mapping.attributes import AccountAttribute

ATTRIBUTES = (
    AccountAttribute("EXT_ID"),
    AccountAttribute("FIRSTNAME"),
    AccountAttribute("LASTNAME"),
    AccountAttribute("COUNTRY", "category", COUNTRIES),
    AccountAttribute("BIRTHDAY", "date"),
    AccountAttribute("POINTS", "number"),
    AccountAttribute("NEWSLETTER", "boolean"),
    AccountAttribute("INTERESTS", "multiple_choice", CHOICES),
)
