"""What columns are usually called, in English, German, French, Spanish, Italian and Dutch.

Knows names only. A name belongs to a group, called by the attribute that it usually becomes.
"""

from __future__ import annotations

import re
import unicodedata

from email_contacts.contacts.column_names import EMAIL, EXT_ID, LANDLINE, SMS, WHATSAPP

PHONE = "PHONE"  # a number of any kind; the second best for SMS
ID = "ID"  # a number of anything; the second best for EXT_ID
FULLNAME, FIRSTNAME, LASTNAME = "FULLNAME", "FIRSTNAME", "LASTNAME"
BIRTHDAY, POSTAL_CODE, NOTES = "BIRTHDAY", "POSTAL_CODE", "NOTES"

_WORDS = {
    EMAIL: (
        "email emailaddress emailadresse mail mailadresse mailaddress emailadres mailadres courriel "
        "adresseemail adressemail adressecourriel correo correoelectronico direccionemail posta "
        "postaelettronica indirizzoemail indirizzomail "
        "primaryemail primaryemailaddress useremail customeremail contactemail memberemail "
        "subscriberemail subscriber emailid email1value eposta epost adresemail"
    ),
    EXT_ID: (
        "extid externalid customerid customernumber customerno custid clientid clientnumber userid "
        "memberid membernumber crmid kundennummer kundennr kundenid mitgliedsnummer mitgliedsnr "
        "numeroclient idclient nclient codeclient numerocliente idcliente clienteid ncliente "
        "codigocliente codicecliente klantnummer klantnr klantid lidnummer"
    ),
    ID: "id uid uuid guid",
    SMS: (
        "sms mobile mobilephone mobilenumber mobilephonenumber mobil mobilnummer mobiltelefon mobilfunk "
        "handy handynummer handynr cell cellphone cellnumber gsm portable telephoneportable telportable "
        "movil telefonomovil celular cellulare telefonocellulare numerocellulare mobiel mobielnummer "
        "gsmnummer mobiltelefonnummer telefonmobil phonemobile"
    ),
    WHATSAPP: "whatsapp whatsappnumber whatsappnummer numerowhatsapp numerodewhatsapp",
    LANDLINE: (
        "landline landlinenumber landlinephone festnetz festnetznummer telephonefixe telfixe telefonofijo "
        "telefonofisso vastetelefoon vastnummer"
    ),
    PHONE: (
        "phone phonenumber telephone telephonenumber tel telnr telefon telefonnummer rufnummer "
        "numerotelephone numerodetelephone telefono numerotelefono numeroditelefono numerodetelefono "
        "telefoon telefoonnummer"
    ),
    FIRSTNAME: (
        "firstname firstnames fname givenname forename vorname vornamen rufname prenom nombre nombredepila "
        "nome voornaam"
    ),
    LASTNAME: (
        "lastname lname surname familyname nachname familienname zuname nom nomdefamille apellido "
        "apellidos cognome achternaam familienaam"
    ),
    FULLNAME: "name fullname nomcomplet nombrecompleto nomecompleto naam vollername",
    BIRTHDAY: (
        "birthday birthdate dateofbirth dob born geburtstag geburtsdatum geboren datedenaissance "
        "naissance anniversaire fechadenacimiento nacimiento cumpleanos datadinascita nascita compleanno "
        "geboortedatum verjaardag"
    ),
    "COUNTRY": (
        "country countrycode countryregion land landercode laendercode landescode pays codepays pais "
        "codigopais paese landcode"
    ),
    "CITY": "city town ort stadt wohnort ville ciudad citta stad woonplaats",
    POSTAL_CODE: (
        "postalcode postcode zip zipcode zippostalcode postalzipcode plz postleitzahl codepostal "
        "codigopostal cap codiceavviamentopostale"
    ),
    "STREET": (
        "street address streetaddress strasse anschrift adresse rue calle direccion via indirizzo straat "
        "adres"
    ),
    "COMPANY": (
        "company companyname organisation organization firma unternehmen societe entreprise empresa "
        "azienda societa bedrijf"
    ),
    "LANGUAGE": "language lang locale sprache langue idioma lingua taal",
    "GENDER": (
        "gender sex geschlecht anrede salutation genre sexe civilite genero sexo genere sesso geslacht aanhef"
    ),
    "NEWSLETTER": "newsletter rundbrief infolettre boletin bollettino nieuwsbrief",
    "POINTS": "points punkte puntos punti punten",
    "INTERESTS": (
        "interests interessen themen topics interets centresdinteret intereses interessi interesses"
    ),
    NOTES: (
        "note notes notiz notizen comment comments kommentar bemerkung bemerkungen remarque commentaire "
        "nota notas comentario commento commenti opmerking opmerkingen notitie"
    ),
}
_GROUPS = {word: group for group, words in _WORDS.items() for word in words.split()}
_PERSONAL = frozenset(
    {
        EMAIL,
        EXT_ID,
        ID,
        SMS,
        WHATSAPP,
        LANDLINE,
        PHONE,
        FIRSTNAME,
        LASTNAME,
        FULLNAME,
        BIRTHDAY,
        "STREET",
        "COMPANY",
        NOTES,
    }
)
# Parts of names of columns that hold people, where the name as a whole is none of the above.
_PERSONAL_PARTS = (
    *("name", "mail", "phone", "telefon", "mobil", "fax", "nachname", "prenom", "nom", "apellido", "cognome"),
    *("strasse", "street", "address", "adress", "note", "notiz", "comment", "kommentar", "bemerk", "birth"),
    *("geburt", "iban", "passw", "token", "secret", "person", "berater", "betreuer", "vertreter", "advisor"),
    *("owner", "manager", "agent", "referr", "partner", "contact", "kontakt", "user", "login"),
)
# Words with which names of columns end that hold people; a coaching is none.
_PEOPLE = (
    "trainer trainerin coach instructor teacher lehrer lehrerin tutor tutorin mentor mentorin supervisor "
    "arzt arztin aerztin doctor doktor medecin medico physician therapeut therapeutin therapist nurse "
    "kurzel kuerzel initials initialen bearbeiter bearbeiterin mitarbeiter mitarbeiterin employee staff "
    "verkaufer verkaeufer seller vendedor salesrep assignee zustandig zustaendig verantwortlich "
    "responsable responsible leiter leiterin author autor autorin werber sponsor spouse stylist "
    "mother father mutter vater driver fahrer fahrerin consultant conseiller"
)
# Words with which names of columns end whose cells are labels and nobody's names, whatever they look like.
_CATEGORIES = (
    "status zustand state estado plan tier tarif stufe level niveau nivel livello rang rank class "
    "klasse segment segmento group gruppe groupe grupo type typ tipo art category kategorie "
    "categorie categoria country land region province provinz kanton county district bezirk city "
    "stadt ville language sprache gender geschlecht color colour farbe couleur size source quelle "
    "herkunft origin channel kanal canal medium campaign kampagne product produkt produit producto "
    "prodotto brand marke marque model modell package paket currency wahrung waehrung devise payment "
    "zahlart shipping versand store filiale branch branche industry sector sektor department "
    "abteilung membership mitgliedschaft abo subscription season saison month monat weekday "
    "wochentag priority prioritat rating interest interests topic topics thema hobby stage"
)
_WORDS_OF_A_NAME = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![a-z])")

