"""Callback tokens: what was signed comes back, and nothing else does."""

from __future__ import annotations

import json
import string
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import astuple, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.imports.callbacks import (
    MAX_TOKEN,
    CallbackAddress,
    InvalidToken,
    callback_url,
    called_key,
    has_mail,
    mail,
    new_nonce,
)

SECRET = "a-secret-of-forty-letters-for-tests-only"
ADDRESS = CallbackAddress("import", "manual__2026-11-22T10:00:00+00:00", "send", 3, "wait", "crm", "0f" * 16)

ids = st.text(
    st.characters(exclude_categories=("C", "Zs", "Zl", "Zp"), exclude_characters=""), min_size=1, max_size=60
)
conn_ids = st.text(string.ascii_letters + string.digits + "_-:#!()é", min_size=1, max_size=60)
secrets_ = st.text(min_size=32, max_size=64)
addresses = st.builds(
    CallbackAddress,
    dag_id=ids,
    run_id=ids,
    task_id=ids,
    map_index=st.integers(-1, 2**31 - 1),
    waiter=ids | st.just(""),
    conn_id=conn_ids,
    nonce=st.binary(min_size=16, max_size=16).map(bytes.hex),
)


def encoded(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(token: str) -> list[Any]:
    payload = token.partition(".")[0]
    fields: list[Any] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return fields


@given(addresses, secrets_)
def test_what_was_signed_is_read_again(address: CallbackAddress, secret: str) -> None:
    token = address.token(secret)
    assert len(token) <= MAX_TOKEN
    assert set(token) <= set(string.ascii_letters + string.digits + "-_.")
    assert CallbackAddress.peek(token) == CallbackAddress.read(token, secret) == address


@given(addresses, st.data())
def test_no_bit_may_be_flipped(address: CallbackAddress, data: st.DataObject) -> None:
    raw = bytearray(address.token(SECRET).encode())
    place = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[place // 8] ^= 1 << place % 8
    with pytest.raises(InvalidToken):
        CallbackAddress.read(raw.decode("latin-1"), SECRET)


def test_not_one_letter_may_be_another() -> None:
    """All of them: base64 has letters whose last bits mean nothing."""
    token = ADDRESS.token(SECRET)
    for place, letter in enumerate(token):
        for other in string.ascii_letters + string.digits + "-_.=":
            if other != letter:
                with pytest.raises(InvalidToken):
                    CallbackAddress.read(token[:place] + other + token[place + 1 :], SECRET)


@given(addresses, st.integers(min_value=0), st.integers(min_value=0))
def test_swapped_fields_are_refused(address: CallbackAddress, first: int, second: int) -> None:
    token = address.token(SECRET)
    fields = decoded(token)
    one, other = first % len(fields), second % len(fields)
    fields[one], fields[other] = fields[other], fields[one]
    if fields != list(astuple(address)):
        with pytest.raises(InvalidToken):
            CallbackAddress.read(f"{encoded(fields)}.{token.partition('.')[2]}", SECRET)


@given(addresses, addresses)
def test_the_signature_of_one_address_is_not_that_of_another(
    one: CallbackAddress, other: CallbackAddress
) -> None:
    if one != other:
        payload = other.token(SECRET).partition(".")[0]
        with pytest.raises(InvalidToken):
            CallbackAddress.read(f"{payload}.{one.token(SECRET).partition('.')[2]}", SECRET)


@given(addresses, secrets_, secrets_)
def test_another_secret_reads_nothing(address: CallbackAddress, secret: str, other: str) -> None:
    if secret != other:
        with pytest.raises(InvalidToken, match="not signed"):
            CallbackAddress.read(address.token(secret), other)


def test_another_connection_has_another_token_even_with_the_same_secret() -> None:
    token = ADDRESS.token(SECRET)
    other = replace(ADDRESS, conn_id="other").token(SECRET)
    assert token != other
    with pytest.raises(InvalidToken):
        CallbackAddress.read(f"{other.partition('.')[0]}.{token.partition('.')[2]}", SECRET)


@pytest.mark.parametrize("secret", ["", "x" * 31, "é" * 15])
def test_a_short_secret_neither_signs_nor_reads(secret: str) -> None:
    with pytest.raises(ValueError, match="fewer than 32 bytes"):
        ADDRESS.token(secret)
    with pytest.raises(InvalidToken):
        CallbackAddress.read(ADDRESS.token(SECRET), secret)


def test_airflows_longest_ids_fit_and_longer_ones_are_refused() -> None:
    longest = "x" * 250
    address = CallbackAddress(longest, longest, longest, 2**31 - 1, longest, longest, new_nonce())
    assert len(address.token(SECRET)) <= MAX_TOKEN
    with pytest.raises(ValueError, match="at most 250 letters"):
        replace(address, dag_id="x" * 251)
    wide = "漢" * 250
    with pytest.raises(ValueError, match="shorten the ids"):
        replace(address, dag_id=wide, run_id=wide, task_id=wide).token(SECRET)


@given(st.text(max_size=200) | st.text(string.ascii_letters + "-_.", max_size=3000))
def test_junk_is_refused_and_nothing_else_happens(text: str) -> None:
    with pytest.raises(InvalidToken):
        CallbackAddress.read(text, SECRET)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{}",
        b'"text"',
        b"[" * 1400,
        [*astuple(ADDRESS), "more"],
        list(astuple(ADDRESS))[:-1],
        dict(enumerate(astuple(ADDRESS))),
        b'["a","r","t",NaN,"","c","' + b"0f" * 16 + b'"]',
    ],
)
def test_a_payload_of_another_form_is_refused(payload: Any) -> None:
    with pytest.raises(InvalidToken):
        CallbackAddress.peek(f"{encoded(payload)}.{'A' * 43}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dag_id", None),
        ("dag_id", 5),
        ("dag_id", ""),
        ("dag_id", ["a"]),
        ("run_id", "a\x00b"),
        ("run_id", "a\nb"),
        ("task_id", "\ud800"),
        ("task_id", "x" * 251),
        ("map_index", True),
        ("map_index", "1"),
        ("map_index", 1.0),
        ("map_index", -2),
        ("map_index", 2**31),
        ("map_index", None),
        ("waiter", None),
        ("conn_id", ""),
        ("conn_id", "../../other"),
        ("conn_id", "a/b"),
        ("conn_id", "a b"),
        ("conn_id", "a..b"),
        ("nonce", ""),
        ("nonce", "0F" * 16),
        ("nonce", "0f" * 17),
        ("nonce", "0f" * 15 + "0\n"),
        ("nonce", 7),
    ],
)
def test_a_field_of_another_kind_is_refused_in_a_token_and_in_an_address(name: str, value: Any) -> None:
    parts = {field: getattr(ADDRESS, field) for field in ADDRESS.__dataclass_fields__}
    with pytest.raises(ValueError):
        CallbackAddress(**{**parts, name: value})
    with pytest.raises(InvalidToken):
        CallbackAddress.peek(f"{encoded(list({**parts, name: value}.values()))}.{'A' * 43}")


