"""Any file can be named as a source, and errors are logged: no message shows anything of what is in it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts import Mapping, Options, prepare
from email_contacts.contacts.cli.command_line import main
from email_contacts.contacts.errors import PreparationError
from email_contacts.contacts.header_names import all_shown, knowing, shown_names
from email_contacts.contacts.mapping.attributes import AccountAttribute
from tests.contacts.conftest import WriteSource

FILES = {
    "passwd": "root:x:0:0:superuser:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n",
    "settings": "SECRETKEY=hunter2\nPASSPHRASE=swordfish\n",
    "ini": "[database]\nhunter2 = swordfish\nurl = postgres://adauser:swordfish@dbhost/crm\n",
    "key": "-----BEGIN SECRETKEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END SECRETKEY-----\n",
    "html": "<html><title>hunter2</title>\n<body>swordfish, adauser</body></html>\n",
    "array": '["hunter2", "swordfish"]\n',
    "object": '{"hunter2": "swordfish", "adauser": {"inner": 1}}\n',
    "objects": '{"hunter2": "swordfish"}\n{"adauser@example.com": 1}\n',
    "half": '{"hunter2": swordfish\n',
    "people": "Adalbert,Lovelace,ada@example.com\nBobby,Marley,bob@example.com\n",
    "streets": "Adalbert;Lovelace;Hauptstrasse\nBobby;Marley;Nebenweg\n",
    "quote": '"hunter2","swordfish\n',
    # The usual names of columns beside what is nobody's business.
    "mixed": "email,firstname,hunter2,swordfish\nada@example.com,Ada,1,2\n",
    "twice": "email,hunter2,HUNTER2\nada@example.com,1,2\n",
    "late": '{"email": "a@b.example"}\n' * 1_001 + '{"email": "c@d.example", "hunter2": "swordfish"}\n',
    "under": '{"hunter2": [{"email": "ada@example.com", "swordfish": 1}]}\n',
}
SHOWN = {"email", "firstname", "example"}


@pytest.mark.parametrize("source_format", ["auto", "csv", "ndjson"])
@pytest.mark.parametrize("mapping", [None, {"columns": {"who": "EMAIL"}}], ids=["by name", "mapping"])
@pytest.mark.parametrize("unknown_columns", ["fail", "drop"])
@pytest.mark.parametrize("name", FILES)
def test_nothing_of_a_file_is_shown(
    name: str, unknown_columns: str, mapping: Any, source_format: str, write: WriteSource, tmp_path: Path
) -> None:
    content = FILES[name]
    options = Options(
        source_format=source_format,
        mapping=None if mapping is None else Mapping.from_json(mapping),
        unknown_columns=unknown_columns,
        account_attributes=(AccountAttribute("FIRSTNAME"),),
    )
    try:
        said = json.dumps(prepare(write(content, "source"), tmp_path / "stage", options).to_json())
    except PreparationError as error:
        said = str(error)
    words = set(re.findall(r"\w{5,}", content)) - SHOWN
    assert {word for word in words if re.search(rf"\b{word}\b", said)} == set(), said


HEADER = ["email", "hunter2", "City", "swordfish", "shoe_size"]


def test_of_a_column_that_is_not_known_its_place_is_shown() -> None:
    assert shown_names(HEADER) == "email, City and 3 whose names are not shown here (number 2, 4, 5)"
    assert shown_names(["swordfish"], header=HEADER) == "1 whose names are not shown here (number 4)"
    with knowing(["SHOE_SIZE"]):
        assert (
            shown_names(HEADER) == "email, City, shoe_size and 2 whose names are not shown here (number 2, 4)"
        )
    with all_shown():
        assert shown_names(HEADER) == "email, hunter2, City, swordfish, shoe_size"


def test_the_command_line_shows_a_person_the_names_of_her_own_file(
    write: WriteSource, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(FILES["mixed"], "people.csv")
    mapping = {"columns": {"email": "EMAIL", "firstname": "FIRSTNAME"}}
    path = write(json.dumps(mapping), "mapping.json")
    assert main(["preview", str(source), "--mapping", str(path)]) == 2
    assert "hunter2, swordfish" in capsys.readouterr().err
    with pytest.raises(PreparationError, match=r"2 whose names are not shown here \(number 3, 4\)"):
        prepare(source, path.parent / "stage", Options(mapping=Mapping.from_json(mapping)))
