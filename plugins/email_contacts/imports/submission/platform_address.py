"""Which platform an import was sent to, so that no process of another one is taken for it.

Process ids are small numbers: after the connection was pointed at another platform, that one may have
a process of the same number, which somebody else began. The API key is not compared, for keys are replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from email_contacts.imports.errors import SentElsewhere


def platform_address(base_url: str) -> str:
    """Host, port and path of the platform, without what may be written in two ways.

    :param base_url: that of a client, which has checked it.
    :return: e.g. ``"api.example.com"``; whether the connection is encrypted does not tell platforms apart.
    """
    parts = urlsplit(base_url)
    port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    return f"{parts.hostname}{port}{parts.path.rstrip('/')}"


def check_sent_to(submissions: Iterable[Mapping[str, Any]], base_url: str) -> None:
    """Check that imports were sent to this platform.

    :param submissions: XComs ``submission``; one without an address passes.
    :raises SentElsewhere: when one was sent to another.
    """
    here = platform_address(base_url)
    for said in submissions:
        if (there := said.get("sent_to")) and there != here:
            raise SentElsewhere(
                f"the import (process {said.get('process_id')}) was sent to {there}, and the connection "
                f"names {here} now, which knows nothing of it. Put the connection back to {there}, and clear "
                "this task"
            )
