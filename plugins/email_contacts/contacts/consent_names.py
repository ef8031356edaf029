"""Columns that say by their names who wants to be written to, or who does not.

Knows names, in English, German, French, Spanish, Italian and Dutch. Such a column decides nothing by itself:
the user has to name it, with its words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from email_contacts.contacts.header_names import shown_column
from email_contacts.contacts.mapping.synonyms import folded

AGREED, REFUSED, STATUS = "agreed", "refused", "status"
_REFUSED_PARTS = (
    *("unsubscri", "optout", "optedout", "optsout", "donotcontact", "donotemail", "donotmail", "donotcall"),
    *("donottext", "donotsms", "donotmarket", "dontcontact", "dontemail", "noemail", "nomarketing", "nospam"),
    *("suppress", "blacklist", "blocklist", "denylist", "abgemeldet", "abmeldung", "ausgetragen"),
    *("widerspr", "widerruf", "werbesperre", "werbeverbot", "keinewerbung", "keinemail", "desabonn"),
    *("desinscri", "nepascontacter", "pasdemail", "desuscri", "dadodebaja", "nocontactar", "disiscri"),
    *("noncontattare", "afgemeld", "uitgeschreven", "nietcontacteren", "robinson", "bounced", "hardbounce"),
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
# Of these, words that no row has of somebody who did not refuse: when it was, and why.
_WHEN = frozenset(
    {
        *("at", "on", "am", "date", "time", "timestamp", "since", "when", "day", "datum", "uhrzeit"),
        *("zeitpunkt", "heure", "fecha", "hora", "ora", "tijd", "reason", "grund"),
    }
)
# "Email status", "Subscription state"; and what says so by itself.
_STATUS_OF = {
    **dict.fromkeys(
        ("status", "statut"),
        ("mail", "subscri", "newsletter", "market", "consent", "permission", "list", "member", "contact"),
    ),
    "state": ("subscri", "newsletter", "consent", "permission"),  # "Mailing state" is one of a country
}
_STATUS_NAMES = frozenset({"status", "statut", "dnd", "gdpr", "permission", "permissions", "emailcampaigns"})
# Words and beginnings of words that turn what a name says into its opposite, without accents.
_NOT = frozenset(
    {
        *("no", "not", "non", "never", "without", "off", "out", "dont", "doesnt", "kein", "keine", "keinen"),
        *("nein", "nicht", "nie", "ohne", "pas", "sans", "jamais", "sin", "nunca", "senza", "geen", "niet"),
        *("nooit", "nee", "zonder", "stop", "stopp"),
    }
)
# "Newsletter yes/no" is about the newsletter, and not about who does not want it.
_YES_OR_NO = (("yes", "no"), ("si", "no"), ("ja", "nein"), ("ja", "nee"), ("oui", "non"), ("on", "off"))
_NO_OPPOSITE = frozenset({("no", "of"), ("non", "profit")})
_OPPOSITE = re.compile(
    "(?:withdr[ae]w|revo[ck]|den(?:ie[ds]|y|ial|egad)|refus|declin|reject|rejet|rechaz|rifiut|disallow|disagree"
    "|objecte|objection|opposed|opposition|forbid|prohibit|verbot|untersagt|blocked|blockiert|geblock"
    "|bloque|bloccat|gesperrt|sperre|sperrung|abbestell|verweiger|geweiger|weiger|abgelehn|ablehn"
    "|zuruckgezogen|zurueckgezogen|gekundigt|gekuendigt|opgezegd|ingetrokken|cancel|removed|exclud|exclusion"
    "|ausgeschlossen|stopped|banned|invalid|inactiv|inaktiv|inattiv|disabled|deaktiv|desactiv|disattiv"
    "|unerwunsch|unerwuensch|ungultig|ungueltig|storniert)"
)
_UNDONE = re.compile(
    "un(?:sub|e?mail|contact|consent|opted|accept|confirm|verif|allow|authori|permit|approv|want|willing)"
)
# Single words that say all: "nomail", "donotbulkemail", "keinnewsletter", "unsub".
_JOINED = re.compile(
    "donot(?!if)|un(?:sub|e?mail|contact|consent|opted)|(?:no|not|non|never|dont|keine?|nicht|pasde|geen|niet|sin)"
    "(?:e?mail|sms|contact|kontakt|call|send|market|promo|spam|news|subscri|opt(?:ed)?in|consent|werbung"
    "|abonn|angemeldet|aangemeld|iscritt|nieuwsbrief|boletin|bollettin|infolettre|rundbrief)"
)
# A name with one of these is about writing to people, whether or not somebody agreed to it.
_CONTACT_PARTS = (
    "mail",
    "contact",
    "kontakt",
    "contatt",
    "sms",
    "whatsapp",
    "send",
    "market",
    "promo",
    "werb",
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+")


def meaning_of(name: str) -> str | None:
    """Say what yes means in a column.

    :param name: of the column.
    :return: ``"agreed"``, ``"refused"``, ``"status"`` where it has words of its own for both, or None where
        its name says nothing of the kind.
    """
    words = _words_of(name)
    if not _NOT_WHETHER.isdisjoint(words):
        return None
    said = folded(name)
    agreed = any(part in said for part in _AGREED_PARTS)
    # At the end of a name, "no" is mostly a number: "Contact No".
    is_number = words[1:].count("no") and not _negates([word for word in words if word != "no"])
    about = agreed or (any(part in said for part in _CONTACT_PARTS) and not is_number)
    if _refuses(said, words) or (about and _negates(words)):
        return REFUSED
    if said in _STATUS_NAMES or _is_status(words):
        return STATUS
    return AGREED if agreed else None


def words_needed(name: str) -> str:
    """Say why the words for yes and no must be given; empty where those of a boolean will do.

    :param name: of the column that decides.
    """
    words = _words_of(name)
    # Also where it says when: a word for yes would still be one of somebody who refused.
    if not (_refuses(folded(name), words) or _negates(words)):
        return ""
    return (
        f'"yes" in "{name}" seems to mean that a person opted out. Give its words: as yes those of people '
        'who may be contacted, such as ["false", "no", "0", ""], and as no the others'
    )


def _words_of(name: str) -> list[str]:
    return [folded(word) for word in _WORD.findall(name)]


def _refuses(said: str, words: Sequence[str]) -> bool:
    """Return whether a name says by itself that somebody refused.

    :param said: the name, folded.
    :param words: its words.
    """
    spoken = f" {' '.join(words)} "
    if any(part in said for part in _REFUSED_PARTS) or " do not " in spoken or " don t " in spoken:
        return True
    return any(map(_JOINED.match, words))


def _negates(words: Sequence[str]) -> bool:
    """Return whether one of the words turns the others into their opposite."""
    paired = {no for yes, no in _YES_OR_NO if yes in words and no in words}
    for word, following in zip(words, (*words[1:], ""), strict=False):
        if word in _NOT and word not in paired and (word, following) not in _NO_OPPOSITE:
            return True
        if _OPPOSITE.search(word) or _UNDONE.match(word):
            return True
    return False


def _is_status(words: Sequence[str]) -> bool:
    *others, last = words or [""]
    return any(part in word for part in _STATUS_OF.get(last, ()) for word in others)


def advice_on(name: str) -> str:
    """Say how a column that looks like consent is made to decide; empty for any other."""
    meaning = meaning_of(name)
    nothing = "but decides nothing: each row is sent, whatever it says."
    if meaning is None:
        words = _words_of(name)
        if _WHEN.isdisjoint(words) or not _refuses(folded(name), words):
            return ""
        return f"seems to be filled for people who opted out, {nothing} Leave their rows out of the source."
    looks = "may say who unsubscribed" if meaning == STATUS else "looks like consent"
    words_too = "" if meaning == AGREED else ", with its words for yes (may be contacted) and no"
    return f"{looks}, {nothing} To hold back people who did not agree, name it as consent_column{words_too}."


def notes_on(columns: Sequence[str]) -> Iterator[str]:
    """Yield a sentence on each column that looks like consent, where none was named as such.

    :param columns: all columns of the source.
    """
    for name in columns:
        if advice := advice_on(name):
            yield f"column {shown_column(name, columns)} {advice}"