# Parts of names of columns that say yes or no.
_YES_OR_NO_PARTS = (
    *("newsletter", "rundbrief", "infolettre", "boletin", "bollettino", "nieuwsbrief", "optin", "optout"),
    *("subscri", "abonn", "consent", "einwillig", "accept", "active", "aktiv", "flag", "verified"),
)


def folded(name: str) -> str:
    """Give the form in which names are looked up: without case, accents, blanks and punctuation."""
    bare = unicodedata.normalize("NFKD", name.casefold())
    return "".join(character for character in bare if character.isalnum())


def group_of(name: str) -> str | None:
    """Give the group that a name belongs to, or None when it is none of the usual ones."""
    return _GROUPS.get(folded(name))


def is_personal(name: str) -> bool:
    """Say whether a column looks by its name as if it told one person from another."""
    group = group_of(name)
    if group is not None:
        return group in _PERSONAL
    return any(part in folded(name) for part in _PERSONAL_PARTS) or _ends_with(_PEOPLE, name)


def is_category(name: str) -> bool:
    """Say whether a column by its name has a few labels that are nobody's names."""
    group = group_of(name)
    if group is not None:
        return group not in _PERSONAL
    return _ends_with(_CATEGORIES, name)


def is_yes_or_no(name: str) -> bool:
    """Say whether a column sounds by its name as if it said yes or no."""
    return any(part in folded(name) for part in _YES_OR_NO_PARTS)


def _ends_with(endings: str, name: str) -> bool:
    """Say whether a word of a column's name, or all of it, ends so: ``customerTier``, ``KUNDEN_TYP``."""
    words = (name, *_WORDS_OF_A_NAME.findall(name))
    return any(folded(word).endswith(tuple(endings.split())) for word in words)
