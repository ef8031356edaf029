"""Identifiers of many contacts at once, read back from what is sent for them.

Knows the forms of ``batches.forms``. It reads the contacts whose bytes hold nothing that is escaped, and
whose address is digested as it stands; ``snapshot.contact_keys`` reads all others, one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from email_contacts.contacts.batches.contact_bytes import Chosen
from email_contacts.contacts.batches.forms import SEPARATORS
from email_contacts.contacts.choices import JSON_BODY
from email_contacts.contacts.column_names import EMAIL, IDENTIFIERS
from email_contacts.contacts.mirror.account_contacts import PHONE_DOMAIN
from email_contacts.contacts.snapshot.contact_keys import csv_header
from email_contacts.contacts.text_views import views_of

# Of a contact with an address; another one begins with its attributes.
_BEGINNING = int.from_bytes(b'{"em', "little")


@dataclass(frozen=True)
class Plain:
    """The identifiers of some contacts.

    :param is_plain: for each contact whether its identifiers are here.
    :param columns: attribute → which contacts have it, by their order, and the values of these.
    """

    is_plain: Any
    columns: dict[str, tuple[Any, pl.Series]]


def plain_reader(body: str, head: bytes, identifiers: Collection[str]) -> Callable[[Chosen], Plain]:
    """Return the function that reads identifiers of contacts.

    :param body: the form that they are written in.
    :param head: what a body begins with: in a CSV the header.
    :param identifiers: which ones there may be.
    """
    names = [name for name in IDENTIFIERS if name in identifiers]
    if body == JSON_BODY:
        return partial(_in_json, names)
    header = csv_header(body, head)
    return partial(_in_csv, [name for name in names if name in header], header, len(SEPARATORS[body]))


def _in_json(names: list[str], contacts: Chosen) -> Plain:
    data, starts, ends = contacts.data, contacts.starts[contacts.places], contacts.ends[contacts.places]
    lines = _texts(data, starts, ends)
    # Without a backslash there is no quote within a text: what looks like a member is one.
    is_plain = (~lines.str.contains("\\", literal=True)).to_numpy().copy()
    columns = {}
    for name in names:
        if name == EMAIL:
            places = np.flatnonzero(views_of(lines)[1] == _BEGINNING)
            begins = starts[places] + len('{"email":"')
        else:
            at = lines.str.find(f'"{name}":"', literal=True)
            places = np.flatnonzero(at.is_not_null().to_numpy())
            begins = starts[places] + at.drop_nulls().to_numpy() + len(f'"{name}":"')
        lengths = _texts(data, begins, ends[places]).str.find('"', literal=True).to_numpy()
        columns[name] = places, _texts(data, begins, begins + lengths)
    return _plain(is_plain, columns)


def _in_csv(names: list[str], header: list[str], separator: int, contacts: Chosen) -> Plain:
    starts, ends = contacts.starts[contacts.places], contacts.ends[contacts.places]
    lines = _texts(contacts.data, starts, ends - separator)
    is_plain = (~lines.str.contains(r'["\\]')).to_numpy().copy()
    cells = lines.str.split_exact(";", len(header) - 1).struct.unnest()
    columns = {}
    for name in names:
        cell = cells.to_series(header.index(name)).fill_null("")
        is_given = cell != ""
        columns[name] = np.flatnonzero(is_given.to_numpy()), cell.filter(is_given)
    return _plain(is_plain, columns)


def _plain(is_plain: Any, columns: dict[str, tuple[Any, pl.Series]]) -> Plain:
    if EMAIL in columns:
        places, addresses = columns[EMAIL]
        addresses = addresses.str.to_lowercase()
        is_odd = addresses.str.len_bytes() != addresses.str.len_chars()
        is_plain[places[(is_odd | addresses.str.ends_with(PHONE_DOMAIN)).to_numpy()]] = False
        columns[EMAIL] = places, addresses
    if is_plain.all():
        return Plain(is_plain, columns)
    return Plain(is_plain, {name: _only(is_plain, *column) for name, column in columns.items()})


def _only(is_plain: Any, places: Any, values: pl.Series) -> tuple[Any, pl.Series]:
    kept = is_plain[places]
    return places[kept], values.filter(pl.Series(kept))


def _texts(data: memoryview, starts: Any, ends: Any) -> pl.Series:
    """Cut texts out of bytes; nothing is copied.

    :param starts: where each begins; each ends before the next one begins.
    """
    bounds = np.zeros(2 * len(starts) + 1, "<i8")
    bounds[:-1:2], bounds[1::2] = starts, ends
    buffers = [None, pa.py_buffer(bounds), pa.py_buffer(data)]
    texts = pa.Array.from_buffers(pa.large_string(), max(len(bounds) - 2, 0), buffers)
    # Every second one is what is between two of them.
    return pl.Series(texts, dtype=pl.String).gather_every(2)
