"""Audience files, and what is said of those that are wrong."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from email_contacts.audiences.command_line import main
from email_contacts.audiences.document import Audience, AudienceError
from email_contacts.audiences.reading import BrokenAudience, audience_files, read_audiences
from email_contacts.contacts.sources.consent_column import ConsentColumn

PROJECT = Path(__file__).resolve().parents[2]
EXAMPLES = PROJECT / "include" / "audiences"
LEAST = "source: customers.csv\nlist: Customers\n"
CONSENT = "consent_column: newsletter\n"


def audience(folder: Path, text: str, name: str = "customers.yaml") -> Audience:
    (folder / name).write_text(text, encoding="utf-8")
    return Audience.read(folder / name)


def test_two_lines_are_enough(tmp_path: Path) -> None:
    read = audience(tmp_path, LEAST)
    assert (read.name, read.source, read.list) == ("customers", {"path": "customers.csv"}, "Customers")
    assert (read.folder, read.mode, read.schedule, read.assets) == ("Airflow imports", "changes", "", ())


def test_everything_that_can_be_said_is_read(tmp_path: Path) -> None:
    read = audience(
        tmp_path,
        LEAST.replace("customers.csv", "{path: a.csv, encoding: cp1252, skip_rows: 2}")
        + "folder: Shop\nconnection: crm\nowners: [ann, bob]\ndescription: People\nmode: full\n"
        "schedule: {assets: [model, 's3://bucket/key']}\nretry_rejects: true\nmax_rejects: 5%\n"
        "unknown_columns: drop\nduplicates: first\nconflicts: reject\nbody: file_body\n"
        "mapping: {columns: {Mail: EMAIL}}\n",
    )
    assert read.source == {"path": "a.csv", "encoding": "cp1252", "skip_rows": 2}
    assert read.assets == ("model", "s3://bucket/key")
    assert (read.folder, read.connection, read.owners, read.mode) == ("Shop", "crm", ("ann", "bob"), "full")
    assert read.retry_rejects
    assert read.mapping == {"columns": {"Mail": "EMAIL"}}
    assert read.options == {
        "unknown_columns": "drop", "duplicates": "first", "conflicts": "reject", "body": "file_body",
        "max_rejects": "5%",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("list: Customers\n", 1, '"source" is missing'),
        (LEAST + "\n# a comment\nmodus: full\n", 5, "unknown setting"),
        (LEAST + "mode: sometimes\n", 3, "it must be one of changes, full"),
        (LEAST + "gone: delete\n", 3, "it must be one of keep, remove, blacklist"),
        (LEAST + "mode: full\ngone: remove\n", 4, 'needs "mode: changes"'),
        (LEAST + "propagate_opt_outs: true\n", 3, 'it needs "consent_column"'),
        (LEAST + "schedule: tomorrow\n", 3, 'it must be written like "30 3 * * *" or "@daily"'),
        (LEAST + "schedule:\n  asset: model\n", 4, 'did you mean "assets"?'),
        (LEAST.replace("source", "sorce"), 1, 'did you mean "source"?'),
        (LEAST + "scedule: '@daily'\n", 3, 'did you mean "schedule"?'),
        (LEAST + "brakes: {max_changes: -1}\n", 3, "it must be at least 0"),
        (LEAST + "brakes: {max_changes: 0.5}\n", 3, "it must be a whole number"),
        (LEAST + "fresh_within: 1 day\n", 3, 'it must be written like "26h" or "2d"'),
        (LEAST + "owners: []\n", 3, "it must not be empty"),
        (LEAST + "retry_rejects: yes please\n", 3, "it must be true or false"),
        (LEAST + "max_rejects: 5 rows\n", 3, 'it must be written like "20%" or 500'),
        (
            LEAST + "mapping:\n  columns:\n    Mail: EMAIL\n    Born: {type: date}\n",
            6,
            '"attribute" is missing',
        ),
        ("source: {table: t}\nlist: x\n", 1, '"table" needs "connection"'),
        ("list: x\nsource:\n  path: a\n  sql: SELECT 1\n", 2, "has path and sql"),
        ("list: x\nsource:\n  path: a\n  connection: db\n", 4, 'it belongs to "sql" and "table"'),
        ("list: x\nsource:\n  table: a\n  connection: db\n  sheet: s\n", 5, 'it belongs to "path"'),
        ("list: x\nlist: y\nsource: a\n", 2, "a key appears twice"),
        ("list: [x\n", 2, "it is not YAML"),
        ("- a\n", 1, "it must be names with values"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    with pytest.raises(AudienceError, match=rf"in line {line}\b") as raised:
        audience(tmp_path, text)
    assert said in str(raised.value)
    assert "customers.yaml" in str(raised.value)


@pytest.mark.parametrize("name", ["Customers.yaml", "my list.yaml", "ümlaut.yaml", "a.b.yaml", "-a.yaml"])
def test_a_name_that_cannot_name_a_dag_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(AudienceError, match="must have a name of small letters"):
        audience(tmp_path, LEAST, name)


def test_a_broken_file_does_not_concern_the_others(tmp_path: Path) -> None:
    audience(tmp_path, LEAST, "a.yaml")
    (tmp_path / "b.yaml").write_text("list: x\n")
    audience(tmp_path, LEAST, "c.yml")
    (tmp_path / "c.json").write_text('{"source": "c.csv", "list": "C"}')
    (tmp_path / ".hidden.yaml").write_text("no")
    (tmp_path / "README.md").write_text("no")
    found = list(read_audiences(tmp_path))
    assert [type(one) for one in found] == [Audience, BrokenAudience, Audience, BrokenAudience]
    assert [one.name for one in found] == ["a", "b", "c", "c-yml"]
    assert [one.name for one in read_audiences(tmp_path, only="c")] == ["c", "c-yml"]
    assert list(read_audiences(tmp_path / "nothing")) == []


def test_the_examples_are_right(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(audience_files(EXAMPLES)) == 3
    assert main(["check", str(EXAMPLES), "--root", str(PROJECT)], program="email-contacts") == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in said] == ["customers", "kunden", "newsletter"]


@pytest.mark.parametrize("page", ["README.md", "docs/audiences.md"])
def test_the_pages_show_the_examples(page: str, tmp_path: Path) -> None:
    text = (PROJECT / page).read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```yaml\n(# include/audiences/customers\.yaml\n.*?)^```$", text, re.M | re.S)
    assert len(shown.splitlines()) <= 10
    assert audience(tmp_path, shown) == Audience.read(EXAMPLES / "customers.yaml")


def test_who_is_gone_is_kept_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    assert audience(tmp_path, LEAST).gone == "keep"
    read = audience(tmp_path, LEAST + "mode: full\ngone: keep\n")
    assert (read.mode, read.gone) == ("full", "keep")


@pytest.mark.parametrize(
    ("said", "brakes"),
    [
        ("gone: remove\n", {"max_removals": "10%"}),
        ("gone: blacklist\nbrakes: {max_changes: 5}\n", {"max_removals": "10%", "max_changes": 5}),
        ("gone: remove\nbrakes: {max_removals: 100%}\n", {"max_removals": "100%"}),
        ("gone: keep\n", {}),
        (CONSENT + "propagate_opt_outs: true\n", {"max_opt_outs": "10%"}),
        (CONSENT + "propagate_opt_outs: true\nbrakes: {max_opt_outs: 50}\n", {"max_opt_outs": 50}),
        (CONSENT + "propagate_opt_outs: false\n", {}),
    ],
)
def test_many_removals_or_opt_outs_are_asked_about_unless_the_file_says_otherwise(
    tmp_path: Path, said: str, brakes: dict[str, object]
) -> None:
    assert audience(tmp_path, LEAST + said).brakes == brakes


def test_the_page_shows_who_is_removed(tmp_path: Path) -> None:
    text = (PROJECT / "docs" / "audiences.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```yaml\n([^`]*^gone: .*?)^```$", text, re.M | re.S)
    read = audience(tmp_path, shown)
    assert (read.gone, read.brakes) == ("remove", {"max_removals": "2%"})


def test_the_page_shows_brakes(tmp_path: Path) -> None:
    text = (PROJECT / "docs" / "audiences.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```yaml\n([^`]*^brakes:\n  max_changes.*?)^```$", text, re.M | re.S)
    assert audience(tmp_path, shown).brakes == {"max_changes": "20%", "max_rejects": 500}


@pytest.mark.parametrize(
    ("said", "meant"), [("26h", timedelta(hours=26)), ("2d", timedelta(days=2)), ("", None)]
)
def test_how_fresh_it_is_to_be(said: str, meant: timedelta | None, tmp_path: Path) -> None:
    text = f"{LEAST}fresh_within: {said}\n" if said else LEAST
    assert audience(tmp_path, text).fresh_within == meant


@pytest.mark.parametrize("said", ["0h", "soon", "26", "1.5h", "26 h"])
def test_what_is_no_duration_is_refused_by_line(said: str, tmp_path: Path) -> None:
    with pytest.raises(AudienceError, match=r"in line \d+, .*fresh_within"):
        audience(tmp_path, f"{LEAST}fresh_within: {said}\n")


@pytest.mark.parametrize("said", ["{}", "{max_changes: many}", "{max_changes: -1}", "{max_sends: 1}", "20%"])
def test_brakes_that_are_none_are_refused_by_line(said: str, tmp_path: Path) -> None:
    with pytest.raises(AudienceError, match=r"in line \d+, .*brakes"):
        audience(tmp_path, f"{LEAST}brakes: {said}\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("list: x\n", "in line 1"),
        (LEAST + "mapping: missing.yaml\n", "cannot be read"),
        (LEAST + "mapping: {columns: {A: EMAIL, B: EMAIL}}\n", "EMAIL"),
    ],
)
def test_the_command_names_what_is_wrong_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    (tmp_path / "a.yaml").write_text(text)
    asked = ["check", str(tmp_path / "a.yaml"), "--root", str(tmp_path)]
    assert main(asked, program="email-contacts") == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("path", ["nothing", "."])
def test_the_command_fails_where_there_is_nothing_to_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    assert main(["check", str(tmp_path / path)], program="email-contacts") == 2
    assert "error" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("consent: override\n", 'in line 3.*needs "consent_reason"'),
        ("consent_reason: because\n", 'in line 3.*belongs to "consent: override"'),
        ("consent: ignore\nconsent_reason: because\n", 'in line 4.*belongs to "consent: override"'),
        ("consent: maybe\n", "in line 3"),
        ("merges: maybe\n", "in line 3"),
        ("consent_column: {yes: [ja]}\n", "in line 3"),
        ("consent_column: {name: x, yes: ja}\n", "in line 3"),
        ("consent_column: {name: x, yes: [ja], no: [Ja]}\n", "in line 3.*means yes and no"),
        ("consent_column: HasOptedOutOfEmail\n", 'in line 3.*"yes" in "HasOptedOutOfEmail" seems'),
    ],
)
def test_what_is_wrong_about_guards_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(AudienceError, match=said):
        audience(tmp_path, LEAST + text)


def test_both_guards_are_on_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    found = audience(tmp_path, LEAST)
    assert (found.consent, found.merges, found.is_guarded) == ("hold_back", "hold_back", True)
    off = audience(tmp_path, LEAST + "consent: ignore\nmerges: allow\n")
    assert not off.is_guarded
    override = audience(tmp_path, LEAST + "consent: override\nconsent_reason: Recall 12.\n")
    assert override.consent_reason == "Recall 12."


def test_the_page_about_consent_shows_an_audience(tmp_path: Path) -> None:
    text = (PROJECT / "docs" / "consent-and-merges.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```yaml\n(.*?)^```$", text, re.M | re.S)
    found = [audience(tmp_path, one) for one in shown]
    assert [one.is_guarded for one in found] == [True, True, True, True]
    assert [one.propagate_opt_outs for one in found] == [False, False, False, True]
    words = [ConsentColumn.read(one.options["consent_column"]).words_for_no for one in found[1:3]]
    assert words == [{"nein", "widerrufen", ""}, {"true", "1"}]
