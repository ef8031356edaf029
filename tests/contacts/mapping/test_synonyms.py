"""What columns are usually called."""

from __future__ import annotations

import pytest

from email_contacts.contacts.mapping import synonyms


@pytest.mark.parametrize(
    ("group", "names"),
    [
        (
            "EMAIL",
            ["E-Mail", "e_mail_address", "Mail", "Courriel", "Adresse e-mail", "Correo electrónico", "Posta"],
        ),
        (
            "EXT_ID",
            ["customer_id", "Kundennummer", "Kunden-Nr.", "N° client", "Código cliente", "klantnummer"],
        ),
        ("SMS", ["Mobile", "Handy", "Téléphone portable", "Móvil", "Cellulare", "Mobiel"]),
        ("PHONE", ["Telefon", "phone number", "Téléphone".replace("é", "e"), "Teléfono", "Telefoon"]),
        ("FIRSTNAME", ["first_name", "Vorname", "Prénom", "Nombre", "Nome", "Voornaam"]),
        ("LASTNAME", ["LAST NAME", "Nachname", "Nom", "Apellidos", "Cognome", "Achternaam"]),
        ("STREET", ["Straße", "Adresse", "dirección", "VIA"]),
        (None, ["shoe", "", "Größe"]),
    ],
)
def test_groups(group: str | None, names: list[str]) -> None:
    assert {synonyms.group_of(name) for name in names} == {group}


def test_a_word_has_one_group() -> None:
    words = [word for group in synonyms._WORDS.values() for word in group.split()]
    assert len(words) == len(set(words))
    assert [word for word in words if synonyms.folded(word) != word] == []


def test_columns_of_categories() -> None:
    names = [
        "Status",
        "Kunden-Typ",
        "planName",
        "memberLevel",
        "PAYMENT_METHOD_TYPE",
        "Planner",
        "Gast",
        "Franka",
    ]
    assert [name for name in names if not synonyms.is_category(name)] == ["Planner", "Gast", "Franka"]


def test_personal_columns() -> None:
    names = [
        "Interne Notiz",
        "Maiden name",
        "Betreuer",
        "Kürzel",
        "Haus-Ärztin",
        "coachOfTeam",
        "coaching",
        "Fax",
        "IBAN",
        "E-Mail 2",
        "plan",
        "Country",
        "points",
    ]
    assert [name for name in names if not synonyms.is_personal(name)] == [
        "coaching",
        "plan",
        "Country",
        "points",
    ]