def test_no_error_shows_the_token() -> None:
    token = ADDRESS.token(SECRET)
    for refused in (token, token[:-1], token + "A"):
        with pytest.raises(InvalidToken) as caught:
            CallbackAddress.read(refused, SECRET[::-1])
        assert token[:20] not in str(caught.value)
        assert caught.value.__context__ is None or token[:20] not in str(caught.value.__context__)


def test_the_url_stands_below_the_base_url() -> None:
    token = ADDRESS.token(SECRET)
    expected = f"https://airflow.example.com/sub/email-contacts/notify/{token}"
    for base in ("https://airflow.example.com/sub", "https://airflow.example.com/sub/"):
        assert callback_url(base, ADDRESS, SECRET) == expected


def test_the_waiting_task_is_the_submitting_one_unless_another_is_named() -> None:
    assert ADDRESS.waiting_task_id == "wait"
    assert replace(ADDRESS, waiter="").waiting_task_id == "send"


def test_nonces_differ() -> None:
    assert len({new_nonce() for _ in range(1000)}) == 1000
    assert called_key("0f") == "email_contacts.called.0f"


@pytest.mark.parametrize(
    ("value", "is_there"),
    [
        (mail("n", called_at="2026-11-22T10:00:00+00:00"), True),
        (mail("n"), False),
        (mail("earlier", called_at="2026-11-22T10:00:00+00:00"), False),
        (None, False),
        ("n", False),
        ([], False),
        ({}, False),
    ],
)
def test_mail_is_of_one_submission(value: Any, is_there: bool) -> None:
    assert has_mail(value, "n") is is_there
    assert not has_mail(mail("", called_at="2026-11-22T10:00:00+00:00"), "")
