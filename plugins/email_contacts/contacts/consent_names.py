"""Columns that say by their names who wants to be written to, or who does not.

Knows names, in English, German, French, Spanish, Italian and Dutch. Such a column decides nothing by itself:
the user has to name it, with its words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from email_contacts.contacts.header_names import shown_column
from email_contacts.contacts.mapping.synonyms import folded

AGREED, REFUSED = "agreed", "refused"
_REFUSED_PARTS = (
    *("unsubscri", "optout", "optedout", "optsout", "donotcontact", "donotemail", "donotmail", "donotcall"),
    *("donottext", "donotsms", "donotmarket", "dontcontact", "dontemail", "noemail", "nomarketing", "nospam"),
    *("suppress", "blacklist", "blocklist", "denylist", "abgemeldet", "abmeldung", "ausgetragen"),
    *("widerspr", "widerruf", "werbesperre", "werbeverbot", "keinewerbung", "keinemail", "desabonn"),
    *("desinscri", "nepascontacter", "pasdemail", "desuscri", "dadodebaja", "nocontactar", "disiscri"),
    *("noncontattare", "afgemeld", "uitgeschreven", "nietcontacteren", "robinson"),
)
_AGREED_PARTS = (
    *("optin", "optedin", "consent", "acceptsmarketing", "acceptsemail", "acceptssms", "acceptmarketing"),
    *(
        "acceptsnewsletter",
        "marketingpermission",
        "permissiontoemail",
        "agreedto",
        "newsletter",
        "subscribed",
    ),
    *("emailsubscri", "smssubscri", "mailable", "emailable", "rundbrief", "einwilligung", "zustimmung"),
    *("abonniert", "angemeldet", "infolettre", "estabonne", "inscritala", "boletin", "suscrito", "consiente"),
    *("consenso", "bollettino", "iscritto", "nieuwsbrief", "toestemming", "ingeschreven", "aangemeld"),
)
# Names with such a word tell when, how or where somebody agreed, or how often, and not whether.
_NOT_WHETHER = frozenset(
    {
        *("at", "on", "am", "date", "time", "timestamp", "since", "until", "when", "day", "datum", "uhrzeit"),
        *("zeitpunkt", "heure", "fecha", "hora", "ora", "tijd", "source", "quelle", "origin", "medium"),
        *("method", "methode", "channel", "ip", "url", "link", "version", "id", "count", "number", "anzahl"),
        *("reason", "grund", "plan", "price"),
    }
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+")


def meaning_of(name: str) -> str | None:
    """Say what yes means in a column.

    :param name: of the column.
    :return: ``"agreed"``, ``"refused"``, or None where its name says nothing of the kind.
    """
    if not _NOT_WHETHER.isdisjoint(word.casefold() for word in _WORD.findall(name)):
        return None
    said = folded(name)
    if any(part in said for part in _REFUSED_PARTS):
        return REFUSED
    return AGREED if any(part in said for part in _AGREED_PARTS) else None


def words_needed(name: str) -> str:
    """Say why the words for yes and no must be given; empty where those of a boolean will do.

    :param name: of the column that decides.
    """
    if meaning_of(name) != REFUSED:
        return ""
    return (
        f'"yes" in "{name}" seems to mean that a person opted out. Give its words: as yes those of people '
        'who may be contacted, such as ["false", "no", "0", ""], and as no the others'
    )


def advice_on(name: str) -> str:
    """Say how a column that looks like consent is made to decide; empty for any other."""
    meaning = meaning_of(name)
    if meaning is None:
        return ""
    words = "" if meaning == AGREED else ", with its words for yes (may be contacted) and no"
    return (
        "looks like consent, but decides nothing: each row is sent, whatever it says. To hold back people "
        f"who did not agree, name it as consent_column{words}."
    )


def notes_on(columns: Sequence[str]) -> Iterator[str]:
    """Yield a sentence on each column that looks like consent, where none was named as such.

    :param columns: all columns of the source.
    """
    for name in columns:
        if advice := advice_on(name):
            yield f"column {shown_column(name, columns)} {advice}"
