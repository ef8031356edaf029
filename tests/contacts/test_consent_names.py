"""Which columns look like consent, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from email_contacts.contacts import Options, prepare
from email_contacts.contacts.cli.command_line import main
from email_contacts.contacts.consent_names import AGREED, REFUSED, STATUS, advice_on, meaning_of
from email_contacts.contacts.errors import InvalidOption
from email_contacts.contacts.header_names import all_shown
from email_contacts.contacts.sources.consent_column import ConsentColumn

NEGATED = [
    *("No newsletter", "Not subscribed", "No consent", "unmailable", "donotbulkemail", "Kein Newsletter"),
    *("Pas de newsletter", "Geen nieuwsbrief", "Sin boletín", "Non iscritto", "nicht angemeldet", "nomail"),
    *("niet aangemeld", "Newsletter abbestellt", "Newsletter gesperrt", "Consent withdrawn", "NO_NEWSLETTER"),
    *("Consent revoked", "Consent denied", "Zustimmung verweigert", "Not opted in", "never subscribed"),
    *("do_not_send", "donotsendmm", "Unsub", "no_mail", "NoMail", "Declined marketing", "rejects_marketing"),
    *("Bounced", "hasNotOptedIn", "Refuse la newsletter", "keinNewsletter", "Don't send", "KEINE_WERBUNG"),
    *("Consenso revocato", "Toestemming geweigerd", "Consentimiento denegado", "not unsubscribed"),
    *("DoNotBulkEMail", "Einwilligung zurückgezogen", "Nonsubscribed", "Newsletter: keine", "Unsubscribes"),
    *("Newsletter unerwünscht", "Mailverbot", "E-Mail-Sperre"),
]


@pytest.mark.parametrize(
    "name",
    [
        *("Accepts Email Marketing", "Accepts SMS Marketing", "accepts_marketing", "Email Marketing Consent"),
        *("Newsletter", "OPT_IN", "DOUBLE_OPT-IN", "opted-in", "Subscribed", "GDPR consent", "Rundbrief"),
        *("E-Mail-Einwilligung", "Consentement e-mail", "Consenso marketing", "Toestemming", "Zustimmung"),
        *("Notification consent", "Union newsletter", "Nonprofit newsletter", "Non-profit newsletter"),
        *("Unternehmens-Newsletter", "Newsletter yes/no", "Newsletter (ja/nein)", "Newsletter oui/non"),
        *("Newsletter Notizen", "Nichtraucher-Newsletter", "Exclusive newsletter", "Inscrit à la newsletter"),
        *("Innovation newsletter", "DONOR_NEWSLETTER", "Boletín sí/no", "Sincere consent", "Mailable"),
    ],
)
def test_who_agreed(name: str) -> None:
    assert meaning_of(name) == AGREED


@pytest.mark.parametrize(
    "name",
    [
        *("HasOptedOutOfEmail", "Opted out of email: Marketing", "Unsubscribed from all email", "opt_out"),
        *("Do not contact", "DoNotCall", "do-not-email", "EMAIL_BLACKLISTED", "Blocklisted", "suppressed"),
        *("Abgemeldet", "Werbewiderspruch", "Désabonné", "Désinscrit", "Dado de baja", "Afgemeld"),
        *("unsubscribed newsletter", "OptIn/OptOut"),
        *NEGATED,
    ],
)
def test_who_refused(name: str) -> None:
    assert meaning_of(name) == REFUSED


@pytest.mark.parametrize(
    "name",
    [
        *("OPTIN_TIME", "Consent Timestamp", "Consent date", "optInDate", "Newsletter source", "OPTIN_IP"),
        *("unsubscribed_at", "subscription_id", "Subscription plan", "Abonnement", "E-Mail", "Vorname"),
        *("Datum der Einwilligung", "opt-out reason", "Country", "Notes", "trabajador", "Contact No."),
        *("Mailing State", "MailingState", "Contact State", "Member State"),
        *("WhatsApp No", "Contact No 1", "No. of mails", "Customer No", "SIN", "Account blocked", "Outlet"),
        *(
            "Nonprofit",
            "Notification e-mail",
            "Unique contact",
            "Unit",
            "Nicht-EU",
            "Email",
            "To-do notes",
            "Unwanted",
            "Unauthorized",
        ),
    ],
)
def test_what_says_nothing_of_the_kind(name: str) -> None:
    assert meaning_of(name) is None


@pytest.mark.parametrize(
    "name",
    [
        *("Status", "Email Status", "Email Permission Status", "list_status", "Subscription state", "DND"),
        *("Marketing contact status", "subscriberStatus", "Permission", "GDPR", "Email Campaigns"),
    ],
)
def test_what_has_words_of_its_own(name: str) -> None:
    assert meaning_of(name) == STATUS
    advice = advice_on(name)
    assert advice.startswith("may say who unsubscribed, but decides nothing")
    assert advice.endswith("with its words for yes (may be contacted) and no.")


@pytest.mark.parametrize(
    "name", ["State", "Order status", "Lead Status", "Account status", "Stato", "Statue"]
)
def test_what_is_another_status(name: str) -> None:
    assert meaning_of(name) is None
    assert not advice_on(name)


@pytest.mark.parametrize("name", ["unsubscribed_at", "UNSUB_TIME", "Opted out on", "Unsubscribe reason"])
def test_when_somebody_refused_says_who_did(name: str) -> None:
    assert meaning_of(name) is None
    assert advice_on(name).startswith("seems to be filled for people who opted out, but decides nothing")


@pytest.mark.parametrize("name", ["OPTIN_TIME", "Unsubscribe link", "unsubscribe_url", "opt-out count"])
def test_what_everybody_has_says_nothing(name: str) -> None:
    assert not advice_on(name)


def notes_of(folder: Path, header: str, cells: str, options: Options | None = None) -> list[str]:
    source = folder / "people.csv"
    source.write_text(f"email,{header}\nada@example.com,{cells}\n")
    return list(prepare(source, folder / "stage", options or Options()).notes)


def test_a_preparation_says_that_such_a_column_decides_nothing(tmp_path: Path) -> None:
    with all_shown():
        (note,) = [one for one in notes_of(tmp_path, "Newsletter,City", "no,Ulm") if "decides" in one]
    assert 'column "Newsletter" looks like consent, but decides nothing' in note
    assert note.endswith("name it as consent_column.")


def test_in_a_log_an_unknown_name_is_its_place(tmp_path: Path) -> None:
    (note,) = [one for one in notes_of(tmp_path, "City,Opted out", "Ulm,yes") if "decides" in one]
    assert note.startswith("column number 3 looks")
    assert note.endswith("with its words for yes (may be contacted) and no.")


def test_nothing_is_said_where_a_column_decides(tmp_path: Path) -> None:
    options = Options(consent_column=ConsentColumn("Newsletter"))
    assert not [one for one in notes_of(tmp_path, "Newsletter", "yes", options) if "decides nothing" in one]


@pytest.mark.parametrize(
    "name",
    [
        *NEGATED,
        *("Opt out on", "unsubscribed_at", "Refused", "Gesperrt", "Declined", "Inactive", "Newsletter No"),
        *("Not now", "Rejected on", "Newsletter off"),
    ],
)
def test_a_name_that_negates_needs_its_words(name: str) -> None:
    with pytest.raises(InvalidOption, match="Give its words"):
        ConsentColumn(name)
    assert ConsentColumn(name, yes=("0",), no=("1",)).words_for_no == {"1"}


@pytest.mark.parametrize(
    "name", ["ok", "Newsletter", "Newsletter yes/no", "Notify me", "Union", "Marketing", "1"]
)
def test_others_do_without(name: str) -> None:
    assert "true" in ConsentColumn(name).words_for_yes


@pytest.mark.parametrize("said", ["Opted out", {"name": "Opted out", "no": ["true"]}])
def test_a_yes_that_means_no_needs_its_words(said: str | dict[str, object]) -> None:
    """By the words of a boolean, those who opted out would be sent, and all others held back."""
    with pytest.raises(InvalidOption, match='"yes" in "Opted out" seems to mean that a person opted out'):
        ConsentColumn.read(said)
    words = {"name": "Opted out", "yes": ["false", ""], "no": ["true"]}
    assert ConsentColumn.read(words).words_for_no == {"true"}


def test_it_can_be_said_as_json() -> None:
    said = ConsentColumn.read(' {"name": "newsletter", "yes": ["ja"], "no": ["nein"]}')
    assert said == ConsentColumn("newsletter", ("ja",), ("nein",))
    with pytest.raises(InvalidOption, match="consent_column is not valid JSON"):
        ConsentColumn.read('{"name": ')
    with pytest.raises(InvalidOption, match='must be a name, or an object with "name"'):
        ConsentColumn.read("{}")


def test_the_command_line_holds_back_who_opted_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    Path("people.csv").write_text("email,Opted out\nada@example.com,false\nbob@example.com,true\n")
    column = '{"name": "Opted out", "yes": ["false"], "no": ["true"]}'
    assert main(["prepare", "people.csv", "--out", "stage", "--consent-column", column]) == 0
    said = capsys.readouterr().out
    assert "held back: no_consent  1" in said
    assert "held_back.csv" in said
    assert "ada@example.com" in Path("stage/batch-00001.json").read_text()
    assert "bob@example.com" not in Path("stage/batch-00001.json").read_text()
    assert main(["preview", "people.csv", "--consent-column", column]) == 0
    assert "OPTED" not in capsys.readouterr().out  # it is no attribute any more
    assert main(["preview", "people.csv", "--consent-column", "Opted out"]) == 2


def test_propose_names_the_setting(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "people.csv"
    source.write_text("email,Accepts Email Marketing\nada@example.com,yes\nbob@example.com,no\n")
    assert main(["propose", str(source)]) == 0
    (line,) = [one for one in capsys.readouterr().out.splitlines() if "Accepts Email Marketing:" in one]
    assert line.endswith("# if it is consent, name it as consent_column")
