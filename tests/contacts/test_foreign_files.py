"""Any file can be named as a source, and errors are logged: no message shows anything of what is in it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts import Mapping, Options, prepare
from email_contacts.contacts.errors import PreparationError
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
}


@pytest.mark.parametrize("source_format", ["auto", "csv", "ndjson"])
@pytest.mark.parametrize("mapping", [None, {"columns": {"who": "EMAIL"}}], ids=["by name", "mapping"])
@pytest.mark.parametrize("name", FILES)
def test_nothing_of_a_file_is_shown(
    name: str, mapping: Any, source_format: str, write: WriteSource, tmp_path: Path
) -> None:
    content = FILES[name]
    options = Options(
        source_format=source_format, mapping=None if mapping is None else Mapping.from_json(mapping)
    )
    try:
        said = json.dumps(prepare(write(content, "source"), tmp_path / "stage", options).to_json())
    except PreparationError as error:
        said = str(error)
    words = set(re.findall(r"\w{5,}", content))
    assert {word for word in words if re.search(rf"\b{word}\b", said)} == set(), said
