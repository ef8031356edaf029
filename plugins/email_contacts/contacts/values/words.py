"""Words by which cells say yes or no, and null values, in the languages in which people keep tables.

Knows words only, in lower case. Preparation reads none of them on its own: a mapping names those that are
meant, and ``propose`` finds them.
"""

from __future__ import annotations

from email_contacts.contacts.values.normalising import NOTHING as _NOTHING

_YES = (
    "ja j oui o si sì sí s sim tak ano áno da igen evet joo kyllä да x ✓ ✔ "  # yes
    "wahr vrai verdadero verdadeiro vero waar prawda pravda sant sann sand tosi doğru igaz истина"  # true
)
_NO = (
    "nein non não nao nie ne nu nem nej nei hayır hayir ei нет "
    "falsch faux falso onwaar fałsz nepravda falskt usann falsk epätosi yanlış hamis ложь nee"
)
MEANINGS = dict.fromkeys(_YES.split(), True) | dict.fromkeys(_NO.split(), False)
# Letters that are often codes of something else: only together with each other they say yes and no.
LETTERS_OF_BOOLEANS = (("y", "n"), ("t", "f"))

# Where text is wanted these may be names or answers: a surname "Null", an allergy "none".
NOTHING = _NOTHING
MAY_BE_NAMES = frozenset({"null", "none", "nil", "nan", "undefined"})
MAY_BE_ANSWERS = frozenset({"none", "nil"})
# Beside those, where a number, a day, yes or no, an address or a phone number is wanted.
NOTHING_OF_A_TYPE = frozenset(
    {
        *("na", "n.a.", "n.a", "n/d", "n.d.", "nd", "s/d", "k.a.", "k. a.", "n.v.t.", "nvt", "n.c."),
        *("unknown", "unbekannt", "inconnu", "desconocido", "sconosciuto", "onbekend", "keine angabe"),
        *("empty", "leer", "vide", "vacío", "vuoto", "leeg", "missing", "not set", "not available"),
        *(
            "sin datos",
            "non renseigné",
            "?",
            "??",
            "???",
            ".",
            "..",
            "...",
            "…",
            "–",
            "—",
            "---",
            "/",
            "nat",
        ),
    }
)
