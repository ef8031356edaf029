"""What a connection says, however it was written down."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import Connection, ObjectStoragePath
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.api import InvalidRequest
from email_contacts.connection import FIELDS, ContactsConnection, Field, InvalidConnection


def read(host: str | None = "https://api.example.com", **settings: Any) -> ContactsConnection:
    given = {"conn_id": "c", "conn_type": "email_contacts", "password": "the-key-itself", **settings}
    return ContactsConnection.from_airflow(Connection(host=host, **given))


def extra(**values: Any) -> ContactsConnection:
    return read(extra=json.dumps(values))


def shown(settings: ContactsConnection, field: Field) -> Any:
    """A setting's value, also of one that hides itself."""
    value = getattr(settings, field.name)
    return value.value if field.is_secret else value


def test_defaults_hold_for_what_is_left_out() -> None:
    for settings in (
        read(),
        extra(**{field.name: None for field in FIELDS}),
        extra(**{f.name: "" for f in FIELDS}),
    ):
        for field in FIELDS:
            assert shown(settings, field) == field.default
        assert not settings.can_be_called


@pytest.mark.parametrize(
    ("host", "port", "base_url"),
    [
        ("https://api.example.com", None, "https://api.example.com"),
        ("api.example.com", None, "https://api.example.com"),
        ("api.example.com", 8443, "https://api.example.com:8443"),
        ("https://api.example.com/v3", 8443, "https://api.example.com:8443/v3"),
        ("https://api.example.com:8443", 8443, "https://api.example.com:8443"),
        ("http://[::1]", 8080, "http://[::1]:8080"),
        ("http://[::1]:8080/", None, "http://[::1]:8080/"),
    ],
)
def test_host_and_port_make_the_base_url(host: str, port: int | None, base_url: str) -> None:
    settings = read(host, port=port)
    assert settings.base_url == base_url
    settings.client().close()


def test_an_address_brings_only_strings() -> None:
    settings = ContactsConnection.from_airflow(
        Connection.from_uri(
            "email-contacts://https://:the-key@api.example.com:8443/"
            "?timeout=5.5&requests_per_second=20&max_running_imports=2&allow_http=True&max_rejects=5%25",
            conn_id="c",
        )
    )
    assert settings.base_url == "https://api.example.com:8443"
    assert settings.api_key.value == "the-key"
    assert (settings.timeout, settings.requests_per_second, settings.max_running_imports) == (5.5, 20, 2)
    assert settings.allow_http is True
    assert settings.max_rejects == "5%"


@pytest.mark.parametrize(
    ("said", "meant"), [("True", True), ("true", True), ("False", False), (" false ", False)]
)
def test_a_switch_may_come_as_a_word(said: str, meant: bool) -> None:
    assert extra(allow_http=said).allow_http is meant


def test_a_limit_of_rejects_may_come_as_a_number() -> None:
    assert extra(max_rejects=100).max_rejects == "100"


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("timeout", 0, "0 is less than the minimum of 1"),
        ("timeout", "soon", "'soon' is not of type 'number'"),
        ("timeout", float("nan"), "it is not a number"),
        ("requests_per_second", float("nan"), "it is not a number"),
        ("process_polls_per_hour", float("nan"), "it is not a number"),
        ("timeout", "NaN", "'NaN' is not of type 'number'"),
        ("timeout", True, "True is not of type 'number'"),
        ("timeout", "null", "None is not of type 'number'"),
        ("requests_per_second", 0, "less than or equal to the minimum of 0"),
        ("process_polls_per_hour", 1.5, "1.5 is not of type 'integer'"),
        ("process_polls_per_hour", 36001, "greater than the maximum of 36000"),
        ("max_running_imports", 51, "51 is greater than the maximum of 50"),
        ("staging_uri", ["a"], "is not of type 'string'"),
        ("staging_uri", "stage/contacts", "'stage/contacts' does not match"),
        ("max_rejects", "many", "'many' does not match"),
        ("max_rejects", "5 %", "does not match"),
        (
            "completion_source",
            "guess",
            "'guess' is not one of ['auto', 'processes', 'callback', 'list_growth']",
        ),
        ("callback_url", True, "True is not of type 'string'"),
        ("callback_secret", ["x"], "the value is not of type 'string'"),
        ("allow_http", "yes", "'yes' is not of type 'boolean'"),
        ("list_url", "javascript:{list_id}", "does not match"),
        ("list_url", "https://app.example.com/lists", "does not match"),
        ("allow_http", 1, "1 is not of type 'boolean'"),
    ],
)
def test_a_wrong_value_is_named_with_field_and_rule(name: str, value: Any, rule: str) -> None:
    (field,) = [field for field in FIELDS if field.name == name]
    with pytest.raises(InvalidConnection, match=re.escape(rule)) as caught:
        extra(**{name: value})
    for part in ("'c'", repr(name), field.label, field.description):
        assert part in str(caught.value)


json_values = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.lists(st.none())
)


@given(st.sampled_from(FIELDS), json_values)
def test_any_other_value_is_read_or_refused_and_nothing_else(field: Field, value: Any) -> None:
    kinds = {"string": str, "boolean": bool}
    with suppress(InvalidConnection):
        read_value = shown(extra(**{field.name: value}), field)
        assert isinstance(read_value, kinds.get(field.schema["type"], (int, float)))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"host": None}, "has no host; set it to the platform's base URL"),
        ({"host": ""}, "has no host"),
        ({"password": None}, "has no password; set it to the platform's API key"),
        ({"password": ""}, "has no password"),
    ],
)
def test_host_and_key_must_be_there(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidConnection, match=message):
        read(**settings)


