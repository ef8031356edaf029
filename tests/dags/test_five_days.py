"""The example audiences on five days: after each, the platform has what a simple model says."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from email_contacts.api import ContactsClient

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from email_contacts.sandbox import SandboxServer

PROJECT = Path(__file__).resolve().parents[2]
AUDIENCES = {"customers": "contacts.csv", "kunden": "kunden.csv", "newsletter": "contacts.ndjson"}
ENCODINGS = {"kunden.csv": "cp1252"}
Contact = dict[str, Any]
NEW = "new.customer@example.com"
ISTVAN, LEILA, JURGEN, AOIFE, AGNES, SIAN = (
    *("istvan.novak.1@example.com", "leila.kowalska.3@example.com", "jurgen.petrov.4@example.com"),
    *("aoife.yilmaz.5@example.com", "agnes.tanaka.6@example.com", "sian.dangelo.8@example.com"),
)
KATHE, UWE, JORG = "kathe.vogel.k2@example.com", "uwe.gross.k7@example.com", "jorg.bohm.k9@example.com"
OMAR, YUSUF = "omar.yilmaz.n1@example.org", "yusuf.yilmaz.n3@example.org"
JORGS_ROW = "jorg.bohm.k9@example.com;K-009;Jörg;Böhm;DE;19.07.1973;856;0;\n"


@dataclass(frozen=True)
class Day:
    """What happens before the syncs of a day, and what they do.

    :param platform: what people do on the platform: address → ``opt out``, ``opt in`` or ``delete``.
    :param source: what changes in the sources: text → text; each is there once.
    :param sent: audience → address → attributes that the platform has afterwards. Nobody else is sent.
    :param held_back: audience → how many rows its guards hold back, by reason.
    """

    platform: Mapping[str, str] = field(default_factory=dict)
    source: Mapping[str, str] = field(default_factory=dict)
    sent: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    held_back: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


DAYS = [
    Day(  # the second one: on the first, all are sent
        platform={LEILA: "opt out"},
        source={
            "C-00001,István": "C-00001,Stefan",
            "C-00003,Leïla": "C-00003,Leila",  # changed, and not sent: she opted out
            "nusta.dupont.2@": f"{NEW},C-90001,Nina,New,,DE,,7,true,books\nnusta.dupont.2@",
            "21.01.1997;733": "21.01.1997;734",
            '"points": 3816, "newsletter": false': '"points": 3816, "newsletter": true',  # Omar
            '12-24T00:00:00Z", "newsletter": true': '12-24T00:00:00Z", "newsletter": false',  # Yusuf
        },
        sent={
            "customers": {
                ISTVAN: {"FIRSTNAME": "Stefan"},
                NEW: {"EXT_ID": "C-90001", "FIRSTNAME": "Nina", "LASTNAME": "New", "POINTS": 7},
            },
            "kunden": {KATHE: {"POINTS": 734}},
            "newsletter": {OMAR: {"FIRSTNAME": "Omar"}},
        },
        held_back={"customers": {"opted_out": 1}, "newsletter": {"no_consent": 25}},
    ),
    Day(  # a day on which nothing is sent at all
        platform={AGNES: "delete", UWE: "opt out"},
        source={
            # His row is gone; hers has his EXT_ID now, by which the platform would merge the two.
            "jurgen.petrov.4@example.com,C-00004,Jürgen,Petrov,,DE,2002-04-19,1946,Yes,music|sports\n": "",
            "C-00005,Aoife": "C-00004,Aoife",
            "15.05.1956;732": "15.05.1956;733",  # Uwe's points
        },
        held_back={
            "customers": {"opted_out": 1, "would_merge": 1},
            "kunden": {"opted_out": 1},
            "newsletter": {"no_consent": 25},
        },
    ),
    Day(
        platform={LEILA: "opt in"},
        source={"C-00006,Ágnes": "C-00006,Agnes", JORGS_ROW: ""},
        sent={
            "customers": {LEILA: {"FIRSTNAME": "Leila"}, AGNES: {"EXT_ID": "C-00006", "FIRSTNAME": "Agnes"}}
        },
        held_back={
            "customers": {"would_merge": 1},
            "kunden": {"opted_out": 1},
            "newsletter": {"no_consent": 25},
        },
    ),
    Day(
        platform={SIAN: "delete"},  # whose row does not change
        source={
            "C-00004,Aoife": "C-00005,Eva",
            "jurgen.muller.k10@": f"{JORGS_ROW}jurgen.muller.k10@",
            '12-24T00:00:00Z", "newsletter": false': '12-24T00:00:00Z", "newsletter": true',
        },
        sent={
            "customers": {AOIFE: {"FIRSTNAME": "Eva"}},
            "kunden": {JORG: {}},
            "newsletter": {YUSUF: {}},
        },
        held_back={"kunden": {"opted_out": 1}, "newsletter": {"no_consent": 24}},
    ),
]


class Platform:
    """The account, as a person looks at it."""

    def __init__(self, sandbox: SandboxServer) -> None:
        self.client = ContactsClient(sandbox.url, sandbox.api_key, requests_per_second=1_000)
        self._url, self._headers = f"{sandbox.url}/v3/contacts", {"api-key": sandbox.api_key}

    def contacts(self) -> dict[str, Contact]:
        return {
            one["email"]: {
                "attributes": one["attributes"],
                "has opted out": one["emailBlacklisted"],
                "lists": sorted(one["listIds"]),
            }
            for one in self.client.iter_contacts()
        }

    def do(self, what: str, email: str) -> None:
        method, body = (
            ("DELETE", None) if what == "delete" else ("PUT", {"emailBlacklisted": what == "opt out"})
        )
        answer = requests.request(
            method, f"{self._url}/{email}", json=body, headers=self._headers, timeout=30
        )
        answer.raise_for_status()


def test_five_days(project: Path, connection: str, sandbox: SandboxServer, tmp_path: Path) -> None:
    from airflow.dag_processing.dagbag import DagBag

    shutil.copytree(PROJECT / "include", project / "include", dirs_exist_ok=True)
    dags = DagBag(project / "dags").dags
    platform = Platform(sandbox)
    lists = {}
    for name in AUDIENCES:
        receipt = receipt_of(dags[f"sync_{name}"], tmp_path)
        (lists[name],) = receipt["list_ids"]
        on_list = [one for one in platform.contacts().values() if lists[name] in one["lists"]]
        assert len(on_list) == receipt["rows"]["accepted"] > 0
    with platform.client:
        for number, day in enumerate(DAYS, 2):
            change(project / "include" / "sample_contacts", day.source)
            for email, what in day.platform.items():
                platform.do(what, email)
            expected = platform.contacts()
            imports = sandbox.imports_accepted()
            for name in AUDIENCES:
                receipt = receipt_of(dags[f"sync_{name}"], tmp_path)
                sent = day.sent.get(name, {})
                assert receipt["rows"]["accepted"] == len(sent), f"day {number}, {name}"
                assert receipt.get("held_back", {}) == day.held_back.get(name, {}), f"day {number}, {name}"
            assert sandbox.imports_accepted() == imports + len(day.sent)
            for name, people in day.sent.items():
                for email, attributes in people.items():
                    one = expected.setdefault(email, {"attributes": {}, "has opted out": False, "lists": []})
                    one["attributes"] = one["attributes"] | attributes
                    one["lists"] = sorted({*one["lists"], lists[name]})
            found = platform.contacts()
            assert found.keys() == expected.keys(), f"day {number}"
            for email, one in expected.items():
                assert found[email]["lists"] == one["lists"], f"day {number}"
                assert found[email]["has opted out"] == one["has opted out"]
                assert found[email]["attributes"].items() >= one["attributes"].items()


def change(folder: Path, edits: Mapping[str, str]) -> None:
    """Edit the sources, each where its text is."""
    left = dict(edits)
    for name in AUDIENCES.values():
        path, encoding = folder / name, ENCODINGS.get(name, "utf-8")
        text = path.read_text(encoding=encoding)
        for old in [old for old in left if text.count(old) == 1]:
            text = text.replace(old, left.pop(old))
        path.write_text(text, encoding=encoding)
    assert not left


def receipt_of(dag: DAG, folder: Path) -> dict[str, Any]:
    """Run a DAG and give its receipt, which is removed."""
    done = dag.test()
    states = {one.task_id: str(one.state) for one in done.get_task_instances()}
    assert str(done.state) == "success", states
    (path,) = (folder / "stage" / dag.dag_id).rglob("receipt.json")
    document: dict[str, Any] = json.loads(path.read_text())
    path.unlink()
    return document
