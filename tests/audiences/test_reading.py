"""Audiences beside each other: none removes the contacts of another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from email_contacts.audiences.command_line import main
from email_contacts.audiences.document import DEFAULT_CONNECTION, Audience
from email_contacts.audiences.reading import BrokenAudience, read_audience, read_audiences
from email_contacts.connection import DEFAULT_CONN_ID

SHOP = "source: shop.csv\nlist: Customers\nfolder: Shop\n"


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def broken(folder: Path) -> dict[str, str]:
    """Files that are refused, and why; each by itself is refused as among all."""
    found = {one.name: one for one in read_audiences(folder)}
    for name, one in found.items():
        assert next(read_audiences(folder, only=name)) == one
        assert read_audience(folder / f"{name}.yaml") == one
    return {name: one.fault for name, one in found.items() if isinstance(one, BrokenAudience)}


@pytest.mark.parametrize("gone", ["remove", "blacklist"])
def test_one_that_removes_contacts_does_not_share_its_list(tmp_path: Path, gone: str) -> None:
    write(tmp_path, shop=f"{SHOP}gone: {gone}\n", vip=SHOP, other=SHOP.replace("Customers", "Others"))
    (fault,) = broken(tmp_path).values()
    assert list(broken(tmp_path)) == ["shop"]  # the other ones stay
    for said in ("shop.yaml", "vip.yaml", f"gone: {gone}", '"Customers"', '"Shop"', '"gone: keep"'):
        assert said in fault


def test_two_that_remove_contacts_of_one_list_are_both_refused(tmp_path: Path) -> None:
    write(tmp_path, a=f"{SHOP}gone: remove\n", b=f"{SHOP}gone: remove\n")
    assert list(broken(tmp_path)) == ["a", "b"]


@pytest.mark.parametrize(
    "other",
    [
        SHOP.replace("Customers", "' Customers '"),
        SHOP.replace("list: Customers", 'list: "Cust\\u006fmers"'),
        f"{SHOP}connection: {DEFAULT_CONN_ID}\n",
        f"{SHOP}mode: full\n",
    ],
)
def test_one_list_is_one_however_it_is_written(tmp_path: Path, other: str) -> None:
    write(tmp_path, shop=f"{SHOP}gone: remove\n", other=other)
    assert list(broken(tmp_path)) == ["shop"]


@pytest.mark.parametrize(
    "other",
    [
        SHOP.replace("Customers", "customers"),
        SHOP.replace("folder: Shop", "folder: Other"),
        f"{SHOP}connection: crm\n",
        f"{SHOP}modus: full\n",  # it fills nothing as it is
    ],
)
def test_another_list_is_another(tmp_path: Path, other: str) -> None:
    write(tmp_path, shop=f"{SHOP}gone: remove\n", other=other)
    assert "shop" not in {one.name for one in read_audiences(tmp_path) if isinstance(one, BrokenAudience)}


def test_those_that_remove_nobody_may_share_a_list(tmp_path: Path) -> None:
    write(tmp_path, a=SHOP, b=f"{SHOP}gone: keep\n")
    assert broken(tmp_path) == {}


def test_the_command_looks_at_the_files_beside_the_one_that_it_checks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, shop=f"{SHOP}gone: remove\n", vip=SHOP)
    for path, code in (("shop.yaml", 2), ("vip.yaml", 0), ("", 2)):
        assert main(["check", str(tmp_path / path)], program="email-contacts") == code
        said = capsys.readouterr()
        assert ("vip.yaml fills the same one" in said.err) is (code == 2)


def test_the_default_connection_is_airflows() -> None:
    assert DEFAULT_CONNECTION == DEFAULT_CONN_ID


def test_as_many_rows_as_may_be_unidentified_belong_to_gone(tmp_path: Path) -> None:
    write(tmp_path, a=f"{SHOP}gone: remove\nmax_unidentified: 0.1%\n", b=f"{SHOP}max_unidentified: 3\n")
    read = Audience.read(tmp_path / "a.yaml")
    assert read.max_unidentified == "0.1%"
    refused = read_audience(tmp_path / "b.yaml")
    assert isinstance(refused, BrokenAudience)
    assert 'belongs to "gone: remove"' in refused.fault