def test_the_key_shows_nowhere() -> None:
    settings = read()
    client = settings.client()
    assert "the-key-itself" not in f"{settings!r} {settings} {settings.__dict__} {client!r}"
    assert settings.api_key.value == "the-key-itself"


SECRET = "a-secret-of-forty-letters-for-tests-only"


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://airflow.example.com", "https://airflow.example.com"),
        ("https://airflow.example.com/", "https://airflow.example.com"),
        (" https://airflow.example.com:8443/sub/ ", "https://airflow.example.com:8443/sub"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_with_url_and_secret_it_can_be_called(url: str, taken: str) -> None:
    settings = extra(callback_url=url, callback_secret=SECRET)
    assert settings.can_be_called
    assert (settings.callback_url, settings.callback_secret.value) == (taken, SECRET)


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("airflow.example.com", "does not begin with https:// and a host"),
        ("ftp://airflow.example.com", "does not begin with https:// and a host"),
        ("https://", "does not begin with https:// and a host"),
        ("https://me:pa55word@airflow.example.com", "carries a user name or password"),
        ("https://airflow.example.com/?token=pa55word", "has a query or fragment"),
        ("https://airflow.example.com?", "has a query or fragment"),
        ("https://airflow.example.com/#pa55word", "has a query or fragment"),
        ("https://airflow.exa\nmple.com/pa55word", "blanks or control characters"),
        ("https://airflow.example.com:99999", "is malformed"),
        ("http://airflow.example.com", "would travel unencrypted to airflow.example.com"),
    ],
)
def test_a_callback_url_that_cannot_work_is_refused_without_its_secrets(url: str, rule: str) -> None:
    with pytest.raises(InvalidConnection, match=rule) as caught:
        extra(callback_url=url, callback_secret=SECRET)
    assert "'callback_url'" in str(caught.value)
    assert "such as https://airflow.example.com" in str(caught.value)
    assert "pa55word" not in str(caught.value)


def test_plain_http_callbacks_may_be_allowed() -> None:
    settings = extra(callback_url="http://airflow-apiserver:8080", callback_secret=SECRET, allow_http=True)
    assert settings.can_be_called


@pytest.mark.parametrize(("secret", "found"), [("", "is empty"), ("short", "only 5 bytes"), ("é" * 15, "30")])
def test_a_weak_callback_secret_is_refused_with_the_command_that_makes_a_good_one(
    secret: str, found: str
) -> None:
    with pytest.raises(InvalidConnection, match=f"'callback_secret'.*{found}") as caught:
        extra(callback_url="https://airflow.example.com", callback_secret=secret)
    command = 'python -c "import secrets; print(secrets.token_urlsafe(32))"'
    assert command in str(caught.value)
    assert not secret or secret not in str(caught.value)
    made = subprocess.run(
        command.replace("python", sys.executable, 1), shell=True, capture_output=True, text=True
    )
    assert extra(
        callback_url="https://airflow.example.com", callback_secret=made.stdout.strip()
    ).can_be_called


def test_a_secret_alone_asks_for_no_callbacks() -> None:
    assert not extra(callback_secret="short").can_be_called


def test_waiting_for_callbacks_only_needs_a_url() -> None:
    with pytest.raises(InvalidConnection, match="'completion_source': 'callback' needs callback_url"):
        extra(completion_source="callback")
    url = "https://airflow.example.com"
    settings = extra(completion_source="callback", callback_url=url, callback_secret=SECRET)
    assert settings.completion_source == "callback"


def test_the_callback_secret_shows_nowhere() -> None:
    settings = extra(callback_url="https://airflow.example.com", callback_secret=SECRET)
    assert SECRET not in f"{settings!r} {settings} {settings.__dict__}"
    with pytest.raises(InvalidConnection) as caught:
        extra(callback_secret=[SECRET])
    assert SECRET not in str(caught.value)


def test_plain_http_needs_a_loopback_host_or_permission() -> None:
    read("http://127.0.0.1:8080").client().close()
    with pytest.raises(InvalidRequest, match="unencrypted"):
        read("http://sandbox:8080").client()
    read("http://sandbox:8080", extra='{"allow_http": true}').client().close()


@pytest.mark.parametrize("document", ["[1]", '"x"', "5", "true"])
def test_an_extra_that_is_no_object_is_refused(document: str) -> None:
    with pytest.raises(InvalidConnection, match=r"connection 'c' has an extra that is a .* JSON object"):
        read(extra=document)


@pytest.mark.parametrize("uri", ["/", "///", "file:///", "s3:///", "/ ", "file:///\n"])
def test_a_staging_folder_has_a_name(uri: str) -> None:
    with pytest.raises(InvalidConnection, match=r"'staging_uri': .* names no folder; give one"):
        extra(staging_uri=uri)


@pytest.mark.parametrize(
    "given_uri",
    [
        "s3://bucket/stage",
        "s3://bucket/stage/",
        "s3://bucket/stage ",
        "s3://bucket/stage\n",
        "s3://bucket/stage/ ",
    ],
)
def test_the_stage_may_be_a_bucket(given_uri: str) -> None:
    assert extra(staging_uri=given_uri).staging_root == "s3://bucket/stage"


@pytest.mark.parametrize(
    ("home", "expected"),
    [
        ("/srv/air flow", "/srv/air flow/email_contacts"),
        ("~/somewhere", f"{Path.home()}/somewhere/email_contacts"),
        (None, f"{Path.home()}/airflow/email_contacts"),
        ("relative", f"{Path.cwd()}/relative/email_contacts"),
    ],
)
def test_without_a_stage_it_is_below_airflows_home(
    home: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_HOME")
    if home is not None:
        monkeypatch.setenv("AIRFLOW_HOME", home)
    assert ObjectStoragePath(read().staging_root).path == expected
