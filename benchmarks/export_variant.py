"""One export in a separate process; also what comes before and after it.

``python -m benchmarks.export_variant seed DATABASE CONTACTS``, ``VARIANT FOLDER URL`` and
``check FOLDER CONTACTS DELETED`` each print one JSON document.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.variant import _peak_memory

KEY = "sandbox-key"
PAGE = 1_000
_ATTRIBUTES = """json_object(
    'FIRSTNAME', 'Person', 'LASTNAME', 'Number ' || id, 'COUNTRY', 'DE', 'BIRTHDAY', '1990-01-05',
    'POINTS', id / 4.0, 'NEWSLETTER', json('true'), 'INTERESTS', json_array('books', 'music')
)"""


def seed(database: Path, contacts: str) -> dict[str, Any]:
    """Make an account with so many contacts, a hundredth of whom have opted out."""
    from email_contacts.sandbox.account import Account
    from email_contacts.sandbox.knobs import Knobs

    account = Account(api_key=KEY, path=database, knobs=Knobs())
    account.seed_contacts(int(contacts))
    with account.database.writing() as connection:
        connection.execute(
            f"UPDATE contacts SET attributes = {_ATTRIBUTES}, ext_id = 'C-' || id,"
            " email_blacklisted = id % 100 = 0"
        )
    account.close()
    return {}


def ours(folder: Path, url: str, file_format: str) -> dict[str, Any]:
    """Export as the operator does."""
    from email_contacts.api import ContactsClient
    from email_contacts.exports.export import Export
    from email_contacts.exports.watermark import Series, Watermark

    if file_format == "parquet":
        # Imports are not timed; pyarrow imports pandas, where it is installed, with its first array.
        import pyarrow as pa

        import email_contacts.exports.parquet  # noqa: F401

        pa.array([])

    class Store(dict[str, Any]):
        def set(self, key: str, value: Any) -> None:
            self[key] = value

    series = Series("bench", url, None, file_format, str(folder))
    with ContactsClient(url, KEY) as client:
        export = Export(
            client=client,
            watermark=Watermark(Store(), series),
            series=series,
            path=folder,
            task=("bench", "run", "export", -1),
            is_running=lambda _: False,
            full=True,
            lookback=timedelta(),
        )
        started = perf_counter()
        exported = export.run()
        seconds = perf_counter() - started
        return {"seconds": seconds, "contacts": exported["contacts"], "requests": client.requests.made}


def sdk(folder: Path, url: str) -> dict[str, Any]:
    """Ask the official SDK for one page after the other, and write what it gives as NDJSON."""
    from brevo import Brevo

    client = Brevo(api_key=KEY, base_url=f"{url}/v3")
    path = folder / "contacts" / "all.ndjson"
    path.parent.mkdir(parents=True)
    contacts = 0
    started = perf_counter()
    with path.open("w", encoding="utf-8") as file:
        while True:
            page = client.contacts.get_contacts(
                limit=PAGE, offset=contacts, sort="asc", request_options={"max_retries": 10}
            ).contacts
            file.writelines(contact.json() + "\n" for contact in page)
            contacts += len(page)
            if not page:  # one that is short may just lack who was deleted while it was put together
                break
    return {"seconds": perf_counter() - started, "contacts": contacts, "requests": None}


def check(folder: Path, contacts: str, deleted: str) -> dict[str, Any]:
    """Count who is missing of those that existed throughout, and who is in it more than once."""
    (path,) = (folder / "contacts").rglob("*.*")
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        ids = pq.read_table(path, columns=["id"])["id"].to_pylist()
    else:
        with path.open(encoding="utf-8") as file:
            ids = [json.loads(line)["id"] for line in file]
    throughout = set(range(1, int(contacts) + 1)) - set(json.loads(Path(deleted).read_text()))
    return {"missed": len(throughout - set(ids)), "repeated": len(ids) - len(set(ids))}


def main(step: str, path: str, *arguments: str) -> dict[str, Any]:
    """Do one step."""
    if step == "seed":
        return seed(Path(path), *arguments)
    if step == "check":
        return check(Path(path), *arguments)
    (url,) = arguments
    done = sdk(Path(path), url) if step == "sdk" else ours(Path(path), url, step)
    return {**done, "memory": _peak_memory()}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
