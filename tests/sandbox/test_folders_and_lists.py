"""Folders and lists, their members and their counters (api-contract §1.1, §1.2, §1.5, §1.6)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.rehearsal import Rehearsal


def test_a_fresh_account_has_one_folder_and_one_list(sandbox: Rehearsal) -> None:
    assert sandbox.get("/contacts/folders") == {
        "folders": [
            {
                "id": 1,
                "name": "Your first folder",
                "totalSubscribers": 0,
                "totalBlacklisted": 0,
                "uniqueSubscribers": 0,
            }
        ],
        "count": 1,
    }
    assert sandbox.get("/contacts/lists")["lists"] == [
        {
            "id": 2,
            "name": "Your first list",
            "totalSubscribers": 0,
            "totalBlacklisted": 0,
            "uniqueSubscribers": 0,
            "folderId": 1,
        }
    ]


@pytest.mark.parametrize(("profile", "status"), [("seed", 200), ("brevo", 201)])
def test_the_status_of_what_is_created_follows_the_profile(
    sandbox: Rehearsal, profile: str, status: int
) -> None:
    sandbox.server.set_knobs(status_profile=profile)
    folder = sandbox.call("POST", "/contacts/folders", json={"name": "A"})
    made = sandbox.call("POST", "/contacts/lists", json={"name": "B", "folderId": folder.json()["id"]})
    assert (folder.status_code, made.status_code) == (status, status)
    assert list(made.json()) == ["id"]


def test_names_are_not_unique(sandbox: Rehearsal) -> None:
    ids = {sandbox.post("/contacts/folders", name="Twice")["id"] for _ in range(2)}
    assert len(ids) == 2


@pytest.mark.parametrize("path", ["/contacts/folder", "/contacts/folder/", "/contacts/folders/"])
def test_the_seeds_other_spellings_of_a_path_work(sandbox: Rehearsal, path: str) -> None:
    assert sandbox.post(path, name="Alias")["id"] == 3
    assert sandbox.get(path)["count"] == 2


@pytest.mark.parametrize(
    ("path", "options", "expected"),
    [
        ("/contacts/folders", {"json": {}}, (400, "missing_parameter")),
        ("/contacts/folders", {"json": {"name": "  "}}, (400, "missing_parameter")),
        ("/contacts/folders", {"json": {"name": 5}}, (400, "invalid_parameter")),
        ("/contacts/folders", {"json": ["x"]}, (400, "invalid_parameter")),
        ("/contacts/lists", {"json": {"folderId": 1}}, (400, "missing_parameter")),
        ("/contacts/lists", {"json": {"name": "x"}}, (400, "missing_parameter")),
        ("/contacts/lists", {"json": {"name": "x", "folderId": "1"}}, (400, "invalid_parameter")),
        ("/contacts/lists", {"json": {"name": "x", "folderId": 99}}, (400, "document_not_found")),
        ("/contacts/lists", {"json": {"name": "x", "folderId": 10**30}}, (400, "out_of_range")),
        ("/contacts/lists", {"data": {"name": "x", "folderId": 1}}, (400, "missing_parameter")),
    ],
)
def test_what_cannot_be_created(
    sandbox: Rehearsal, path: str, options: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert sandbox.refusal("POST", path, **options) == expected
    assert sandbox.get("/contacts/folders")["count"] == sandbox.get("/contacts/lists")["count"] == 1


def test_a_body_that_is_not_json_is_refused(sandbox: Rehearsal) -> None:
    headers = {"content-type": "application/json"}
    answer = sandbox.refusal("POST", "/contacts/folders", data=b'{"name"', headers=headers)
    assert answer == (400, "bad_request")


def test_a_list_without_a_name_says_so(sandbox: Rehearsal) -> None:
    answer = sandbox.call("POST", "/contacts/lists", json={})
    assert answer.json() == {"code": "missing_parameter", "message": "List name is missing"}


def test_pages_sort_by_creation_and_end(sandbox: Rehearsal) -> None:
    made = [sandbox.post("/contacts/lists", name=f"L{i}", folderId=1)["id"] for i in range(12)]
    everything = [2, *made]

    def ids(**params: Any) -> list[int]:
        return [each["id"] for each in sandbox.get("/contacts/folders/1/lists", **params)["lists"]]

    assert ids() == everything[::-1][:10], "by default ten, newest first"
    assert ids(limit=5, offset=10, sort="asc") == everything[10:]
    assert ids(limit=0) == []
    assert sandbox.get("/contacts/folders/1/lists", limit=1)["count"] == 13
    assert [
        each["id"] for each in sandbox.get("/contacts/lists", sort="asc", limit=50)["lists"]
    ] == everything


@pytest.mark.parametrize(
    "path", ["/contacts/folders", "/contacts/lists", "/contacts/folders/1/lists", "/processes"]
)
def test_page_limits(sandbox: Rehearsal, path: str) -> None:
    assert sandbox.call("GET", path, params={"limit": 50}).ok
    over = sandbox.call("GET", path, params={"limit": 51})
    assert (over.status_code, over.json()) == (
        400,
        {"code": "out_of_range", "message": "Limit exceeds max value"},
    )
    assert sandbox.refusal("GET", path, params={"limit": -1}) == (400, "out_of_range")
    assert sandbox.refusal("GET", path, params={"limit": "many"}) == (400, "invalid_parameter")
    assert sandbox.refusal("GET", path, params={"sort": "up"}) == (400, "invalid_parameter")


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("GET", "/contacts/folders/99", {}),
        ("PUT", "/contacts/folders/99", {"json": {"name": "x"}}),
        ("DELETE", "/contacts/folders/99", {}),
        ("GET", "/contacts/folders/99/lists", {}),
        ("GET", "/contacts/lists/99", {}),
        ("PUT", "/contacts/lists/99", {"json": {"name": "x"}}),
        ("DELETE", "/contacts/lists/99", {}),
        ("GET", "/contacts/lists/99/contacts", {}),
        ("POST", "/contacts/lists/99/contacts/add", {"json": {"ids": [1]}}),
    ],
)
def test_an_unknown_id_in_a_path_is_a_404(
    sandbox: Rehearsal, method: str, path: str, options: dict[str, Any]
) -> None:
    assert sandbox.refusal(method, path, **options) == (404, "document_not_found")


def test_folders_are_renamed_and_deleted_with_their_lists(sandbox: Rehearsal) -> None:
    sandbox.imported([{"email": "a@example.com"}])
    assert sandbox.call("PUT", "/contacts/folders/1", json={"name": "New"}).status_code == 204
    assert sandbox.get("/contacts/folders/1")["name"] == "New"
    assert sandbox.call("DELETE", "/contacts/folders/1").status_code == 204
    assert sandbox.refusal("GET", "/contacts/lists/2") == (404, "document_not_found")
    assert sandbox.contact("a@example.com")["listIds"] == [], "the contact stays"


def test_lists_are_renamed_moved_and_deleted(sandbox: Rehearsal) -> None:
    other = sandbox.post("/contacts/folders", name="Other")["id"]
    assert sandbox.call("PUT", "/contacts/lists/2", json={"name": "New"}).status_code == 204
    assert sandbox.call("PUT", "/contacts/lists/2", json={"folderId": other}).status_code == 204
    shown = sandbox.get("/contacts/lists/2")
    assert (shown["name"], shown["folderId"]) == ("New", other)
    both = sandbox.refusal("PUT", "/contacts/lists/2", json={"name": "x", "folderId": 1})
    assert both == (400, "invalid_parameter"), "one at a time"
    unknown = sandbox.refusal("PUT", "/contacts/lists/2", json={"folderId": 99})
    assert unknown == (400, "document_not_found")
    assert sandbox.call("DELETE", "/contacts/lists/2").status_code == 204
    assert sandbox.get("/contacts/lists")["count"] == 0


def test_list_details(sandbox: Rehearsal) -> None:
    shown = sandbox.get("/contacts/lists/2")
    assert shown["folderId"] == 1
    assert shown["dynamicList"] is False
    assert shown["campaignStats"] == []
    assert shown["createdAt"].endswith("Z")
    moment = "2026-01-01T00:00:00.000Z"
    assert sandbox.get("/contacts/lists/2", startDate=moment, endDate=moment)["id"] == 2
    alone = sandbox.refusal("GET", "/contacts/lists/2", params={"startDate": moment})
    assert alone == (400, "missing_parameter")


def test_sizes_count_members_and_their_blacklisted(sandbox: Rehearsal) -> None:
    second = sandbox.post("/contacts/lists", name="Second", folderId=1)["id"]
    sandbox.imported([{"email": f"p{i}@example.com"} for i in range(5)])
    sandbox.imported([{"email": f"p{i}@example.com"} for i in range(3, 8)], listIds=[second])
    sandbox.call("PUT", "/contacts/p3@example.com", json={"emailBlacklisted": True})

    def sizes(path: str) -> tuple[int, int, int]:
        shown = sandbox.get(path)
        return shown["totalSubscribers"], shown["totalBlacklisted"], shown["uniqueSubscribers"]

    assert sizes("/contacts/lists/2") == (4, 1, 5)
    assert sizes(f"/contacts/lists/{second}") == (4, 1, 5)
    assert sizes("/contacts/folders/1") == (8, 2, 8), "who is on two lists of a folder is one person"
    sandbox.call("DELETE", "/contacts/p3@example.com")
    assert sizes("/contacts/lists/2") == (4, 0, 4)
    sandbox.server.set_knobs(legacy_totals=False)
    assert sizes("/contacts/lists/2") == (0, 0, 4), "the only counter that newer platforms keep"
    assert sizes("/contacts/folders/1") == (0, 0, 0)


def test_contacts_are_added_to_a_list_and_removed(sandbox: Rehearsal) -> None:
    sandbox.server.seed_contacts(3)
    sandbox.post("/contacts", email="ext@example.com", ext_id="crm-1")
    added = sandbox.call(
        "POST",
        "/contacts/lists/2/contacts/add",
        json={"emails": ["person-1@example.com", "PERSON-2@example.com", "nobody@example.com"]},
    )
    assert added.status_code == 201
    assert added.json()["contacts"] == {
        "success": ["person-1@example.com", "PERSON-2@example.com"],
        "failure": ["nobody@example.com"],
    }
    assert sandbox.post("/contacts/lists/2/contacts/add", ids=[3])["contacts"]["success"] == [3]
    assert sandbox.post("/contacts/lists/2/contacts/add", extIds=["crm-1"])["contacts"]["success"] == [
        "crm-1"
    ]
    assert sandbox.get("/contacts/lists/2")["uniqueSubscribers"] == 4
    again = sandbox.refusal("POST", "/contacts/lists/2/contacts/add", json={"ids": [1]})
    assert again == (400, "invalid_parameter"), "all failing is an error"

    removed = sandbox.post("/contacts/lists/2/contacts/remove", ids=[1, 2, 99])
    assert removed == {"contacts": {"success": [1, 2], "failure": [99]}}
    assert sandbox.get("/processes")["count"] == 0, "named contacts are removed at once, without a process"
    assert sandbox.contact(1)["listIds"] == []
    emptied = sandbox.post("/contacts/lists/2/contacts/remove", all=True)
    assert emptied["total"] == 2
    assert sandbox.finished(emptied["processId"])["status"] == "completed"
    assert sandbox.get("/contacts/lists/2")["uniqueSubscribers"] == 0
    assert sandbox.server.imports_accepted() == 0, "a removal is no import"


@pytest.mark.parametrize(
    "body", [{}, {"ids": []}, {"ids": [1], "emails": ["a@example.com"]}, {"ids": [1] * 151}]
)
def test_membership_takes_one_kind_of_identifier_and_at_most_150(
    sandbox: Rehearsal, body: dict[str, Any]
) -> None:
    sandbox.server.seed_contacts(1)
    assert sandbox.refusal("POST", "/contacts/lists/2/contacts/add", json=body) == (400, "invalid_parameter")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/contacts/folders"),
        ("GET", "/contacts/import"),
        ("DELETE", "/contacts/lists"),
        ("POST", "/processes"),
        ("POST", "/contacts/a@example.com"),
    ],
)
def test_a_wrong_verb_is_a_405(sandbox: Rehearsal, method: str, path: str) -> None:
    answer = sandbox.call(method, path, json={})
    assert answer.status_code == 405
    assert answer.json() == {
        "code": "method_not_allowed",
        "message": f"{method} Method is not allowed on this path",
    }


def test_a_path_that_is_none_is_a_404(sandbox: Rehearsal) -> None:
    assert sandbox.refusal("GET", "/nothing") == (404, "not_found")
