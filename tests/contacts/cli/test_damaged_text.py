"""``preview`` tells of text that is valid and yet not what somebody is called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from email_contacts.contacts.cli.command_line import main
from email_contacts.contacts.cli.damaged_text import damages
from tests.contacts.conftest import WriteSource


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["ZoÃ«", "Ada"], "1 cell looks encoded twice"),
        (["FranÃ§ois", "Oâ€™Neill", "MÃ¼ller"], "3 cells look encoded twice"),
        (["Zo\ufffd"], "1 cell has U+FFFD"),
        (["G”tz", "M„rz", "Andr‚s", "Köln"], "3 cells have signs in the place of letters"),
        (["MŸller", "Köln"], "1 cell has a sign in the place of a letter"),
        (["Zo&euml;", "O&#39;Neill", "A &amp; B", "&#xDC;"], "4 cells hold HTML"),
        (["Ada<br/>Lovelace", '<span class="x">Ada</span>'], "2 cells hold HTML"),
        ([r"line\nbreak", r"a\\b", r"O\'Neill", r"Zo\u00eb"], "4 cells hold backslash escapes"),
        (["'Ada'", "“Bob”", '"Cy"'], "3 of 3 cells stand in quotes"),
    ],
)
def test_text_that_an_export_has_damaged(cells: list[str], said: str) -> None:
    (found,) = damages(cells)
    assert found.startswith(said)
    assert not any(cell in found for cell in cells)


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "Zoë",
            "François",
            "São Paulo",
            "Müller",
            "ŠKODA",
            "Šárka Žižková",
            "das „Haus” am See",
            "Ã",
            "£5",
            "日本",
            "AT&T;",
            "R&D",
            "a < b > c",
            "&nobody;",
        ),
        *(r"C:\Users", "\\", "'t Hooft", "O'Neill", "“", "''", "Ada “the” L"),
    ],
)
def test_text_that_is_as_it_should_be(cell: str) -> None:
    assert list(damages([cell])) == []


def test_a_nickname_in_quotes_is_no_damage() -> None:
    assert list(damages(["“Bob”", "Ada", "Cy", "Dee", "Eve"])) == []


def test_preview_warns_of_it_and_of_days_that_stand_for_none(
    write: WriteSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    attributes = [{"name": "BORN", "category": "normal", "type": "date"}]
    account = write(json.dumps({"attributes": attributes}), "attributes.json")
    rows = write("ext_id,born\n'C-1',0001-01-01\n'C-2',9999-12-31 23:59:59\n'C-3',1985-12-31\n")
    assert main(["preview", str(rows), "--attributes", str(account), "--json"]) == 0
    who, born = json.loads(capsys.readouterr().out)["columns"]
    assert [warning.partition(",")[0] for warning in who["warnings"]] == ["3 of 3 cells stand in quotes"]
    assert born["warnings"] == [
        "2 cells are days that stand for no date in many systems, and would be sent: "
        'list as nulls "0001-01-01", "9999-12-31 23:59:59".'
    ]
    assert main(["propose", str(rows), "--attributes", str(account)]) == 0
    assert 'nulls: ["0001-01-01", "9999-12-31 23:59:59"]' in capsys.readouterr().out
